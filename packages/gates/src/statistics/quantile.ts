import { binomialCdf } from "./binomial-tail.ts";
import { type Ends, seFromWidth, type Uncertainty } from "./interval.ts";

/** The q-quantile of ascending values as the smallest value that at least the share q does not exceed (inverse of
 * the empirical distribution, Hyndman & Fan's type 1): always a value that was seen. */
export function quantileOfSorted(sorted: Float64Array, q: number): number {
  return sorted[rankOf(sorted.length, q)] as number;
}

/** The tolerance keeps 0.07 · 100 = 7.000000000000001 from counting as 8. */
function rankOf(n: number, q: number): number {
  return Math.min(n - 1, Math.max(0, Math.ceil(n * q - 1e-9) - 1));
}

/**
 * Distribution-free interval of a quantile between order statistics: the r-th smallest of n values lies at or below
 * the q-quantile with the chance that a binomial(n, q) is at least r.
 * Source: H. A. David, H. N. Nagaraja, "Order Statistics", 3rd edition (2003), section 7.1.
 * A sample too small for the quantile has an end at ±Infinity: the p99 has an upper bound from 299 values on.
 */
export function quantileInterval(sorted: Float64Array, q: number, confidence: number): Ends {
  const n = sorted.length;
  const tail = 1 - confidence;
  // Largest r with P(X ≥ r) ≥ confidence, that is P(X ≤ r − 1) ≤ tail.
  const lowRank = firstRank(n, (r) => binomialCdf(r - 1, n, q) > tail) - 1;
  // Smallest r with P(X ≤ r − 1) ≥ confidence.
  const highRank = firstRank(n, (r) => binomialCdf(r - 1, n, q) >= confidence);
  const low = lowRank < 1 ? Number.NEGATIVE_INFINITY : (sorted[lowRank - 1] as number);
  const high = highRank > n ? Number.POSITIVE_INFINITY : (sorted[highRank - 1] as number);
  return { low, high };
}

/** The same at any confidence. */
export function quantileUncertainty(sorted: Float64Array, q: number): Uncertainty {
  const at = (confidence: number) => quantileInterval(sorted, q, confidence);
  return { at, se: seFromWidth(at) };
}

/** Smallest rank from 1 to n for which the monotone condition holds, n + 1 when none. */
function firstRank(n: number, holds: (rank: number) => boolean): number {
  let low = 1;
  let high = n + 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (holds(middle)) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return low;
}

/** Values needed before the q-quantile has an upper bound at this confidence: the smallest n with qⁿ ≤ 1 − confidence. */
export function valuesForUpperBound(q: number, confidence: number): number {
  return Math.ceil(Math.log(1 - confidence) / Math.log(q));
}
