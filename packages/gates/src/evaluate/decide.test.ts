import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseGate } from "../language.ts";
import { overall } from "../overall.ts";
import { decisionRules, type VerdictName } from "../types.ts";
import { decide, keeps } from "./decide.ts";
import { powerLine, rowsToProve, settlement } from "./power.ts";

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
    ["prove", 0.52, intervals.across, "inconclusive"],
    ["prove", 0.55, intervals.right, "pass"],
    ["prove", 0.45, intervals.wrong, "fail"],
    ["prove", 0.9, null, "inconclusive"],
  ] as const)("%s: observed %d with interval %j is %s for >= 0.5", (rule, observed, interval, expected) => {
    expect(decide(rule, { ...floor, observed, interval })).toBe(expected);
    // The mirror image: lower is better.
    const mirrored = interval && { low: -interval.high, high: -interval.low };
    const ceiling = { comparison: "<=" as const, bound: -0.5, observed: -observed, interval: mirrored };
    expect(decide(rule, ceiling)).toBe(expected);
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
            decide(rule, { comparison, bound, observed, interval: { low, high } });
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
});

describe("rows needed", () => {
  it("for paired accuracy with 10 % discordant rows and margin .02 are 1,546 and 1,962", () => {
    const ask = { margin: 0.02, difference: 0, varianceOfRow: 0.1 };
    expect(rowsToProve({ ...ask, confidence: 0.95 })).toBe(1546);
    expect(rowsToProve({ ...ask, confidence: 0.975 })).toBe(1962);
  });

  it("are fewer for a candidate that is better, by the formula", () => {
    // (1.644854 + 0.841621)²·(0.1 − 0.01²)/0.03², by hand.
    const ask = { margin: 0.02, difference: 0.01, varianceOfRow: 0.1 - 0.01 ** 2, confidence: 0.95 };
    expect(rowsToProve(ask)).toBe(686);
  });

  it("are said in the power line beside what the sample can prove", () => {
    const gate = parseGate("accuracy >= baseline - 0.02");
    const seen = { baseline: 0.9, bound: 0.88, confidence: 0.95 };
    const few = powerLine(gate, { ...seen, se: Math.sqrt(0.1 / 400), n: 400 });
    expect(few).toMatchObject({ rowsNeeded: 1546, gate: gate.text });
    expect(few.text).toBe("this sample can prove a drop of 0.039 or more; 1,546 rows would prove 0.02");
    expect(few.margin).toBeCloseTo(0.02, 12);
    const many = powerLine(gate, { ...seen, se: Math.sqrt(0.1 / 4000), n: 4000 });
    expect(many.text).toBe("this sample can prove a drop of 0.012 or more, 0.02 is asked for");
  });

  it("are none for a gate that leaves no margin", () => {
    const line = powerLine(parseGate("log_loss <= baseline"), {
      baseline: 0.5,
      bound: 0.5,
      se: 0.01,
      n: 100,
      confidence: 0.95,
    });
    expect(line.rowsNeeded).toBeNull();
    expect(line.text).toContain("a rise of 0.025 or more; the gate leaves no margin");
  });

  it("that settle an inconclusive verdict are more than there are, or said to be hopeless", () => {
    const seen = { observed: 0.9, se: Math.sqrt(0.1 / 400), n: 400, confidence: 0.95 };
    expect(settlement({ ...seen, bound: 0.88 })).toBe("need 1,546 rows, have 400");
    expect(settlement({ ...seen, bound: 0.9 })).toContain("lies on the bound");
  });
});
