import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { plainPurl } from "./bundled.ts";
import { assertAsked, assertLooked, doubtsAbout } from "./coverage.ts";
import { ScanError } from "./errors.ts";
import type { ImagePlatform } from "./platforms.ts";
import { readReport } from "./report.ts";

/** Made by real Trivy: test/components/trivy-fixtures.ts. */
const fixture = (name: string) => readFileSync(join(import.meta.dirname, `../fixtures/${name}.json`), "utf8");
const platform = "linux/amd64";
const vulnerable = () => readReport(fixture("vulnerable"), platform);
const askedFor = (changes: Partial<ImagePlatform> = {}): ImagePlatform => {
  const { imageId, diffIds } = vulnerable();
  const manifest = { mediaType: "x", digest: `sha256:${"1".repeat(64)}`, size: 1 };
  return { platform, manifest, imageId, diffIds, layers: [], kinds: [], ...changes };
};
const codeOf = (attempt: () => unknown) => {
  try {
    attempt();
    return "none";
  } catch (error) {
    if (error instanceof ScanError) return error.code;
    throw error;
  }
};

describe("a report of Trivy", () => {
  it("gives what was found, where, and what fixes it", () => {
    const { findings, os, packages } = vulnerable();
    expect(os).toEqual({ name: "debian 12.8", endOfLife: false, packages: 1 });
    expect(packages).toBe(3);
    expect(findings.map(({ id, installed, fixed, severity }) => [id, installed, fixed, severity])).toEqual([
      ["CVE-2026-1003", "3.0.14-1", "3.0.15-1", "CRITICAL"],
      ["CVE-2026-1004", "3.0.14-1", null, "MEDIUM"],
      ["CVE-2026-1002", "2.0.0", "2.0.1", "HIGH"],
      ["CVE-2026-1001", "1.3.0", "1.3.1", "CRITICAL"],
    ]);
    expect(findings[3]).toMatchObject({
      ratedBy: "ghsa",
      paths: ["app/node_modules/left-pad/package.json"],
      platforms: [platform],
    });
  });

  it("with half a character in a name is read with what can be written", () => {
    const broken = fixture("vulnerable").replaceAll('"left-pad"', '"left\\ud800pad"');
    expect(readReport(broken, platform).findings.map((finding) => finding.package)).toContain(
      "left\ufffdpad",
    );
  });

  it("of a clean image has packages and no findings", () => {
    expect(readReport(fixture("clean"), platform)).toMatchObject({ findings: [], packages: 1 });
  });

  it("of a system at its end of life is doubted", () => {
    const report = readReport(fixture("end-of-life"), platform);
    expect(doubtsAbout(report, platform, null)).toEqual([
      "debian 8.11 (linux/amd64) is at its end of life: nobody looks for vulnerabilities in it any more",
    ]);
    expect(doubtsAbout(vulnerable(), platform, null)).toEqual([]);
  });

  it.each([
    ["of an image in which nothing was found to look at", fixture("empty"), "incomplete"],
    ["without results", fixture("clean").replace(/"Results"[\s\S]*$/, '"Results": []}'), "incomplete"],
    ["with results of null", fixture("clean").replace(/"Results"[\s\S]*$/, '"Results": null}'), "incomplete"],
    ["of another schema", fixture("clean").replace('"SchemaVersion": 2', '"SchemaVersion": 1'), "report"],
    ["of something else than an image", fixture("clean").replace("container_image", "filesystem"), "report"],
    ["with a severity nobody knows", fixture("vulnerable").replaceAll('"CRITICAL"', '"NONE"'), "report"],
    [
      "with a name that is no name",
      fixture("vulnerable").replaceAll('"left-pad"', `"${"x".repeat(1001)}"`),
      "report",
    ],
    ["that was cut off", fixture("vulnerable").slice(0, 5000), "report"],
    ["that is no JSON", "All fine!", "report"],
    ["that is empty", "", "report"],
    ["that is a list", "[]", "report"],
    ["nested too deep", "[".repeat(200_000), "report"],
  ])("%s is refused", (_name, text, code) => {
    expect(codeOf(() => readReport(text, platform))).toBe(code);
  });

  it("is read or refused, whatever stands in it", () => {
    const whole = JSON.parse(fixture("vulnerable"));
    const result = fc.record({ Target: fc.string(), Class: fc.string(), Vulnerabilities: fc.jsonValue() });
    const changes = fc.oneof(
      fc.record({ Results: fc.oneof(fc.jsonValue(), fc.array(result)) }),
      fc.record({ Metadata: fc.jsonValue() }),
    );
    fc.assert(
      fc.property(changes, (change) => {
        const code = codeOf(() => readReport(JSON.stringify({ ...whole, ...change }), platform));
        expect(["none", "report", "incomplete"]).toContain(code);
      }),
    );
  });
});

describe("a report is believed", () => {
  it("when it is about the image asked for", () => {
    expect(codeOf(() => assertAsked(vulnerable(), askedFor()))).toBe("none");
    expect(codeOf(() => assertAsked(vulnerable(), askedFor({ imageId: `sha256:${"0".repeat(64)}` })))).toBe(
      "not-asked",
    );
    const fewer = vulnerable().diffIds.slice(0, 1);
    expect(codeOf(() => assertAsked(vulnerable(), askedFor({ diffIds: fewer })))).toBe("not-asked");
    const elsewhere = { ...vulnerable(), repoDigests: [`r/x@sha256:${"2".repeat(64)}`] };
    expect(codeOf(() => assertAsked(elsewhere, askedFor()))).toBe("not-asked");
  });

  it("when it lists what the image's own SBOM names", () => {
    const looked = (bundled: string[]) => codeOf(() => assertLooked(vulnerable(), bundled, platform));
    expect(looked([plainPurl("pkg:npm/bundled-thing@2.0.0")])).toBe("none");
    expect(looked([plainPurl("pkg:npm/bundled-thing@2.0.1")])).toBe("incomplete");
    expect(codeOf(() => assertLooked({ ...vulnerable(), packages: 0 }, [], platform))).toBe("incomplete");
  });

  it("with package URLs that are written in different ways", () => {
    expect(plainPurl("pkg:npm/%40scope/name@1.0.0?arch=x#y")).toBe("pkg:npm/@scope/name@1.0.0");
    expect(plainPurl("pkg:npm/%zz@1")).toBe("pkg:npm/%zz@1");
  });
});
