import { describe, expect, it } from "vitest";
import { evaluate } from "../evaluate.ts";
import { classifiers, rankers } from "./models.testing.ts";
import { usual, verdictOf, verdicts } from "./verdicts.testing.ts";

describe("a gate against the baseline", () => {
  it("of a clearly worse candidate fails under every rule, with figures", () => {
    for (const rule of ["estimate", "refute", "prove"] as const) {
      const verdict = verdictOf("accuracy >= baseline - 0.02", classifiers(2000, 1, 0.3), {
        rule,
        confidence: 0.95,
      });
      expect(verdict).toMatchObject({ verdict: "fail", rule, n: 2000, metric: "accuracy" });
      expect(verdict.bound).toBeCloseTo((verdict.baseline as number) - 0.02, 12);
      expect(verdict.reason).toMatch(
        /^accuracy is 0\.7\d*, at least 0\.8\d* was asked for \(baseline 0\.8\d*\)/,
      );
    }
  });

  it("of an equal candidate passes by proof once there are rows enough", () => {
    const gate = "accuracy >= baseline - 0.02 [prove]";
    const few = verdictOf(gate, classifiers(300, 2));
    expect(few).toMatchObject({ verdict: "inconclusive", rule: "prove" });
    expect(few.settle).toMatch(/^need [\d,]+ rows, have 300$/);
    expect(verdictOf(gate, classifiers(6000, 2)).verdict).toBe("pass");
  });

  it("does not prove two identical models equal on few rows", () => {
    const { baseline, ...rest } = rankers(40, 3);
    const same = { ...rest, baseline, candidate: baseline };
    for (const { verdict, gate } of verdicts(
      "f1 >= baseline - 0.02\nauc >= baseline - 0.02\nbrier <= baseline + 0.005\naverage_precision >= baseline - 0.01",
      same,
      { rule: "prove", confidence: 0.95 },
    )) {
      expect([gate, verdict]).toEqual([gate, "inconclusive"]);
    }
  });

  it("can ask for a factor", () => {
    const verdict = verdictOf("auc >= baseline * 0.9 [prove]", rankers(1000, 4));
    expect(verdict.bound).toBeCloseTo(0.9 * (verdict.baseline as number), 12);
    expect(verdict.verdict).toBe("pass");
    const [low, high] = verdict.interval as [number, number];
    expect(low).toBeLessThan(verdict.observed as number);
    expect(high).toBeGreaterThan(verdict.observed as number);
  });

  it("of which only metrics are known takes it as exact and says so", () => {
    const { baseline: _, ...rest } = classifiers(1000, 5);
    const known = { ...rest, baseline: { metrics: { accuracy: 0.85 } } };
    const verdict = verdictOf("accuracy >= baseline - 0.05 [prove]", known);
    expect(verdict).toMatchObject({ verdict: "pass", baseline: 0.85 });
    expect(verdict.reason).toContain("the baseline taken as exact");
    expect(evaluate([], known, usual).baseline).toEqual({ accuracy: 0.85 });
    expect(verdictOf("f1 >= baseline - 0.05", known)).toMatchObject({
      verdict: "inconclusive",
      baseline: null,
    });
  });

  it("without a baseline is inconclusive", () => {
    const { baseline: _, ...alone } = classifiers(100, 5);
    const verdict = verdictOf("accuracy >= baseline", alone, { rule: "estimate", confidence: 0.95 });
    expect(verdict).toMatchObject({ verdict: "inconclusive", bound: null });
    expect(verdict.reason).toBe("accuracy: there is no baseline to compare with.");
    expect(evaluate([], alone, usual).baseline).toBeNull();
  });
});
