/** When a vulnerability found in an image blocks it. Pure; `scan` decides with it, and a reader of evidence decides again
 * from the findings inside. */
import type { VerdictName } from "@ml-actions/gates/types";

/** Worst first. UNKNOWN is what nobody has rated yet; it is no step of the ladder. */
export const severities = ["CRITICAL", "HIGH", "MEDIUM", "LOW", "UNKNOWN"] as const;
export type Severity = (typeof severities)[number];

/** One vulnerability of one package, on whichever platforms have it. */
export interface Finding {
  /** `CVE-2026-1234`, `GHSA-…`. */
  id: string;
  package: string;
  installed: string;
  /** The version to upgrade to; null while there is none. */
  fixed: string | null;
  severity: Severity;
  /** Who rated it: `nvd`, `ghsa`, `debian`; null when the scanner does not say. */
  ratedBy: string | null;
  /** `linux/amd64`. */
  platforms: readonly string[];
}

/** A risk that somebody took knowingly, until a day. */
export interface AcceptedRisk {
  id: string;
  /** null: in whichever package. */
  package: string | null;
  reason: string;
  /** `2027-01-31`: the last day, in UTC, on which it counts. */
  expires: string;
}

export interface ScanPolicy {
  /** Findings of these severities block. */
  severity: readonly Severity[];
  /** Findings without a fix do not. */
  ignoreUnfixed: boolean;
  /** Older than this, what the database does not know proves nothing. */
  maxDbAgeMs: number;
  ignored: readonly AcceptedRisk[];
}

export interface Sorted<Of extends Finding> {
  blocking: Of[];
  /** Would block, but for a risk that was accepted. */
  accepted: { finding: Of; risk: AcceptedRisk }[];
  /** Would block, but there is no fix and `ignoreUnfixed` says that this is fine. */
  unfixed: Of[];
  /** Of a severity that does not block. */
  minor: Of[];
}

const dayMs = 24 * 3_600_000;

/** @param at milliseconds since 1970 */
export function isExpired({ expires }: AcceptedRisk, at: number): boolean {
  return !(at < Date.parse(expires) + dayMs);
}

/** @param at milliseconds since 1970: risks that expired before then count for nothing. */
export function sortFindings<Of extends Finding>(
  findings: readonly Of[],
  policy: ScanPolicy,
  at: number,
): Sorted<Of> {
  const sorted: Sorted<Of> = { blocking: [], accepted: [], unfixed: [], minor: [] };
  const risks = policy.ignored.filter((risk) => !isExpired(risk, at));
  for (const finding of findings) {
    const risk = risks.find((candidate) => covers(candidate, finding));
    if (!policy.severity.includes(finding.severity)) sorted.minor.push(finding);
    else if (risk !== undefined) sorted.accepted.push({ finding, risk });
    else if (policy.ignoreUnfixed && finding.fixed === null) sorted.unfixed.push(finding);
    else sorted.blocking.push(finding);
  }
  return sorted;
}

export function covers(risk: AcceptedRisk, finding: Finding): boolean {
  return risk.id === finding.id && (risk.package === null || risk.package === finding.package);
}

/** What the findings come to. A doubt is a reason why finding nothing would prove nothing. */
export function scanVerdict(
  { blocking }: { blocking: readonly Finding[] },
  doubts: readonly string[],
): VerdictName {
  if (blocking.length > 0) return "fail";
  return doubts.length > 0 ? "inconclusive" : "pass";
}

export function countBySeverity(findings: readonly Finding[]): Record<Severity, number> {
  const counts: Record<Severity, number> = { CRITICAL: 0, HIGH: 0, MEDIUM: 0, LOW: 0, UNKNOWN: 0 };
  for (const { severity } of findings) counts[severity] += 1;
  return counts;
}
