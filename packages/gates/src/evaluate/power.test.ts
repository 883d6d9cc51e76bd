import { describe, expect, it } from "vitest";
import { parseGate, parseGates } from "../language.ts";
import { binomialCdf } from "../statistics/binomial-tail.ts";
import type { Verdict } from "../types.ts";
import type { Evaluation } from "./evaluation.ts";
import { classifiers } from "./models.testing.ts";
import { type PowerLine, powerLine, rowsToProve, type Sample, settlement } from "./power.ts";
import { questionsOf } from "./slices.ts";
import { answer } from "./verdicts.ts";

const sample: Sample = {
  rule: "prove",
  unit: "proportion",
  range: [0, 1],
  observed: 0.9,
  baseline: 0.9,
  bound: 0.88,
  se: Math.sqrt(0.1 / 400),
  n: 400,
  counted: "rows",
  confidence: 0.95,
  questions: 1,
};

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

  it("settle a verdict that is inconclusive, or are said to be hopeless", () => {
    const seen = { ...sample, comparison: ">=" as const };
    expect(settlement({ ...seen, bound: 0.88 })).toBe("need 1,546 rows, have 400");
    expect(settlement({ ...seen, bound: 0.9 })).toContain("lies on the bound");
  });

  it("are more on the wrong side of the bound, where the verdict to come is shared by the family", () => {
    const seen = { ...sample, questions: 10, bound: 0.88 };
    // (2.575829 + 0.841621)²·0.1/0.02² for 1 − 0.05/10.
    expect(settlement({ ...seen, comparison: "<=" })).toBe("need 2,920 rows, have 400");
    expect(settlement({ ...seen, comparison: ">=" })).toBe("need 1,546 rows, have 400");
  });
});

describe("the line on power says", () => {
  const text = (gate: string, changes: Partial<Sample> = {}) =>
    powerLine(parseGate(gate), { ...sample, ...changes }).text;
  const many = { se: Math.sqrt(0.1 / 4000), n: 4000 };

  it("against the baseline, what is proven and what that would take", () => {
    const gate = parseGate("accuracy >= baseline - 0.02");
    expect(powerLine(gate, sample)).toMatchObject({ rowsNeeded: 1546, gate: gate.text });
    expect(powerLine(gate, sample).margin).toBeCloseTo(0.02, 12);
    expect(text(gate.text)).toBe(
      "400 rows prove, 4 times in 5, that an equally good candidate is not worse by 0.039; 0.02 is allowed, which takes 1,546 rows",
    );
    expect(text(gate.text, many)).toBe(
      "4,000 rows prove, 4 times in 5, that an equally good candidate is not worse by 0.012; 0.02 is allowed",
    );
  });

  it("that a gate without a margin is never proven of equally good models", () => {
    const seen = { bound: 0.9, se: 0.01, n: 100 };
    expect(text("log_loss <= baseline", seen)).toContain("not worse by 0.025; the gate leaves no margin");
    expect(powerLine(parseGate("log_loss <= baseline"), { ...sample, ...seen }).rowsNeeded).toBeNull();
  });

  it("what refute blocks, with the family's share of the risk", () => {
    const refute = { rule: "refute", questions: 10 } as const;
    // 0.02 + (2.575829 + 0.841621)·sqrt(0.1/400) = 0.074.
    expect(text("accuracy >= baseline - 0.02", refute)).toBe(
      "400 rows block, 4 times in 5 among 10 questions, a candidate that is worse by 0.074; one worse by 0.04, twice what is allowed, takes 2,920 rows",
    );
    expect(text("accuracy >= baseline", { ...refute, bound: 0.9, questions: 1 })).toBe(
      "400 rows block, 4 times in 5, a candidate that is worse by 0.039",
    );
  });

  it("against a number, which true value is proven or blocked", () => {
    const own = { baseline: null, observed: 0.89 };
    expect(text("accuracy >= 0.88", own)).toBe(
      "400 rows prove, 4 times in 5, the bound kept by a true value of 0.9186 or more; of the 0.89 seen, 6,183 rows would",
    );
    expect(text("accuracy >= 0.88", { ...own, rule: "refute" })).toBe(
      "400 rows block, 4 times in 5, a true value of 0.8373 or less",
    );
    const slow = {
      baseline: null,
      unit: "ms",
      range: [0, Infinity],
      observed: 55,
      bound: 50,
      se: 3,
    } as const;
    expect(text("latency.p95 <= 50ms", { ...slow, rule: "refute" })).toBe(
      "400 rows block, 4 times in 5, a true value of 57.46ms or more; of the 55ms seen, 890 rows would",
    );
    expect(text("latency.p95 <= 50ms", slow)).toBe(
      "400 rows prove, 4 times in 5, the bound kept by a true value of 42.54ms or less",
    );
  });
});

