import { multinomial } from "../random/binomial.ts";
import { hashNumbers, xoshiro128 } from "../random/xoshiro.ts";
import { effectiveCells, type Tally } from "./weighted-cells.ts";

/** Replicates; they know a mean of standard deviation s to s/14. */
const replicates = 200;

/**
 * How much a statistic of cell weights that is a maximum grows on average when rows are drawn again: the bootstrap's
 * estimate of its bias (B. Efron, R. J. Tibshirani, "An Introduction to the Bootstrap" (1993), chapter 10). O(cells) a
 * replicate; the seed comes from the cells too, so that the order of the rows does not matter. 0 where the statistic
 * is not defined (NaN) in most replicates.
 */
export function excessOfMaximum(
  tally: Tally,
  statistic: (sums: Float64Array) => number,
  seed: number,
): number {
  const { counts, weights } = effectiveCells(tally);
  const rows = counts.reduce((sum, count) => sum + count, 0);
  const random = xoshiro128(seed, hashNumbers(counts));
  const drawn = new Float64Array(counts.length);
  let [sum, defined] = [0, 0];
  for (let replicate = 0; replicate < replicates; replicate++) {
    multinomial(random, rows, counts, rows, drawn);
    for (let i = 0; i < drawn.length; i++) {
      drawn[i] = (drawn[i] as number) * (weights[i] as number);
    }
    const value = statistic(drawn);
    if (!Number.isNaN(value)) {
      sum += value;
      defined++;
    }
  }
  return defined < replicates / 2 ? 0 : sum / defined - statistic(tally.sums);
}
