import { type Random, xoshiro128 } from "../random/xoshiro.ts";

/** Row weights drawn in all at most, so that a million rows take a second or two; never fewer than 100 replicates,
 * which know the standard error to 7 % (1/sqrt(2·100)), nor more than 400 (3.5 %). */
const weightsAllowed = 20_000_000;

/**
 * Standard error and bias of a statistic of weighted rows by the Poisson bootstrap: every replicate gives each row an
 * independent Poisson(1) weight, which for many rows is drawing rows with replacement, but reads them in order.
 * Source: N. Chamandy, O. Muralidharan, A. Najmi, S. Naidu, "Estimating uncertainty for massive data streams",
 * Google technical report (2012). Bias: mean of the replicates − observed (Efron & Tibshirani 1993, chapter 10).
 * O(rows) a replicate; replicates in which the statistic is NaN are left out.
 */
export function poissonBootstrap(
  rows: number,
  observed: number,
  statistic: (weights: Uint8Array) => number,
  seeds: readonly number[],
): { se: number; bias: number } {
  const random = xoshiro128(...seeds);
  const replicates = Math.round(Math.min(400, Math.max(100, weightsAllowed / rows)));
  const weights = new Uint8Array(rows);
  let [defined, mean, squares] = [0, 0, 0];
  for (let i = 0; i < replicates; i++) {
    fillPoisson(random, weights);
    const value = statistic(weights);
    if (!Number.isNaN(value)) {
      // Welford's update.
      defined++;
      const step = value - mean;
      mean += step / defined;
      squares += step * (value - mean);
    }
  }
  return defined < replicates / 2
    ? { se: Number.POSITIVE_INFINITY, bias: 0 }
    : { se: Math.sqrt(squares / (defined - 1)), bias: mean - observed };
}

/** The Poisson(1) quantile of 16 random bits. Chances are rounded to 2⁻¹⁶, which changes the weights' variance by less
 * than 10⁻⁴ and leaves weights above 8 out. */
const weightOfBits = (() => {
  const table = new Uint8Array(65536);
  let term = Math.exp(-1);
  let sum = term;
  for (let bits = 0, k = 0; bits < table.length; bits++) {
    while (bits + 0.5 >= sum * 65536) {
      k++;
      term /= k;
      sum += term;
    }
    table[bits] = k;
  }
  return table;
})();

function fillPoisson(random: Random, weights: Uint8Array): void {
  for (let i = 0; i < weights.length; i += 2) {
    const bits = random.uint32();
    weights[i] = weightOfBits[bits & 0xffff] as number;
    weights[i + 1] = weightOfBits[bits >>> 16] as number;
  }
}
