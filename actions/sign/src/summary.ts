/** The job summary: what was signed, by whom, and what lay there already. */

import { sbomType } from "@ml-actions/evidence/predicates";
import type { EvidenceSigner, SignedStatement } from "@ml-actions/evidence/signing";
import { figuresField } from "@ml-actions/evidence/statement";
import { kindOf } from "@ml-actions/evidence/verification/claims";
import { oneLine } from "@ml-actions/reports/clean";
import { code, details, type MarkdownColumn, sections, table } from "@ml-actions/reports/summary/markdown";

export interface SignedRow {
  /** null: the image itself. */
  file: string | null;
  statement: SignedStatement;
  /** As it lies beside the image. */
  digest: string;
  written: boolean;
}

/** Markdown. */
export function signSummary(
  image: string,
  { description, trust }: Pick<EvidenceSigner, "description" | "trust">,
  rows: readonly SignedRow[],
): string {
  const cells = rows.map(({ file, statement, written }) => [
    nameOf(statement),
    file === null ? "the image itself" : code(endOf(file), 200),
    saysOf(statement),
    written ? "✍️ new" : "was there",
  ]);
  const digests = rows.map(({ statement, digest }) => [
    nameOf(statement),
    code(statement.predicateType, 200),
    code(digest),
  ]);
  const bad = rows.some(({ statement }) => isFailed(statement));
  const line =
    trust.kind === "key"
      ? "key: cosign.pub # the public half of this key"
      : `identity: ${inYaml(trust.identity)}`;
  return sections(
    rows.length === 1 ? "## ✍️ The image is signed" : "## ✍️ The image and its evidence are signed",
    code(image, 500),
    `By ${code(description, 400)}.`,
    table(columns("Evidence", "From", "Says", "Beside the image"), cells),
    bad
      ? "Evidence that failed is attested as it is: it is the truth about this image, and `verify` refuses the image for it."
      : null,
    `**What now:** \`deploy\` takes the image, and \`verify\` checks it. Both are told whom to believe by this line:\n\n${fence}yaml\n${line}\n${fence}`,
    details("Digests", table(columns("Evidence", "Predicate type", "Beside the image"), digests)),
  );
}

const fence = "````";

const columns = (...titles: string[]): MarkdownColumn[] => titles.map((title) => ({ title, align: "left" }));

/** As a policy and `require` name it. */
function nameOf({ predicateType, predicate }: SignedStatement): string {
  const kind = kindOf(predicateType, predicate);
  if (kind !== null) return code(kind);
  return predicateType === sbomType ? "SBOM" : code(predicateType, 200);
}

/** `eval-gate-1/evidence.json`: what comes before is the same on every runner. */
const endOf = (path: string): string => path.split("/").slice(-2).join("/");

const inYaml = (words: string): string => {
  const line = oneLine(words, 400);
  return /^[\w:/.@-]+$/.test(line) ? line : JSON.stringify(line);
};

/** One line for the log. */
export function signLine({ file, statement, digest, written }: SignedRow): string {
  const what = file ?? "the image";
  const result = resultOf(statement);
  return `${written ? "signed" : "already signed"} ${what} (${statement.predicateType}${result === null ? "" : `, ${result}`}): ${digest}`;
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
