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

function root(difference: (p: number) => number): number {
  return bisect(difference, 0, 1, 100, 1e-12);
}
