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
    const { verdicts } = evaluate(parseGates("auc >= baseline"), evaluation, {
      rule: "estimate",
      confidence: 0.9,
    });
    const { observed, baseline, interval } = verdicts[0] as (typeof verdicts)[number];
    const found = aucComparison(evaluation, 0.9);
    expect(found?.difference).toBeCloseTo((observed as number) - (baseline as number), 12);
    expect(found?.interval?.map((end) => end + (baseline as number))).toEqual([
      expect.closeTo(interval?.[0] as number, 10),
      expect.closeTo(interval?.[1] as number, 10),
    ]);
  });

  it("is not there without a baseline's scores, labels of both classes, or scores that are numbers", () => {
    const without = (change: Partial<Evaluation>) => aucComparison({ ...evaluation, ...change }, 0.9);
    expect(without({ baseline: { metrics: { auc: 0.6 } } })).toBeNull();
    expect(without({ task: "regression" })).toBeNull();
    expect(without({ labels: new Float64Array(300) })).toBeNull();
    expect(without({ labels: evaluation.labels.with(3, Number.NaN) })).toBeNull();
    expect(without({ candidate: evaluation.candidate.with(3, Number.NaN) })).toBeNull();
  });
});
