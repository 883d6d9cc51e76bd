import { bisect } from "simple-statistics";
import { binomialCdf } from "./binomial-tail.ts";
import { type Ends, seFromWidth, type Uncertainty } from "./interval.ts";

/**
 * Exact interval of a proportion from `count` successes in `n` > 0 independent trials.
 * Source: C. J. Clopper, E. S. Pearson, Biometrika 26 (1934): each end is the chance under which what was seen, or
 * more of it, has probability 1 − confidence. Never covers less than it says, whatever n and the proportion.
 */
export function proportionInterval(count: number, n: number, confidence: number): Ends {
  const tail = 1 - confidence;
  return {
    low: count === 0 ? 0 : root((p) => 1 - binomialCdf(count - 1, n, p) - tail),
    high: count === n ? 1 : root((p) => binomialCdf(count, n, p) - tail),
  };
}

/** The same at any confidence. At 0 and n the plain standard error is 0; the interval's own width says how much is
 * unknown. */
export function proportionUncertainty(count: number, n: number): Uncertainty {
  const at = (confidence: number) => proportionInterval(count, n, confidence);
  const p = count / n;
  return { at, se: count === 0 || count === n ? seFromWidth(at) : Math.sqrt((p * (1 - p)) / n) };
}

/** Weight of the rows that a proportion counts, and of those that it counts them among, each Σw and Σw². */
export interface Among {
  count: number;
  total: number;
  countSquares: number;
  totalSquares: number;
}

/**
 * The same where rows weigh differently: of as many trials as would know the proportion as well, n = p(1 − p)/var with
 * var = ((1 − p)²·Σw² counted + p²·Σw² of the others) / (Σw)², or (Σw)²/Σw² at 0 and 1. Without weights those are the
 * rows. Source: E. L. Korn, B. I. Graubard, "Confidence intervals for proportions with small expected number of
 * positive counts estimated from survey data", Survey Methodology 24 (1998).
 */
export function weightedProportion({ count, total, countSquares, totalSquares }: Among): Uncertainty {
  const p = Math.min(1, count / total);
  const spread = (1 - p) ** 2 * countSquares + p ** 2 * (totalSquares - countSquares);
  const n = p === 0 || p === 1 ? total ** 2 / totalSquares : (p * (1 - p) * total ** 2) / spread;
  // Counts that rounding has moved a little are what they were.
  const rows = Math.abs(n - Math.round(n)) < 1e-9 * n ? Math.round(n) : n;
  const counted = Math.abs(p * rows - Math.round(p * rows)) < 1e-9 * rows ? Math.round(p * rows) : p * rows;
  return proportionUncertainty(counted, rows);
}

function root(difference: (p: number) => number): number {
  return bisect(difference, 0, 1, 100, 1e-12);
}
