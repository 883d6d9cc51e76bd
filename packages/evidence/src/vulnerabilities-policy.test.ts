import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type AcceptedRisk,
  type Finding,
  isExpired,
  type ScanPolicy,
  scanVerdict,
  severities,
  sortFindings,
} from "./vulnerabilities-policy.ts";

const at = Date.parse("2026-11-22T12:00:00Z");
const critical: Finding = {
  id: "CVE-1",
  package: "a",
  installed: "1.0.0",
  fixed: "1.0.1",
  severity: "CRITICAL",
  ratedBy: null,
  platforms: ["linux/amd64"],
};
const risk: AcceptedRisk = { id: "CVE-1", package: null, reason: "because", expires: "2026-11-22" };
const policyOf = (changes: Partial<ScanPolicy> = {}): ScanPolicy => ({
  severity: ["CRITICAL"],
  ignoreUnfixed: false,
  maxDbAgeMs: 1,
  ignored: [],
  ...changes,
});

describe("what blocks an image", () => {
  it.each<[string, Partial<Finding>, Partial<ScanPolicy>, string[], string]>([
    ["a critical finding", {}, {}, [], "fail"],
    ["one of a severity that is not asked for", { severity: "HIGH" }, {}, [], "pass"],
    ["one that is asked for", { severity: "HIGH" }, { severity: ["CRITICAL", "HIGH"] }, [], "fail"],
    ["one without a fix", { fixed: null }, {}, [], "fail"],
    ["one without a fix that may pass", { fixed: null }, { ignoreUnfixed: true }, [], "pass"],
    ["one with a fix where only unfixed ones may pass", {}, { ignoreUnfixed: true }, [], "fail"],
    ["one that was accepted", {}, { ignored: [risk] }, [], "pass"],
    ["one accepted in another package", {}, { ignored: [{ ...risk, package: "b" }] }, [], "fail"],
    ["one accepted in this package", {}, { ignored: [{ ...risk, package: "a" }] }, [], "pass"],
    ["one accepted until yesterday", {}, { ignored: [{ ...risk, expires: "2026-11-21" }] }, [], "fail"],
    ["one accepted until no day at all", {}, { ignored: [{ ...risk, expires: "never" }] }, [], "fail"],
    ["one whose id is accepted in part", { id: "CVE-10" }, { ignored: [risk] }, [], "fail"],
    ["nothing that blocks, with a doubt", { severity: "LOW" }, {}, ["end of life"], "inconclusive"],
    ["something that blocks, with a doubt", {}, {}, ["end of life"], "fail"],
  ])("%s → verdict", (_name, changes, policy, doubts, verdict) => {
    const sorted = sortFindings([{ ...critical, ...changes }], policyOf(policy), at);
    expect(scanVerdict(sorted, doubts)).toBe(verdict);
  });

  it("puts every finding into exactly one place", () => {
    const findings = fc.array(
      fc.record({
        id: fc.constantFrom("CVE-1", "CVE-2"),
        package: fc.constantFrom("a", "b"),
        installed: fc.constant("1"),
        fixed: fc.constantFrom(null, "2"),
        severity: fc.constantFrom(...severities),
        ratedBy: fc.constant(null),
        platforms: fc.constant(["linux/amd64"]),
      }),
    );
    fc.assert(
      fc.property(findings, fc.boolean(), fc.subarray([...severities]), (all, ignoreUnfixed, severity) => {
        const sorted = sortFindings(all, policyOf({ ignoreUnfixed, severity, ignored: [risk] }), at);
        const { blocking, accepted, unfixed, minor } = sorted;
        const placed = [...blocking, ...accepted.map(({ finding }) => finding), ...unfixed, ...minor];
        expect(new Set(placed)).toEqual(new Set(all));
        expect(placed).toHaveLength(all.length);
      }),
    );
  });

  it("takes a risk as accepted to the end of its last day, in UTC", () => {
    expect(isExpired(risk, Date.parse("2026-11-22T23:59:59.999Z"))).toBe(false);
    expect(isExpired(risk, Date.parse("2026-11-23T00:00:00Z"))).toBe(true);
  });
});
