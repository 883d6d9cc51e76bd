import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decide, merged } from "./decision.ts";
import type { Found } from "./report.ts";
import { upgradesOf } from "./upgrades.ts";
import { compareVersions } from "./version-order.ts";

const found = (changes: Partial<Found> = {}): Found => ({
  id: "CVE-1",
  package: "a",
  installed: "1.0.0",
  fixed: "1.0.1",
  severity: "CRITICAL",
  ratedBy: null,
  platforms: ["linux/amd64"],
  title: null,
  url: null,
  paths: [],
  layer: null,
  ...changes,
});

describe("findings of several platforms", () => {
  it("are one when they say the same, with all platforms and places", () => {
    const both = merged([found({ paths: ["x"] }), found({ platforms: ["linux/arm64"], paths: ["y"] })]);
    expect(both).toEqual([found({ platforms: ["linux/amd64", "linux/arm64"], paths: ["x", "y"] })]);
    expect(merged([found(), found({ installed: "1.0.0-2" }), found({ package: "b" })])).toHaveLength(3);
  });

  it("come to one decision, worst first, with the risks that nothing is about", () => {
    const risk = { id: "CVE-9", package: null, reason: "x", expires: "2027-01-01" };
    const policy = { severity: ["CRITICAL"] as const, ignoreUnfixed: false, maxDbAgeMs: 1, ignored: [risk] };
    const findings = [found({ severity: "LOW" }), found({ id: "CVE-2", severity: "CRITICAL" })];
    const decision = decide(findings, [], policy, 0);
    expect(decision).toMatchObject({ verdict: "fail", unused: [risk], counts: { CRITICAL: 1, LOW: 1 } });
    expect(decision.findings.map(({ id }) => id)).toEqual(["CVE-2", "CVE-1"]);
    expect(decide([], [], policy, 0).verdict).toBe("pass");
  });
});

describe("what to upgrade", () => {
  it("is one line a package, to the version that fixes all", () => {
    const upgrades = upgradesOf([
      found({ fixed: "1.0.9" }),
      found({ id: "CVE-2", fixed: "1.0.10", severity: "HIGH" }),
      found({ id: "CVE-3", fixed: null }),
      found({ package: "b", severity: "HIGH" }),
    ]);
    expect(upgrades.map(({ package: name, to, findings }) => [name, to, findings.length])).toEqual([
      ["a", "1.0.10", 2],
      ["a", null, 1],
      ["b", "1.0.1", 1],
    ]);
  });

  it("is the nearest of several lines of releases", () => {
    const [upgrade] = upgradesOf([found({ installed: "4.17.1", fixed: "3.9.9, 4.17.3, 5.0.1" })]);
    expect(upgrade?.to).toBe("4.17.3");
    expect(upgradesOf([found({ installed: "9", fixed: "3.9.9, 4.17.3" })])[0]?.to).toBe("3.9.9, 4.17.3");
  });
});

describe("the order of versions", () => {
  it.each([
    ["1.2.9", "1.2.10"],
    ["1.2", "1.2.1"],
    ["1.0~rc1", "1.0"],
    ["3.0.14-1~deb12u1", "3.0.14-1~deb12u2"],
    ["2.36-9+deb12u8", "2.36-9+deb12u13"],
    ["9.9", "1:0.1"],
  ])("has %s before %s", (low, high) => {
    expect(compareVersions(low, high)).toBe(-1);
    expect(compareVersions(high, low)).toBe(1);
  });

  it("is an order, whatever the texts", () => {
    const version = fc.string({ unit: fc.constantFrom("1", "2", "0", ".", "~", "-", "a", "b", ":") });
    fc.assert(
      fc.property(version, version, version, (a, b, c) => {
        expect(compareVersions(a, b) + compareVersions(b, a)).toBe(0);
        if (compareVersions(a, b) <= 0 && compareVersions(b, c) <= 0)
          expect(compareVersions(a, c)).toBeLessThanOrEqual(0);
      }),
    );
  });
});
