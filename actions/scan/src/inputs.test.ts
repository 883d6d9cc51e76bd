import { describe, expect, it } from "vitest";
import { definition } from "./definition.ts";
import { compromisedVersion, isTooOld, pinnedReleases, pinnedVersion } from "./versions.ts";

const image = `ghcr.io/octo-org/flights@sha256:${"a".repeat(64)}`;
const parsed = (given: Record<string, string>) => definition.inputs.safeParse({ image, ...given });
const problems = (given: Record<string, string>) =>
  (parsed(given).error?.issues ?? []).map(({ path, message }) => `${path.join()}: ${message}`).join("\n");

describe("the inputs of scan", () => {
  it("have defaults that are strict", () => {
    expect(parsed({}).data).toMatchObject({
      severity: ["CRITICAL"],
      "ignore-unfixed": false,
      "max-db-age": 48 * 3_600_000,
      image: { digest: `sha256:${"a".repeat(64)}`, place: { kind: "registry", registry: "ghcr.io" } },
    });
  });

  it.each([
    [{ image: "ghcr.io/octo-org/flights:latest" }, /image: .*by a tag alone[\s\S]*@sha256:<digest>/],
    [{ image: "oci:build/image:1.0" }, /image: .*by a tag alone/],
    [{ image: "flights" }, /image: .*no reference/],
    [{ image: `oci:build\n::error::x@sha256:${"a".repeat(64)}` }, /image: /],
    [{ severity: "HIGH" }, /severity: HIGH would let CRITICAL through\nWrite CRITICAL, HIGH/],
    [{ severity: "CRITICAL, MEDIUM" }, /would let HIGH through\nWrite CRITICAL, HIGH, MEDIUM/],
    [{ severity: "UNKNOWN" }, /would let CRITICAL through\nWrite CRITICAL, UNKNOWN/],
    [{ severity: "critcal" }, /severity: "critcal" is no severity/],
    [{ scanner: "https://mirror/trivy.tar.gz" }, /scanner-sha256: is missing/],
    [{ scanner: "http://mirror/trivy.tar.gz", "scanner-sha256": "a".repeat(64) }, /not https/],
    [{ scanner: "https://user:pw@mirror/t", "scanner-sha256": "a".repeat(64) }, /without a user name/],
    [{ scanner: "ftp://mirror/trivy" }, /not https/],
    [{ scanner: "/opt/trivy-0.69.5/trivy" }, /Trivy 0\.69\.5, a release that stole secrets/],
    [{ scanner: "https://m/v0.69.4/trivy_0.69.4.tar.gz", "scanner-sha256": "a".repeat(64) }, /0\.69\.4/],
    [{ "scanner-sha256": "a".repeat(64) }, /scanner: is missing/],
    [{ scanner: "trivy", "scanner-sha256": "abc" }, /expected 64 hexadecimal/],
    [{ username: "octo" }, /password: is missing/],
    [{ image: `oci:x@sha256:${"a".repeat(64)}`, username: "o", password: "p" }, /no registry asks about/],
    [{ "max-db-age": "48" }, /max-db-age/],
  ])("%j is refused", (given, message) => {
    expect(problems(given as Record<string, string>)).toMatch(message);
  });

  it("take severities in any order and case, and the unrated ones beside", () => {
    expect(parsed({ severity: "high, Critical, unknown" }).data?.severity).toEqual([
      "CRITICAL",
      "HIGH",
      "UNKNOWN",
    ]);
  });

  it("have a pinned scanner that may run", () => {
    expect(compromisedVersion(pinnedVersion)).toBeNull();
    expect(isTooOld(pinnedVersion)).toBe(false);
    expect(isTooOld("0.58.1")).toBe(true);
    for (const release of Object.values(pinnedReleases)) {
      expect(release?.url).toContain(`/v${pinnedVersion}/trivy_${pinnedVersion}_`);
      expect(release?.sha256).toMatch(/^[0-9a-f]{64}$/);
    }
    const stolen = "sha256:822dd269ec10459572dfaaefe163dae693c344249a0161953f0d5cdd110bd2a0";
    expect(compromisedVersion(stolen)).toBe("0.69.4");
    expect(compromisedVersion("v0.69.6")).toBe("0.69.6");
    expect(compromisedVersion("0.69.40")).toBeNull();
    expect(compromisedVersion("10.69.4")).toBeNull();
  });
});
