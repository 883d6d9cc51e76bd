import { hashNumbers, hashText } from "../random/xoshiro.ts";
import { normalInterval } from "../statistics/interval.ts";
import { poissonBootstrapSe } from "../statistics/poisson-bootstrap.ts";
import { firstUnmet, type Requirement } from "./requirements.ts";
import type { Estimator, Side } from "./side.ts";

interface ResampledMetric {
  name: string;
  /** Without weights every row counts once. */
  value: (side: Side, weights?: Uint8Array) => number;
  needs?: readonly Requirement[];
}

/** A metric whose error has no handy formula: normal interval with the standard error of the row bootstrap. */
export function resampled({ name, value, needs = [] }: ResampledMetric): Estimator {
  return {
    undefinedFor: firstUnmet(needs),
    value: (side) => value(side),
    interval(candidate, baseline, factor, level) {
      const statistic = (weights?: Uint8Array): number =>
        value(candidate, weights) - (baseline === null ? 0 : factor * value(baseline, weights));
      const rows = candidate.labels.length;
      const seeds = [
        level.seed,
        hashText(`${name} ${factor}`),
        hashNumbers(candidate.labels),
        hashNumbers(candidate.scores),
        baseline === null ? 0 : hashNumbers(baseline.scores),
      ];
      const se = poissonBootstrapSe(rows, statistic, seeds);
      // Where no replicate differs, which on few rows is more than they show: as if one row of the rarer class had.
      return normalInterval(statistic(), se > 1e-12 ? se : 1 / rarerClass(candidate), level);
    },
  };
}

function rarerClass({ labels }: Side): number {
  const positives = labels.reduce((sum, label) => sum + label, 0);
  return Math.max(1, Math.min(positives, labels.length - positives));
}
