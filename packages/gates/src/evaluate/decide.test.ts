import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { overall } from "../overall.ts";
import { decisionRules, type VerdictName } from "../types.ts";
import { decide, keeps } from "./decide.ts";

const floor = { comparison: ">=" as const, bound: 0.5 };
const intervals = {
  right: { low: 0.51, high: 0.6 },
  across: { low: 0.45, high: 0.55 },
  wrong: { low: 0.4, high: 0.49 },
};

describe("a rule", () => {
  it.each([
    ["estimate", 0.52, intervals.across, "pass"],
    ["estimate", 0.48, intervals.across, "fail"],
    ["refute", 0.48, intervals.across, "pass"],
    ["refute", 0.45, intervals.wrong, "fail"],
    ["refute", 0.55, intervals.right, "pass"],
    ["refute", 0.9, null, "inconclusive"],
    ["refute", 0.9, { low: 0.45, high: Infinity }, "inconclusive"],
    ["refute", 0.9, { low: -Infinity, high: 0.95 }, "pass"],
    ["refute", 0.9, { low: 0.55, high: Infinity }, "pass"],
    ["prove", 0.52, intervals.across, "inconclusive"],
    ["prove", 0.55, intervals.right, "pass"],
    ["prove", 0.45, intervals.wrong, "fail"],
    ["prove", 0.9, null, "inconclusive"],
  ] as const)("%s: observed %d with interval %j is %s for >= 0.5", (rule, observed, interval, expected) => {
    const refutedInFamily = expected === "fail";
    expect(decide(rule, { ...floor, observed, interval, refutedInFamily })).toBe(expected);
    // The mirror image: lower is better.
    const mirrored = interval && { low: -interval.high, high: -interval.low };
    const ceiling = { comparison: "<=" as const, bound: -0.5, observed: -observed, interval: mirrored };
    expect(decide(rule, { ...ceiling, refutedInFamily })).toBe(expected);
  });

  it("does not fail what the family leaves to chance", () => {
    const wrong = { ...floor, observed: 0.45, interval: intervals.wrong, refutedInFamily: false };
    expect(decide("refute", wrong)).toBe("pass");
    expect(decide("prove", wrong)).toBe("inconclusive");
    expect(decide("estimate", wrong)).toBe("fail");
  });

  it("treats a bound that rounding moved as the bound itself", () => {
    expect(keeps(">=", 0.6, 0.7 - 0.1)).toBe(true);
    expect(keeps(">=", 0.2, 0.3 - 0.1)).toBe(true);
    expect(keeps(">", 0.3 - 0.1, 0.2)).toBe(false);
    expect(keeps("<", 0.2, 0.3 - 0.1)).toBe(false);
    expect(keeps("<=", 0.3, 0.1 + 0.2)).toBe(true);
  });

  it("never comes to a better verdict for a stricter bound", () => {
    const rank: Record<VerdictName, number> = { fail: 0, inconclusive: 1, pass: 2 };
    const number = fc.double({ min: -10, max: 10, noNaN: true });
    fc.assert(
      fc.property(
        fc.constantFrom(...decisionRules),
        fc.constantFrom(">=" as const, ">" as const, "<=" as const, "<" as const),
        fc.tuple(number, number, number),
        number,
        number,
        (rule, comparison, triple, one, other) => {
          const [low = 0, observed = 0, high = 0] = [...triple].sort((x, y) => x - y);
          const [loose, strict] = one < other === comparison.startsWith(">") ? [one, other] : [other, one];
          const verdictAt = (bound: number) =>
            decide(rule, { comparison, bound, observed, interval: { low, high }, refutedInFamily: true });
          expect(rank[verdictAt(strict)]).toBeLessThanOrEqual(rank[verdictAt(loose)]);
        },
      ),
      { seed: 6, numRuns: 2000 },
    );
  });
});

describe("all verdicts together", () => {
  it.each([
    [["pass", "pass"], "pass"],
    [["pass", "inconclusive"], "inconclusive"],
    [["inconclusive", "fail", "pass"], "fail"],
    [[], "inconclusive"],
  ] as const)("%j are %s", (names, expected) => {
    expect(overall(names.map((verdict) => ({ verdict })))).toBe(expected);
  });

  it("leave out values that were not judged, but are not settled by them alone", () => {
    const small = { verdict: "inconclusive", unjudged: true } as const;
    expect(overall([{ verdict: "pass" }, small])).toBe("pass");
    expect(overall([{ verdict: "fail" }, small])).toBe("fail");
    expect(overall([small])).toBe("inconclusive");
  });
});
