import type { Evaluation } from "@ml-actions/gates/evaluate";
import { evaluate } from "@ml-actions/gates/evaluate";
import { parseGates } from "@ml-actions/gates/language";
import { describe, expect, it } from "vitest";
import { aucComparison } from "./auc-comparison.ts";

const score = (row: number, noise: number) => ((row * 7919) % 101) / 101 + noise * (row % 3 === 0 ? 0.3 : 0);
const evaluation: Evaluation = {
  task: "binary",
  labels: Float64Array.from({ length: 300 }, (_, row) => Number(row % 3 === 0)),
  candidate: Float64Array.from({ length: 300 }, (_, row) => score(row, 1)),
  baseline: Float64Array.from({ length: 300 }, (_, row) => score(row + 1, 0.8)),
  threshold: 0.5,
};

describe("the difference of two AUCs", () => {
  it("has the interval of a gate against the baseline", () => {
    const options = { rule: "estimate", confidence: 0.9 } as const;
    const result = evaluate(parseGates("auc >= baseline"), evaluation, options);
    const { observed, baseline, interval } = result.verdicts[0] as (typeof result.verdicts)[number];
    const found = aucComparison(result, 0.9);
    expect(found?.difference).toBe((observed as number) - (baseline as number));
    expect(found?.interval?.map((end) => end + (baseline as number))).toEqual(interval);
    expect(aucComparison(evaluate([], evaluation, options), 0.9)).toEqual(found);
  });

  it("has no interval where the rows do not tell, and may not be there", () => {
    const aucDifference = { value: 0.1, se: null };
    expect(aucComparison({ aucDifference }, 0.9)).toEqual({ difference: 0.1, interval: null });
    expect(aucComparison({ aucDifference: null }, 0.9)).toBeNull();
  });
});
