/** The job summary: what was signed, by whom, and what lay there already. */
import type { SignedStatement } from "@ml-actions/evidence/signing";
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
      ? "Evidence that FAILED is attested as it is: it is the truth about this image, and `verify` refuses the image for it."
      : null,
  );
}

/** One line for the log. */
export function signLine({ file, statement, digest, written }: SignedRow): string {
  const what = file ?? "the image";
  const result = resultOf(statement);
  return `${written ? "signed " : "already signed "} ${what} (${statement.predicateType}${result === null ? "" : `, ${result}`}): ${digest}`;
}

const signs: Readonly<Record<string, string>> = { PASSED: "✅", WARNED: "⚠️", FAILED: "❌" };

function saysOf(statement: SignedStatement): string {
  const result = resultOf(statement);
  return result === null ? "—" : `${signs[result]} ${result}`;
}

export const isFailed = (statement: SignedStatement): boolean => resultOf(statement) === "FAILED";

/** Of a test result; other predicates have no verdict of their own. */
function resultOf({ predicate }: SignedStatement): string | null {
  if (typeof predicate !== "object" || predicate === null || !("result" in predicate)) return null;
  const { result } = predicate;
  return typeof result === "string" && Object.hasOwn(signs, result) ? result : null;
}
