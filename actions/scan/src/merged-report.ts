/** One report of all platforms, without the accepted risks, for Trivy to turn into SARIF. */
import type { AcceptedRisk } from "@ml-actions/evidence/vulnerabilities-policy";
import type { PlatformReport, RawResult } from "./report.ts";

/** SARIF knows no platforms: what several have is there once. */
export function mergedReport(
  reports: readonly PlatformReport[],
  image: string,
  accepted: readonly { finding: { id: string; package: string }; risk: AcceptedRisk }[],
): string {
  const left = new Set(accepted.map(({ finding }) => JSON.stringify([finding.id, finding.package])));
  const seen = new Set<string>();
  const results = reports.flatMap(({ raw }) =>
    raw.results.map((result) => {
      const { Packages: _, Vulnerabilities, ...rest } = result;
      const target = targetOf(result, image);
      const vulnerabilities = (Vulnerabilities ?? []).filter((one) => {
        const { VulnerabilityID: id, PkgName: name, InstalledVersion, PkgPath } = one;
        const key = JSON.stringify([target, id, name, InstalledVersion, PkgPath]);
        if (left.has(JSON.stringify([id, name])) || seen.has(key)) return false;
        seen.add(key);
        return true;
      });
      return { ...rest, Target: target, Vulnerabilities: vulnerabilities };
    }),
  );
  return JSON.stringify({ ...reports[0]?.raw.report, ArtifactName: image, Results: results });
}

/** For a layout, Trivy names the operating system after the temporary directory that it was scanned in. */
function targetOf({ Target, Class }: RawResult, image: string): string {
  return Class === "os-pkgs" ? `${image} ${/\([^()]*\)$/.exec(Target)?.[0] ?? ""}`.trim() : Target;
}
