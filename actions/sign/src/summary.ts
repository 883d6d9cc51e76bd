/** The job summary: what was signed, by whom, and what lay there already. */

import type { SignedStatement } from "@ml-actions/evidence/signing";
import { figuresField } from "@ml-actions/evidence/statement";
import { shortDigest } from "@ml-actions/reports/clean";
import { code, sections, table } from "@ml-actions/reports/summary/markdown";

export interface SignedRow {
  /** null: the image itself. */
  file: string | null;
  statement: SignedStatement;
  /** As it lies beside the image. */
  digest: string;
  written: boolean;
}

/** Markdown. */
export function signSummary(image: string, signer: string, rows: readonly SignedRow[]): string {
  const columns = ["Evidence", "Predicate", "Says", "Beside the image"].map((title) => ({
    title,
    align: "left" as const,
  }));
  const cells = rows.map(({ file, statement, digest, written }) => [
    file === null ? "the image itself" : code(file, 200),
    code(statement.predicateType, 200),
    saysOf(statement),
    `${written ? "✍️ new" : "was there"}, ${code(shortDigest(digest))}`,
  ]);
  const bad = rows.some(({ statement }) => isFailed(statement));
  return sections(
    `### ✍️ ${code(image, 500)} is signed`,
    `By ${code(signer, 400)}.`,
    table(columns, cells),
    bad
      ? "Evidence that failed is attested as it is: it is the truth about this image, and `verify` refuses the image for it."
      : null,
  );
}

/** One line for the log. */
export function signLine({ file, statement, digest, written }: SignedRow): string {
  const what = file ?? "the image";
  const result = resultOf(statement);
  return `${written ? "signed " : "already signed "} ${what} (${statement.predicateType}${result === null ? "" : `, ${result}`}): ${digest}`;
}

const signs = { pass: "✅", inconclusive: "⚠️", fail: "❌" } as const;
type Result = keyof typeof signs;

/** in-toto's words for a test's result. */
const results: Readonly<Record<string, Result>> = { PASSED: "pass", WARNED: "inconclusive", FAILED: "fail" };

function saysOf(statement: SignedStatement): string {
  const result = resultOf(statement);
  return result === null ? "—" : `${signs[result]} ${result}`;
}

export const isFailed = (statement: SignedStatement): boolean => resultOf(statement) === "fail";

/** Of a test result or a scan; other predicates have no verdict of their own. A test's outcome may be worse than its
 * verdicts, so the predicate's own word goes first. */
function resultOf({ predicate }: SignedStatement): Result | null {
  if (typeof predicate !== "object" || predicate === null) return null;
  const { result, [figuresField]: figures } = predicate as Record<string, unknown>;
  if (typeof result === "string" && Object.hasOwn(results, result)) return results[result] ?? null;
  const verdict =
    typeof figures === "object" && figures !== null && "verdict" in figures ? figures.verdict : null;
  return typeof verdict === "string" && Object.hasOwn(signs, verdict) ? (verdict as Result) : null;
}
