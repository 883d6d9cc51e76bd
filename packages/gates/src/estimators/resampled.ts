import { hashNumbers, hashText } from "../random/xoshiro.ts";
import { normalUncertainty } from "../statistics/interval.ts";
import { poissonBootstrap } from "../statistics/poisson-bootstrap.ts";
import { firstUnmet, type Requirement } from "./requirements.ts";
import type { Estimator, Side } from "./side.ts";

interface ResampledMetric {
  name: string;
  /** Without weights every row counts once. */
  value: (side: Side, weights?: Uint8Array) => number;
  needs?: readonly Requirement[];
}

/** A metric whose error has no handy formula: normal interval with the standard error of the row
 * bootstrap, its bias taken off (average precision, KS and ECE come out too high on few rows). In our simulations each end
 * erred in 5 to 8 % of samples for average precision from 400 rows on, but for the KS of one model still in 10 % at
 * 3,000, where 5 % were asked for; differences between models are better. */
export function resampled({ name, value, needs = [] }: ResampledMetric): Estimator {
  return {
    undefinedFor: firstUnmet(needs),
    value: (side) => value(side),
    uncertainty(candidate, baseline, factor, seed) {
      const statistic = (weights?: Uint8Array): number =>
        value(candidate, weights) - (baseline === null ? 0 : factor * value(baseline, weights));
      const rows = candidate.labels.length;
      const seeds = [
        seed,
        hashText(`${name} ${factor}`),
        hashNumbers(candidate.labels),
        hashNumbers(candidate.scores),
        baseline === null ? 0 : hashNumbers(baseline.scores),
      ];
      const observed = statistic();
      const spread = poissonBootstrap(rows, observed, statistic, seeds);
      // Where no replicate differs, which on few rows is more than they show: as if one row of the rarer class had.
      const se = spread.se > 1e-12 ? spread.se : 1 / rarerClass(candidate);
      const unbiased = normalUncertainty(observed - spread.bias, se);
      return {
        se,
        at(confidence) {
          const { low, high } = unbiased.at(confidence);
          // What was seen lies within, also where the bias is as large as the error.
          return { low: Math.min(low, observed), high: Math.max(high, observed) };
        },
      };
    },
  };
}

function rarerClass({ labels }: Side): number {
  const positives = labels.reduce((sum, label) => sum + label, 0);
  return Math.max(1, Math.min(positives, labels.length - positives));
}
