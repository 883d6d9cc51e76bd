import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { annotate } from "./annotate.ts";
import { decide } from "./decision.ts";
import { mergedReport } from "./merged-report.ts";
import type { ImagePlatform } from "./platforms.ts";
import { type Found, readReport } from "./report.ts";
import { type ScanStory, scanSummary } from "./summary.ts";

const report = readReport(
  readFileSync(join(import.meta.dirname, "../fixtures/vulnerable.json"), "utf8"),
  "linux/amd64",
);
const { imageId, diffIds } = report;
const manifest = { mediaType: "x", digest: `sha256:${"1".repeat(64)}`, size: 1 };
const asked: ImagePlatform = {
  platform: "linux/amd64",
  manifest,
  imageId,
  diffIds,
  layers: [],
  kinds: [null, "server"],
};
const risk = { id: "CVE-2026-1003", package: null, reason: "not reachable", expires: "2027-01-31" };
const policy = { severity: ["CRITICAL"] as const, ignoreUnfixed: false, maxDbAgeMs: 1, ignored: [risk] };

const storyOf = (findings: readonly Found[] = report.findings): ScanStory => ({
  image: "ghcr.io/octo-org/flights@sha256:1",
  decision: decide(findings, [], policy, 0),
  platforms: [{ asked, report }],
  scanner: { version: "0.69.3" },
  database: { updatedAt: 0 },
  notices: [],
  finishedAt: 3_600_000,
});

describe("the summary of a scan", () => {
  it("says what to upgrade, what is accepted until when, and what it rests on", () => {
    const summary = scanSummary(storyOf());
    expect(summary).toContain("## ❌ 1 vulnerability must not go out (linux/amd64): 1 upgrade to make");
    expect(summary).toContain("| `left-pad`<br>`1.3.0` → `1.3.1` | CRITICAL | [CVE-2026-1001](https://");
    expect(summary).toContain("`/app/node_modules/left-pad/package.json`");
    expect(summary).toMatch(/\| `libssl3` `3.0.14-1` \| CRITICAL \| .* \| not reachable \| 2027-01-31 \|/);
    expect(summary).toContain("layer 2 of 2 (server)");
    expect(summary).toMatch(/Trivy 0.69.3, database 1\sh old/);
  });

  it("shows hostile names as text, on one line each", () => {
    const hostile = fc.string({ unit: fc.constantFrom(..."|`[]()<>\n\r\\*_~!:@#&\"' ax\u202e\u2028") });
    const [first] = report.findings as [Found];
    fc.assert(
      fc.property(hostile, hostile, hostile, (name, title, path) => {
        const finding = {
          ...first,
          id: "CVE-7",
          package: `p${name}`,
          title,
          paths: [`p${path}`],
          url: title,
        };
        const summary = scanSummary(storyOf([finding]));
        const row = summary.split("\n").find((line) => line.includes("CVE-7")) ?? "";
        expect(row.replaceAll(/`[^`|]*`/g, "").match(/(?<!\\)\|/g)).toHaveLength(6);
        expect(summary.replaceAll(/`[^`]*`/g, "")).not.toMatch(/<(?!\/?(details|summary|code|br)>)/);
        expect(summary).not.toMatch(/[\u202e\u2028\r]/);
      }),
    );
  });

  it("annotates on one line, whatever the names", () => {
    const lines: string[] = [];
    const say = (message: string) => lines.push(message);
    const log = {
      info: say,
      debug: say,
      warning: say,
      error: say,
      notice: say,
      group: () => Promise.reject(),
    };
    const [first] = report.findings as [Found];
    annotate(log, storyOf([{ ...first, id: "CVE-7", package: "x\n::set-output name=verdict::pass" }]));
    expect(lines).toEqual([
      "Upgrade x ::set-output name=verdict::pass 3.0.14-1 → 3.0.15-1 in layer 1 of 2 (linux/amd64): CVE-7",
    ]);
  });
});

describe("the report that becomes SARIF", () => {
  it("has what two platforms share once, and no accepted risk", () => {
    const accepted = [{ finding: { id: "CVE-2026-1003", package: "libssl3" }, risk }];
    const merged = JSON.parse(mergedReport([report, report], "oci:x@sha256:1", accepted));
    const ids = merged.Results.flatMap(
      ({ Vulnerabilities }: { Vulnerabilities: { VulnerabilityID: string }[] }) =>
        Vulnerabilities.map(({ VulnerabilityID }) => VulnerabilityID),
    );
    expect(ids).toEqual(["CVE-2026-1004", "CVE-2026-1002", "CVE-2026-1001"]);
    expect(merged.Results[0].Target).toBe("oci:x@sha256:1 (debian 12.8)");
    expect(merged.SchemaVersion).toBe(2);
  });
});
