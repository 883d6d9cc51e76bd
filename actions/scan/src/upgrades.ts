/** Findings as things to do: one upgrade of one package may fix several of them. Pure. */
import { type Severity, severities } from "@ml-actions/evidence/vulnerabilities-policy";
import type { Found } from "./report.ts";
import { compareVersions } from "./version-order.ts";

export interface Upgrade {
  package: string;
  installed: string;
  /** The version that fixes them all; null for those that nothing fixes yet. */
  to: string | null;
  /** Of the worst. */
  severity: Severity;
  findings: readonly Found[];
  platforms: readonly string[];
  paths: readonly string[];
  /** diffID of the layer that brought it. */
  layer: string | null;
}

/** Worst first, then what fixes most; of one package those with a fix and those without are apart. */
export function upgradesOf(findings: readonly Found[]): Upgrade[] {
  const groups = new Map<string, Found[]>();
  for (const finding of findings) {
    const key = JSON.stringify([finding.package, finding.installed, finding.fixed !== null]);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [finding]);
    else group.push(finding);
  }
  const rank = (severity: Severity) => severities.indexOf(severity);
  return [...groups.values()]
    .map(upgradeOf)
    .toSorted((a, b) => rank(a.severity) - rank(b.severity) || b.findings.length - a.findings.length);
}

function upgradeOf(findings: readonly Found[]): Upgrade {
  const [first] = findings as [Found];
  const { package: name, installed, layer } = first;
  const targets = findings.flatMap(({ fixed }) => (fixed === null ? [] : [nearestFix(fixed, installed)]));
  const worst = findings.map(({ severity }) => severities.indexOf(severity));
  return {
    package: name,
    installed,
    to: targets.toSorted(compareVersions).at(-1) ?? null,
    severity: severities[Math.min(...worst)] as Severity,
    findings,
    platforms: [...new Set(findings.flatMap(({ platforms }) => platforms))],
    paths: [...new Set(findings.flatMap(({ paths }) => paths))],
    layer,
  };
}

/** A package with several lines of releases has a fix in each: `4.17.3, 5.0.1`. The one to take is the first above what
 * is installed. */
function nearestFix(fixed: string, installed: string): string {
  const fixes = fixed
    .split(",")
    .map((version) => version.trim())
    .filter((version) => version !== "");
  const above = fixes.filter((version) => compareVersions(version, installed) > 0).toSorted(compareVersions);
  return above[0] ?? fixed;
}
