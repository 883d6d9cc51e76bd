import { multinomial } from "../random/binomial.ts";
import { hashNumbers, hashText, xoshiro128 } from "../random/xoshiro.ts";
import type { Interval, Level } from "./interval.ts";
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
  level: Level,
): Interval {
  const { counts, smoothing } = cells;
  const weights = counts.map((count) => count + smoothing);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const rows = counts.reduce((sum, count) => sum + count, 0);
  const random = xoshiro128(level.seed, hashText(cells.name), hashNumbers(counts));
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
  if (defined < replicates / 2) {
    return { low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY, se: Number.POSITIVE_INFINITY };
  }
  return summarise(values.subarray(0, defined).sort(), statistic(counts), level);
}

/** The observed value always lies within, which smoothing alone would not promise. */
function summarise(sorted: Float64Array, observed: number, { confidence }: Level): Interval {
  const mean = sorted.reduce((sum, value) => sum + value, 0) / sorted.length;
  const squares = sorted.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return {
    low: Math.min(observed, quantileOfSorted(sorted, 1 - confidence)),
    high: Math.max(observed, quantileOfSorted(sorted, confidence)),
    se: Math.sqrt(squares / (sorted.length - 1)),
  };
}
