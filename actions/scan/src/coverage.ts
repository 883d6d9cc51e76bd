/** Whether a report is about the image that was asked for, and whether the scanner looked at all of it. */
import { plainPurl } from "./bundled.ts";
import { ScanError, shown } from "./errors.ts";
import type { ImagePlatform } from "./platforms.ts";
import type { PlatformReport } from "./report.ts";

/** @throws ScanError `not-asked`, naming what was asked for and what came back. */
export function assertAsked(report: PlatformReport, asked: ImagePlatform): void {
  const { digest } = asked.manifest;
  const problems: string[] = [];
  if (report.imageId !== asked.imageId) {
    problems.push(`its config is ${shown(report.imageId)}, not ${asked.imageId}`);
  }
  if (report.diffIds.join() !== asked.diffIds.join()) problems.push("its layers are not those of the image");
  if (report.repoDigests.length > 0 && !report.repoDigests.some((name) => name.endsWith(`@${digest}`))) {
    problems.push(`it was pulled as ${shown(report.repoDigests.join(", "))}, not @${digest}`);
  }
  if (problems.length === 0) return;
  throw new ScanError(
    "not-asked",
    `the scanner reports on another image than ${asked.platform} (${digest}): ${problems.join("; ")}`,
    "Do not trust this scanner or this registry: one of them gives out something else than was asked for.",
  );
}

/** @throws ScanError `incomplete` when it found no packages, or not those that the image's own SBOM names. */
export function assertLooked(report: PlatformReport, bundled: readonly string[], platform: string): void {
  if (report.packages === 0) {
    throw new ScanError(
      "incomplete",
      `the scanner found no packages at all in ${platform}: finding no vulnerability proves nothing`,
      "Nothing was judged. Scan an image that holds an operating system or packages.",
    );
  }
  const seen = new Set(report.purls.map(plainPurl));
  const missed = bundled.filter((purl) => !seen.has(purl));
  if (missed.length === 0) return;
  const some = missed.slice(0, 5).map((purl) => shown(purl, 80));
  throw new ScanError(
    "incomplete",
    `the scanner did not look at ${missed.length} of ${bundled.length} packages that the image's SBOM names in ${platform}: ${some.join(", ")}${missed.length > 5 ? " …" : ""}`,
    "Nothing was judged. Use the pinned version of Trivy, which reads SBOMs inside images.",
  );
}

/**
 * Why finding nothing in the operating system's packages would prove nothing; empty when there is no such reason.
 *
 * @param listed a list of installed packages in an image without a known system, as `systemPackages` finds it.
 */
export function doubtsAbout({ os }: PlatformReport, platform: string, listed: string | null): string[] {
  if (os === null) {
    return listed === null
      ? []
      : [`${platform} has packages of an operating system that the scanner does not know (/${listed})`];
  }
  if (os.endOfLife) {
    return [
      `${os.name} (${platform}) is at its end of life: nobody looks for vulnerabilities in it any more`,
    ];
  }
  if (os.packages === 0) {
    return [`the packages of ${os.name} (${platform}) cannot be told: the scanner knows no list of them`];
  }
  return [];
}
