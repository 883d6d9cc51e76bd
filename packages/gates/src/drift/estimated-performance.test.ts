import { describe, expect, it } from "vitest";
import {
  compareDrift,
  type EstimatedMetric,
  estimatedMetrics,
  estimatePerformance,
  type Predictions,
} from "../drift.ts";
import { parseGates } from "../language.ts";
import { accuracy, confusionOf, f1 } from "../metrics/confusion.ts";
import { xoshiro128 } from "../random/xoshiro.ts";
import { metricOfGroups } from "./score-groups.ts";

const threshold = 0.4;

/** Scores with the chance of a positive behind each; labels drawn from it. */
function model(seed: number, rows: number, chance: (score: number) => number = (score) => score) {
  const random = xoshiro128(seed, 5);
  const scores = Float64Array.from({ length: rows }, () => random.uniform() ** 1.7);
  const labels = scores.map((score) => (random.uniform() < chance(score) ? 1 : 0));
  return { scores, labels };
}

function aucOf(scores: Float64Array, labels: Float64Array): number {
  const rows = [...scores]
    .map((score, i) => ({ score, label: labels[i] as number }))
    .sort((a, b) => a.score - b.score);
  let [negatives, won] = [0, 0];
  for (const { label } of rows) {
    if (label === 0) negatives++;
    else won += negatives;
  }
  return won / (negatives * (rows.length - negatives));
}

function realised(
  metric: EstimatedMetric,
  { scores, labels }: { scores: Float64Array; labels: Float64Array },
): number {
  if (metric === "estimated_auc") return aucOf(scores, labels);
  return (metric === "estimated_f1" ? f1 : accuracy)(confusionOf(labels, scores, threshold, null));
}

function estimate(metric: EstimatedMetric, predictions: Omit<Predictions, "threshold">) {
  return estimatePerformance({ threshold, ...predictions }, metric, { confidence: 0.95 });
}

