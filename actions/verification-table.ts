/** The one table of a verification: in the log, and in the job summary. */
import type { Log } from "@ml-actions/action-kit/action";
import { type EvidenceCheck, spanText, type Verification } from "@ml-actions/evidence/verification";
import { oneLine, shortened } from "@ml-actions/reports/clean";
import { code, prose, sections, table } from "@ml-actions/reports/summary/markdown";

/** A workflow's identity is whole, whatever its names. */
const longestSigner = 160;

/** Lines of equal columns, what was found below each row; and one annotation for each row that failed. */
export function logVerification(log: Log, verification: Verification): void {
  const { checks } = verification;
  const header = ["evidence", "signer", "age", "verdict"];
  const rows = checks.map((check) => [
    check.evidence,
    shortened(check.signer ?? "—", longestSigner),
    ageOf(check),
    check.verdict,
  ]);
  const widths = header.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd();
  log.info(line(header));
  for (const [index, row] of rows.entries()) {
    const { reason, bundle } = checks[index] as EvidenceCheck;
    log.info(line(row));
    log.info(`  ${oneLine(reason)}`);
    if (bundle !== null) log.debug(`  bundle ${bundle}`);
  }
  for (const [what, names] of alike(checks.filter(({ verdict }) => verdict === "fail"))) {
    log.error(`${names.join(", ")}: ${what}`, { title: titleOf(names) });
  }
}

/** What is wrong with several in one and the same way is said once. */
function alike(failed: readonly EvidenceCheck[]): Map<string, string[]> {
  const names = new Map<string, string[]>();
  for (const { evidence, reason, remedy } of failed) {
    const what = `${reason}\n${remedy}`;
    names.set(what, [...(names.get(what) ?? []), evidence]);
  }
  return names;
}

/** Markdown. */
export function verificationSummary(verification: Verification, signedBy: string | null): string {
  const { image, policy, checks, verdict } = verification;
  const signers = [...new Set(checks.flatMap(({ signer }) => signer ?? []))];
  const rows = checks.map((check) => [
    code(check.evidence),
    check.verdict === "pass" ? `✅ ${prose(check.reason, 500)}` : `❌ ${prose(check.reason, 1000)}`,
    ageOf(check),
    // An identity does not wrap: once below the table when all have the same, and last of the columns when not.
    ...(signers.length > 1 ? [check.signer === null ? "—" : code(check.signer, 300)] : []),
  ]);
  const titles = ["Evidence", "Verdict", "Age", ...(signers.length > 1 ? ["Signer"] : [])];
  const columns = titles.map((title) => ({ title, align: "left" as const }));
  const failed = checks.filter((check) => check.verdict === "fail");
  const remedies = [...new Set(failed.map(({ remedy }) => remedy ?? ""))].map(
    (remedy) => `- ${prose(remedy)}`,
  );
  return sections(
    verdict === "pass"
      ? "## ✅ The image carries the evidence that it needs"
      : `## ❌ The image may not serve: ${failed.length} of ${checks.length} checks failed`,
    code(image, 500),
    table(columns, rows),
    signers.length === 1 ? `Signed by ${code(signers.join(), 300)}.` : null,
    failed.length === 0 ? null : `**What to do**\n\n${remedies.join("\n")}`,
    `Held against ${policy.name === "inputs" ? "the inputs of this step" : `the policy ${code(policy.name, 200)}`} (${code(policy.digest)}); ${signedBy === null ? "the verification summary is not signed" : `verification summary signed by ${code(signedBy, 300)}`}.`,
  );
}

/** One sentence. */
export function verificationSentence({ image, checks, verdict }: Verification): string {
  const failed = checks.filter((check) => check.verdict === "fail").map(({ evidence }) => evidence);
  return verdict === "pass"
    ? `${image} carries the evidence that it needs.`
    : `${image} may not serve: ${failed.join(", ")} did not hold.`;
}

function ageOf({ ageMs }: EvidenceCheck): string {
  return ageMs === null ? "—" : spanText(ageMs);
}

function titleOf(names: readonly string[]): string {
  return names.join() === "signature" ? "Image not signed as asked" : `Evidence refused: ${names.join(", ")}`;
}
