import { multinomial } from "../random/binomial.ts";
import { hashNumbers, hashText, xoshiro128 } from "../random/xoshiro.ts";
import { type Uncertainty, unknowable } from "./interval.ts";
import { normalQuantile } from "./normal.ts";
import { quantileOfSorted } from "./quantile.ts";

export interface Cells {
  /** Name of what is estimated; part of the seed. */
  name: string;
  /** Rows of each cell. */
  counts: Float64Array;
  /** Added to every cell before drawing (A. Agresti, Y. Min, Biometrics 61 (2005) add 1/2 to each cell of a matched
   * pair of proportions): without it a sample in which no row differs would claim to know the difference exactly. */
  smoothing: number;
}

/** Replicates while cells are few; one replicate costs O(cells). */
const mostReplicates = 2000;
const fewestReplicates = 200;
const drawsAllowed = 10_000_000;

/**
 * Percentile bootstrap of a statistic that depends on rows only through the counts of cells. Drawing multinomial
 * cell counts has the same distribution as drawing rows, and costs O(cells) a replicate instead of O(rows)
 * (B. Efron, R. J. Tibshirani, "An Introduction to the Bootstrap" (1993), chapters 6 and 13). The seed comes from
 * the counts, so that the order of the rows does not matter. Replicates in which the statistic is undefined (NaN)
 * are left out; when that is most of them nothing is known.
 */
export function cellBootstrap(
  cells: Cells,
  statistic: (counts: Float64Array) => number,
  seed: number,
): Uncertainty {
  const { counts, smoothing } = cells;
  const weights = counts.map((count) => count + smoothing);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const rows = counts.reduce((sum, count) => sum + count, 0);
  const random = xoshiro128(seed, hashText(cells.name), hashNumbers(counts));
  const replicates = Math.round(
    Math.min(mostReplicates, Math.max(fewestReplicates, drawsAllowed / counts.length)),
  );
  const draw = new Float64Array(counts.length);
  const values = new Float64Array(replicates);
  let defined = 0;
  for (let i = 0; i < replicates; i++) {
    multinomial(random, rows, weights, total, draw);
    const value = statistic(draw);
    if (!Number.isNaN(value)) {
      values[defined++] = value;
    }
  }
  return defined < replicates / 2
    ? unknowable
    : percentileUncertainty(values.subarray(0, defined).sort(), statistic(counts));
}

/** Replicates beyond an end at least, so that its rank is known to a third (1/sqrt 10). */
const fewestBeyond = 10;

/**
 * Percentiles of ascending replicates, as far out as there are replicates to tell; farther out, where a family of many
 * questions asks, the distance of the last such percentile from the median grows as a normal tail does. The observed
 * value always lies within, which smoothing alone would not promise.
 */
function percentileUncertainty(sorted: Float64Array, observed: number): Uncertainty {
  const mean = sorted.reduce((sum, value) => sum + value, 0) / sorted.length;
  const squares = sorted.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  const farthest = 1 - fewestBeyond / sorted.length;
  const median = quantileOfSorted(sorted, 0.5);
  return {
    se: Math.sqrt(squares / (sorted.length - 1)),
    at(confidence) {
      const told = Math.min(confidence, farthest);
      const stretch = confidence > farthest ? normalQuantile(confidence) / normalQuantile(farthest) : 1;
      const end = (share: number) => median + stretch * (quantileOfSorted(sorted, share) - median);
      return { low: Math.min(observed, end(1 - told)), high: Math.max(observed, end(told)) };
    },
  };
}