describe("performance without labels", () => {
  it("is the expectation over the scores: four rows by hand", () => {
    const rows = Float64Array.of(1, 1, 1, 1);
    const chances = Float64Array.of(0.1, 0.3, 0.6, 0.9);
    // From the third on predicted positive: TP 1.5, FP .5, FN .4, TN 1.6.
    expect(metricOfGroups("estimated_f1", rows, chances, 2)).toBeCloseTo(3 / 3.9, 12);
    expect(metricOfGroups("estimated_accuracy", rows, chances, 2)).toBeCloseTo(3.1 / 4, 12);
    // Σ over pairs of p·(1 − q), a row with itself half: (.045 + .3·(.9+.35) + .6·(.9+.7+.2) + .9·(.9+.7+.4+.05)) / (1.9·2.1).
    expect(metricOfGroups("estimated_auc", rows, chances, 2)).toBeCloseTo(
      (0.045 + 0.375 + 1.08 + 1.845) / 3.99,
      12,
    );
  });

  // 90 % intervals, one-sided 5 % each; 60 samples: a share of 10 % lies below 22 % with a chance of .998.
  it.each(estimatedMetrics)("has an interval of %s that holds what the labels then show", (metric) => {
    for (const reference of [undefined, "labelled"] as const) {
      let missed = 0;
      for (let run = 0; run < 60; run++) {
        // Where there is a reference the scores are twisted, and have to be corrected.
        const chance = reference === undefined ? undefined : (score: number) => score ** 2;
        const current = model(run, 400, chance);
        const labelled = reference === undefined ? {} : { reference: model(10_000 + run, 1500, chance) };
        const answer = estimate(metric, { scores: current.scores, ...labelled });
        if (!answer.ok) throw new Error(answer.reason);
        const truth = realised(metric, current);
        if (truth < answer.interval[0] || truth > answer.interval[1]) missed++;
      }
      expect(missed / 60).toBeLessThan(0.22);
    }
  });

  it("takes calibrated scores as they are, and corrects those that are off, saying so", () => {
    const current = model(1, 2000);
    const plain = estimate("estimated_f1", { scores: current.scores, reference: model(2, 5000) });
    expect(plain).toMatchObject({ ok: true, notes: [] });
    const twisted = estimate("estimated_f1", {
      scores: current.scores,
      reference: model(2, 5000, (score) => score / 3),
    });
    expect(twisted).toMatchObject({ ok: true, notes: [expect.stringContaining("isotonic")] });
    if (plain.ok && twisted.ok) expect(twisted.value).toBeLessThan(plain.value - 0.1);
    expect(estimate("estimated_f1", { scores: current.scores })).toMatchObject({
      notes: [expect.stringContaining("unchecked")],
    });
  });

  it.each<[string, Omit<Predictions, "threshold">, RegExp]>([
    [
      "scores that do not tell the chance of a positive",
      { scores: model(1, 500).scores, reference: model(2, 5000, (score) => 4 * (score - 0.5) ** 2) },
      /off by 0\.\d+ on average/,
    ],
    [
      "scores beyond 0 and 1",
      { scores: model(1, 500).scores.map((x) => x * 3) },
      /\d+ of 500 current scores are not chances/,
    ],
    ["scores that are not numbers", { scores: new Float64Array(50).fill(Number.NaN) }, /50 of 50/],
    [
      "a reference of one class",
      { scores: model(1, 500).scores, reference: model(2, 500, () => 0) },
      /0 positives in 500/,
    ],
    ["too few rows", { scores: model(1, 20).scores }, /20 rows/],
  ])("refuses %s with a reason", (_what, predictions, reason) => {
    const answer = estimate("estimated_auc", predictions);
    expect(answer).toMatchObject({
      ok: false,
      reason: expect.stringMatching(reason),
      settle: expect.stringMatching(/./),
    });
  });

  it("refuses labels that are none", () => {
    const { scores } = model(1, 100);
    expect(() => estimate("estimated_f1", { scores, reference: { scores, labels: scores } })).toThrow(
      /not 0 or 1/,
    );
    expect(() =>
      estimate("estimated_f1", { scores, reference: { scores, labels: new Float64Array(3) } }),
    ).toThrow(/100 scores and 3 labels/);
  });
});

describe("a gate on estimated performance", () => {
  const table = { rows: 0, columns: new Map() };
  const verdict = (gate: string, predictions?: Predictions) =>
    compareDrift(parseGates(gate), {
      reference: table,
      current: table,
      confidence: 0.95,
      ...(predictions && { predictions }),
    }).verdicts[0];

  it("judges the promise against a number, or against what the labelled reference had", () => {
    const { scores } = model(1, 3000);
    const good: Predictions = { scores, threshold, reference: model(2, 5000) };
    expect(verdict("estimated_f1 >= 0.4", good)).toMatchObject({
      verdict: "pass",
      rule: "refute",
      n: 3000,
      baseline: null,
    });
    expect(verdict("estimated_f1 >= 0.95", good)).toMatchObject({ verdict: "fail" });
    const same = verdict("estimated_auc >= baseline - 0.05 [prove]", good);
    expect(same).toMatchObject({
      verdict: "pass",
      baseline: expect.closeTo(aucOf(model(2, 5000).scores, model(2, 5000).labels), 3),
    });
    const blurred = { ...good, scores: scores.map((score) => 0.3 + 0.2 * score) };
    expect(verdict("estimated_auc >= baseline - 0.05", blurred)).toMatchObject({ verdict: "fail" });
  });

  it("is inconclusive without scores, and against a baseline without labels", () => {
    expect(verdict("estimated_f1 >= 0.4")).toMatchObject({ verdict: "inconclusive", observed: null });
    expect(verdict("estimated_f1 >= baseline", { scores: model(1, 100).scores, threshold })?.reason).toMatch(
      /no labelled reference/,
    );
  });
});
