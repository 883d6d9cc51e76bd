/** Which Trivy runs here, and which must not. */

export const pinnedVersion = "0.69.3";

/**
 * The official release archives, for a machine without Trivy. Checksums as in the release's signed
 * `trivy_0.69.3_checksums.txt`.
 */
export const pinnedReleases: Readonly<Partial<Record<string, { url: string; sha256: string }>>> = {
  x64: {
    url: "https://github.com/aquasecurity/trivy/releases/download/v0.69.3/trivy_0.69.3_Linux-64bit.tar.gz",
    sha256: "1816b632dfe529869c740c0913e36bd1629cb7688bd5634f4a858c1d57c88b75",
  },
  arm64: {
    url: "https://github.com/aquasecurity/trivy/releases/download/v0.69.3/trivy_0.69.3_Linux-ARM64.tar.gz",
    sha256: "7e3924a974e912e57b4a99f65ece7931f8079584dae12eb7845024f97087bdfd",
  },
};

/** Published on 2026-03-19 and the days after with code that read the runner's memory (GHSA-69fq-xp46-6x23). */
const compromised = ["0.69.4", "0.69.5", "0.69.6"];

/** Programs of 0.69.4 for Linux, as the advisory lists them: to ask one for its version would be to run it. */
const compromisedPrograms: ReadonlyMap<string, string> = new Map([
  ["sha256:822dd269ec10459572dfaaefe163dae693c344249a0161953f0d5cdd110bd2a0", "0.69.4"],
  ["sha256:e64e152afe2c722d750f10259626f357cdea40420c5eedae37969fbf13abbecf", "0.69.4"],
]);

/** The compromised version that a program's digest, a version, a path or an address tells of; null for none. */
export function compromisedVersion(text: string): string | null {
  const named = compromised.find((version) =>
    new RegExp(`(?<![\\d.])${version.replaceAll(".", "\\.")}(?!\\d)`).test(text),
  );
  return compromisedPrograms.get(text) ?? named ?? null;
}

/** 0.69 is the first that has every option we give it, and reports in the form that we read. */
export function isTooOld(version: string): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major === 0 && minor < 69;
}