describe("the power that is promised is had, 80 % of samples,", () => {
  const options = { rule: "refute", confidence: 0.95, seed: 0 } as const;
  const ask = (gates: string, evaluation: Evaluation) =>
    answer(questionsOf(parseGates(gates), evaluation), evaluation, options);

  /** Share of 400 samples in which the first gate comes to the verdict; known to 2 %. */
  function share(gates: string, name: Verdict["verdict"], make: (seed: number) => Evaluation): number {
    const runs = 400;
    let found = 0;
    for (let seed = 1; seed <= runs; seed++) {
      found += ask(gates, make(seed))[0]?.verdict.verdict === name ? 1 / runs : 0;
    }
    return found;
  }

  // Never near their bounds: they only make the family larger.
  const others = Array.from({ length: 9 }, (_, i) => `recall >= 0.0${i + 1}`).join("\n");

  it.each([
    ["alone", ""],
    ["among ten", `\n${others}`],
  ])("of a drop that refute blocks, %s", (_, more) => {
    const gates = `accuracy >= baseline - 0.02${more}`;
    // A candidate that errs on 21 % of rows, not 15 %.
    const worse = (n: number, seed: number) => classifiers(n, seed, 0.21);
    const line = ask(gates, worse(50_000, 1))[0]?.power as PowerLine;
    const rows = Math.round(50_000 * (((line.detectable as number) - line.margin) / 0.04) ** 2);
    expect(rows).toBeGreaterThan(300);
    const blocked = share(gates, "fail", (seed) => worse(rows, seed));
    expect(blocked).toBeGreaterThan(0.74);
    expect(blocked).toBeLessThan(0.87);
  });

  it("of a value that prove shows to keep a bound", () => {
    // F1 of 15 % errors either way at 30 % prevalence: 0.51 / (0.51 + 0.105 + 0.045).
    const truth = 0.51 / 0.66;
    const gate = `f1 >= ${(truth - 0.06).toFixed(4)} [prove]`;
    const line = ask(gate, classifiers(50_000, 1))[0]?.power as PowerLine;
    const rows = Math.round(50_000 * ((line.detectable as number) / 0.06) ** 2);
    expect(Math.abs(rows / (line.rowsNeeded as number) - 1)).toBeLessThan(0.2);
    const proven = share(gate, "pass", (seed) => classifiers(rows, seed));
    expect(proven).toBeGreaterThan(0.7);
    expect(proven).toBeLessThan(0.9);
  });

  it.each([0, 8])("of a rare event that refute blocks, exactly, though %d of 2,000 rows had it", (seen) => {
    const none = new Float64Array(2000);
    const evaluation: Evaluation = {
      task: "regression",
      labels: none,
      candidate: none.map((_, row) => (row < seen ? Number.NaN : 0)),
      threshold: 0,
    };
    const line = ask("nan_rate <= 1%", evaluation)[0]?.power as PowerLine;
    // 1 % is refuted from 29 rows on: P(X >= 28) is 0.0516 and P(X >= 29) 0.0336, X binomial(2000, 0.01), scipy 1.17.1.
    const power = 1 - binomialCdf(28, 2000, 0.01 + (line.detectable as number));
    expect(power).toBeGreaterThan(0.7);
    expect(power).toBeLessThan(0.85);
  });

  it("which few rows have for no value at all", () => {
    const none = new Float64Array(100);
    const evaluation: Evaluation = { task: "regression", labels: none, candidate: none, threshold: 0 };
    const line = ask("nan_rate <= 0.1% [prove]", evaluation)[0]?.power as PowerLine;
    expect(line.detectable).toBeNull();
    expect(line.text).toMatch(
      /^100 rows are too few to prove the bound kept by any; of the 0 seen, [\d,]+ rows would$/,
    );
  });
});
