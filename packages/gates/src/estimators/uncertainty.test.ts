import { describe, expect, it } from "vitest";
import { rankers } from "../evaluate/models.testing.ts";
import { xoshiro128 } from "../random/xoshiro.ts";
import { poissonBootstrap } from "../statistics/poisson-bootstrap.testing.ts";
import type { Task } from "../types.ts";
import { estimatorFor } from "./registry.ts";
import { type Estimator, Side } from "./side.ts";

function estimator(task: Task, name: string): Estimator {
  return estimatorFor(task, name) as Estimator;
}

/** A tenth of the rows weigh ten times as much. */
function weightsOf(n: number, seed: number): Float64Array {
  const random = xoshiro128(seed, 77);
  return Float64Array.from({ length: n }, () => (random.uniform() < 0.1 ? 5 : 0.5));
}

describe("standard errors agree with the row bootstrap", () => {
  const n = 1500;
  const weights = weightsOf(n, 1);
  const { labels, candidate, baseline } = rankers(n, 3);
  const random = xoshiro128(9);
  const values = labels.map(() => 10 + 3 * random.uniform());
  const noisy = (by: number) => values.map((value) => value + by * (random.uniform() - 0.5) ** 3);
  const classes = labels.map((label) => label + 2 * Math.floor(2 * random.uniform()));
  const byClass = (lift: number) =>
    Float64Array.from({ length: 4 * n }, (_, i) => random.uniform() + (classes[i >> 2] === i % 4 ? lift : 0));
  const models = {
    binary: [labels, candidate, baseline, 2],
    regression: [values, noisy(9), noisy(11), 0],
    multiclass: [classes, byClass(0.4), byClass(0.5), 4],
  } as const;

  it.each([
    ["binary", "auc"],
    ["binary", "average_precision"],
    ["binary", "accuracy"],
    ["binary", "f2"],
    ["binary", "mcc"],
    ["binary", "precision"],
    ["binary", "log_loss"],
    ["multiclass", "macro_f1"],
    ["multiclass", "top2_accuracy"],
    ["regression", "rmse"],
    ["regression", "r2"],
    ["regression", "quantile_loss.p90"],
  ] as const)("of %s %s, weighted and not, of one model and of two", (task, name) => {
    const [truth, ofA, ofB, count] = models[task];
    const side = (scores: Float64Array, w: Float64Array | null): Side =>
      new Side({ labels: truth, scores, classes: count, threshold: 0.6, weights: w });
    const { value, uncertainty } = estimator(task, name);
    for (const own of [null, weights]) {
      for (const paired of [false, true]) {
        const drawn = poissonBootstrap(
          n,
          0,
          (times) => {
            const w = Float64Array.from(
              times,
              (count, row) => count * (own === null ? 1 : (own[row] as number)),
            );
            return value(side(ofA, w)) - (paired ? value(side(ofB, w)) : 0);
          },
          [paired ? 4 : 2],
        );
        const { se } = uncertainty(side(ofA, own), paired ? side(ofB, own) : null, 1, 0);
        // 400 replicates know a standard error to 3.5 %; some 400 effective rows leave terms of higher order.
        expect(Math.abs(se / drawn.se - 1), `${own === null ? "" : "weighted"} ${paired}`).toBeLessThan(0.15);
      }
    }
  });
});

describe("either end of an interval errs about as rarely as asked for at 400 rows", () => {
  const sides = (seed: number, weighted: boolean, lift: number): [Side, Side] => {
    const { labels, candidate, baseline } = rankers(400, seed, lift, lift);
    const make = (scores: Float64Array) =>
      new Side({
        labels,
        scores,
        classes: 2,
        threshold: 0.6,
        weights: weighted ? weightsOf(400, seed) : null,
      });
    return [make(candidate), make(baseline)];
  };

  // 200 runs know a share of 5 % to 1.5 %; 11 % is three of those and what asymptotics miss, 7 % for the KS.
  it.each([
    { name: "ks", weighted: false, lift: 1, truth: 0.3829 },
    { name: "ks", weighted: false, lift: 2.5, truth: 0.7887 },
    { name: "average_precision", weighted: false, lift: 1, truth: 0.5835 },
    { name: "auc", weighted: true, lift: 1, truth: 0.7602 },
    { name: "accuracy", weighted: true, lift: 1, truth: null },
    { name: "f1", weighted: true, lift: 1, truth: null },
    { name: "average_precision", weighted: true, lift: 1, truth: null },
  ])("$name, weighted: $weighted, lift $lift", ({ name, weighted, lift, truth }) => {
    const { uncertainty } = estimator("binary", name);
    const [runs, missed] = [200, { low: 0, high: 0 }];
    for (let seed = 1; seed <= runs; seed++) {
      const [a, b] = sides(seed, weighted, lift);
      // Without a truth: two equally good models.
      const { low, high } = uncertainty(a, truth === null ? b : null, 1, 0).at(0.95);
      missed.low += (truth ?? 0) < low ? 1 / runs : 0;
      missed.high += (truth ?? 0) > high ? 1 / runs : 0;
    }
    expect(missed.low).toBeLessThan(0.11);
    expect(missed.high).toBeLessThan(0.11);
  });

  it("ece of a perfectly calibrated model is hardly ever proven to be above 0", () => {
    const { uncertainty } = estimator("binary", "ece");
    const runs = 120;
    let accused = 0;
    for (let seed = 1; seed <= runs; seed++) {
      const random = xoshiro128(seed);
      const scores = Float64Array.from({ length: 300 }, () => random.uniform());
      const labels = scores.map((score) => (random.uniform() < score ? 1 : 0));
      const { low } = uncertainty(new Side({ labels, scores, classes: 2, threshold: 0.5 }), null, 1, 0).at(
        0.95,
      );
      accused += low > 0 ? 1 / runs : 0;
    }
    expect(accused).toBeLessThan(0.1);
  });
});
