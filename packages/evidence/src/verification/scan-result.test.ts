import { describe, expect, test } from "vitest";
import type { SignedStatement } from "../signing.ts";
import type { AcceptedRisk, Finding } from "../vulnerabilities-policy.ts";
import { nothingExpected } from "./policy.ts";
import { readScan } from "./scan-result.ts";
import { scanOf } from "./testing/evidence.ts";
import { noon } from "./testing/image.ts";
import type { Expectations } from "./types.ts";

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

function finding(id: string, severity: Finding["severity"]): Finding {
  return {
    id,
    severity,
    package: "libssl3",
    installed: "3.0.1",
    fixed: "3.0.2",
    ratedBy: "nvd",
    platforms: ["linux/amd64"],
  };
}

const policy = (severity: Finding["severity"][], ignored: AcceptedRisk[] = []) => ({
  severity,
  ignoreUnfixed: false,
  maxDbAgeMs: 48 * hourMs,
  ignored,
});

function read(changes: Parameters<typeof scanOf>[0], expected: Partial<Expectations> = {}, now = noon) {
  const context = { expected: { ...nothingExpected, ...expected }, place: "The evidence of scan", now };
  return readScan(scanOf(changes) as unknown as SignedStatement, context);
}

describe("evidence of a scan", () => {
  test("that found nothing that blocks says what it looked for", () => {
    const { refusal, says, finishedAt } = read({ findings: [finding("CVE-1", "HIGH")] });
    expect(refusal).toBeNull();
    expect(says).toBe("pass: 1 finding, none blocks (CRITICAL), database of 2026-11-22");
    expect(finishedAt).toBe(noon - 60_000);
  });

  test("may be as another tool writes it: v0.1 of the statement says the same", () => {
    const older = { ...scanOf(), _type: "https://in-toto.io/Statement/v0.1" } as unknown as SignedStatement;
    expect(readScan(older, { expected: nothingExpected, place: "x", now: noon }).refusal).toBeNull();
  });

  test("that failed names what blocks", () => {
    const findings = ["CVE-1", "CVE-2", "CVE-3", "CVE-4"].map((id) => finding(id, "CRITICAL"));
    expect(read({ verdict: "fail", findings }).refusal?.reason).toBe(
      "Its verdict is fail: CVE-1 (CRITICAL, libssl3 3.0.1), CVE-2 (CRITICAL, libssl3 3.0.1), CVE-3 (CRITICAL, libssl3 3.0.1), and 1 more.",
    );
  });

  test("that was inconclusive is no pass", () => {
    const doubts = ["debian 9 gets no advisories any more"];
    expect(read({ verdict: "inconclusive", doubts }).refusal?.reason).toMatch(/no pass: debian 9 gets no/);
  });

  test("is judged again by the severities of the policy", () => {
    const findings = [finding("CVE-1", "HIGH"), finding("CVE-2", "LOW")];
    expect(read({ findings }, { severity: ["HIGH"] }).refusal?.reason).toMatch(
      /\(CRITICAL, HIGH\) it would fail: CVE-1 \(HIGH/,
    );
    expect(read({ findings }, { severity: ["MEDIUM"] }).refusal).toBeNull();
  });

  test("with a risk that was accepted counts until the day is over", () => {
    const risk = { id: "CVE-1", package: null, reason: "not reachable", expires: "2026-11-30" };
    const changes = { findings: [finding("CVE-1", "CRITICAL")], policy: policy(["CRITICAL"], [risk]) };
    expect(read(changes, {}, Date.UTC(2026, 10, 30, 23)).refusal).toBeNull();
    expect(read(changes, {}, Date.UTC(2026, 11, 1, 1)).refusal).toMatchObject({
      reason: "The time for which risks were accepted is over: CVE-1 until 2026-11-30.",
      remedy: expect.stringMatching(/accept the risk anew/),
    });
  });

  test("with a database that was older than the policy allows is refused", () => {
    expect(read({}, { maxDatabaseAgeMs: 30 * 60_000 }).refusal?.reason).toBe(
      "The scanner's database was 1 h old; the policy allows 30 min.",
    );
    expect(read({}, { maxDatabaseAgeMs: dayMs }).refusal).toBeNull();
  });

  test("whose verdict is better than its findings contradicts itself", () => {
    const statement = scanOf({ verdict: "fail", findings: [finding("CVE-1", "CRITICAL")] });
    const edited = JSON.parse(JSON.stringify(statement).replace('"verdict":"fail"', '"verdict":"pass"'));
    expect(() => readScan(edited, { expected: nothingExpected, place: "x", now: noon })).toThrow(
      /contradicts/,
    );
  });
});
