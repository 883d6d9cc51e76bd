import { type Random, xoshiro128 } from "../random/xoshiro.ts";
import type { Evaluation } from "./evaluation.ts";

export interface TwoModels extends Evaluation {
  labels: Float64Array;
  candidate: Float64Array;
  baseline: Float64Array;
}

/** A standard normal number (G. E. P. Box, M. E. Muller 1958). */
export function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(random.uniform())) * Math.cos(2 * Math.PI * random.uniform());
}

/** Two classifiers of the same kind on n rows: each is right on a row of a class with chance 1 − error, and both make
 * part of their mistakes on the same rows. `candidateError` above `error` makes a worse candidate. */
export function classifiers(n: number, seed: number, candidateError = 0.15, error = 0.15): TwoModels {
  const random = xoshiro128(seed, n);
  const labels = new Float64Array(n);
  const candidate = new Float64Array(n);
  const baseline = new Float64Array(n);
  const shared = 0.5;
  for (let i = 0; i < n; i++) {
    const label = random.uniform() < 0.3 ? 1 : 0;
    const hard = random.uniform() < error * shared;
    const own = (rate: number) => hard || random.uniform() < (rate - error * shared) / (1 - error * shared);
    labels[i] = label;
    candidate[i] = own(candidateError) ? 1 - label : label;
    baseline[i] = own(error) ? 1 - label : label;
  }
  return { task: "binary", labels, candidate, baseline, threshold: 0.5 };
}

/** Two rankers: scores of positives lie `lift` (candidate) and `baselineLift` higher, half of the noise shared. */
export function rankers(n: number, seed: number, lift = 1, baselineLift = 1): TwoModels {
  const random = xoshiro128(seed, n);
  const labels = Float64Array.from({ length: n }, () => (random.uniform() < 0.3 ? 1 : 0));
  const shared = labels.map(() => normal(random));
  const scores = (by: number): Float64Array =>
    labels.map((label, i) => {
      const raw = label * by + (shared[i] as number) * Math.SQRT1_2 + normal(random) * Math.SQRT1_2;
      return 1 / (1 + Math.exp(-raw));
    });
  return { task: "binary", labels, candidate: scores(lift), baseline: scores(baselineLift), threshold: 0.6 };
}
