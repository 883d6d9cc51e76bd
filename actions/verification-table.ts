/** The one table of a verification: in the log, and in the job summary. */
import type { Log } from "@ml-actions/action-kit/action";
import { type EvidenceCheck, spanText, type Verification } from "@ml-actions/evidence/verification";
import { oneLine, shortened } from "@ml-actions/reports/clean";
import { code, sections, table, text } from "@ml-actions/reports/summary/markdown";

const longestSigner = 80;

/** Lines of equal columns, the reason below each row that failed; and one annotation for each of these. */
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
    const check = checks[index] as EvidenceCheck;
    log.info(line(row));
    if (check.verdict === "fail") log.info(`  ${oneLine(check.reason)}`);
    else log.debug(`  ${oneLine(check.reason)} (bundle ${check.bundle})`);
  }
  for (const { evidence, verdict, reason, remedy } of checks) {
    if (verdict === "fail") log.error(`${evidence}: ${reason}\n${remedy}`, { title: titleOf(evidence) });
  }
}

/** Markdown. */
export function verificationSummary(verification: Verification, signedBy: string | null): string {
  const { image, policy, checks, verdict } = verification;
  const columns = ["Evidence", "Signer", "Age", "Verdict"].map((title) => ({
    title,
    align: "left" as const,
  }));
  const rows = checks.map((check) => [
    code(check.evidence),
    check.signer === null ? "—" : code(check.signer, 300),
    ageOf(check),
    check.verdict === "pass" ? `✅ ${text(check.reason, 500)}` : `❌ ${text(check.reason, 1000)}`,
  ]);
  const failed = checks.filter((check) => check.verdict === "fail");
  const remedies = [...new Set(failed.map(({ remedy }) => remedy ?? ""))].map(
    (remedy) => `- ${text(remedy)}`,
  );
  return sections(
    verdict === "pass"
      ? `### ✅ ${code(image, 500)} carries the evidence that it needs`
      : `### ❌ ${code(image, 500)} may not serve: ${failed.length} of ${checks.length} checks failed`,
    table(columns, rows),
    failed.length === 0 ? null : `**What to do**\n\n${remedies.join("\n")}`,
    `Policy ${code(policy.name, 200)} ${code(policy.digest)}; ${signedBy === null ? "the verification summary is not signed" : `verification summary signed by ${code(signedBy, 300)}`}.`,
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

function titleOf(evidence: EvidenceCheck["evidence"]): string {
  return evidence === "signature" ? "Image not signed as asked" : `Evidence refused: ${evidence}`;
}
