import { multinomial } from "../random/binomial.ts";
import { hashNumbers, xoshiro128 } from "../random/xoshiro.ts";
import { effectiveCells, type Tally } from "./weighted-cells.ts";

/** Replicates; they know a mean of standard deviation s to s/14. */
const replicates = 200;

/** Of how much more a largest gap between distributions shows than there is, how much a replicate drawn from the sample
 * shows again: of two equal distributions 1/√2 of the noise is in the sample already, and √2 − 1 is added. Of a gap
 * with a rounded peak 2^(2/3) − 1 = 0.59 is (the maximum of a Brownian motion less a parabola grows as its variance to
 * the 2/3), so that dividing by the smaller takes off too much rather than too little. */
export const shownAgain = Math.SQRT2 - 1;

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
