/** What the findings of all platforms come to. Pure. */

import {
  type AcceptedRisk,
  countBySeverity,
  covers,
  type ScanPolicy,
  type Severity,
  scanVerdict,
  severities,
  sortFindings,
} from "@ml-actions/evidence/vulnerabilities-policy";
import type { VerdictName } from "@ml-actions/gates/types";
import type { Found } from "./report.ts";

export interface Decision {
  verdict: VerdictName;
  findings: readonly Found[];
  blocking: readonly Found[];
  accepted: readonly { finding: Found; risk: AcceptedRisk }[];
  /** Without a fix, and let through by `ignore-unfixed`. */
  unfixed: readonly Found[];
  minor: readonly Found[];
  counts: Readonly<Record<Severity, number>>;
  doubts: readonly string[];
  /** Accepted risks that nothing found is about. */
  unused: readonly AcceptedRisk[];
}

/** @param at milliseconds since 1970 */
export function decide(
  found: readonly Found[],
  doubts: readonly string[],
  policy: ScanPolicy,
  at: number,
): Decision {
  const findings = merged(found).toSorted(worstFirst);
  const sorted = sortFindings(findings, policy, at);
  return {
    verdict: scanVerdict(sorted, doubts),
    findings,
    ...sorted,
    counts: countBySeverity(findings),
    doubts,
    unused: policy.ignored.filter((risk) => !findings.some((finding) => covers(risk, finding))),
  };
}

/** One vulnerability of one version of a package is one finding, on however many platforms and paths. */
export function merged(found: readonly Found[]): Found[] {
  const byKey = new Map<string, Found>();
  for (const one of found) {
    const key = JSON.stringify([one.id, one.package, one.installed, one.fixed, one.severity]);
    const before = byKey.get(key);
    byKey.set(
      key,
      before === undefined
        ? one
        : {
            ...before,
            platforms: union(before.platforms, one.platforms),
            paths: union(before.paths, one.paths),
          },
    );
  }
  return [...byKey.values()];
}

/** More places than this help nobody. */
const mostPlaces = 50;

const union = (a: readonly string[], b: readonly string[]): readonly string[] =>
  b.every((one) => a.includes(one)) || a.length >= mostPlaces ? a : [...new Set([...a, ...b])];

function worstFirst(a: Found, b: Found): number {
  return (
    severities.indexOf(a.severity) - severities.indexOf(b.severity) ||
    compare(a.package, b.package) ||
    compare(a.installed, b.installed) ||
    compare(a.id, b.id)
  );
}

/** The same order on every machine, whatever its locale. */
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
