import { independentDifference } from "./difference.ts";
import { type Ends, seFromWidth, type Uncertainty } from "./interval.ts";
import { normalQuantile } from "./normal.ts";

/** Score interval of a proportion, `count` of `n` > 0: E. B. Wilson, JASA 22 (1927). Each end one-sided. */
export function wilsonInterval(count: number, n: number, confidence: number): Ends {
  const z = normalQuantile(confidence);
  const p = count / n;
  const half = z * Math.sqrt((p * (1 - p)) / n + (z * z) / (4 * n * n));
  const centre = p + (z * z) / (2 * n);
  const scale = 1 + (z * z) / n;
  return { low: Math.max(0, (centre - half) / scale), high: Math.min(1, (centre + half) / scale) };
}

/** `count` of `n` > 0 independent trials. */
export interface Proportion {
  count: number;
  n: number;
}

/**
 * Difference first − second of two proportions of independent samples, from the score interval of each.
 * Source: R. G. Newcombe, "Interval estimation for the difference between independent proportions", Statistics in
 * Medicine 17 (1998) 873–890, method 10.
 */
export function unpairedDifference(first: Proportion, second: Proportion): Uncertainty {
  const alone = ({ count, n }: Proportion) => {
    const at = (confidence: number) => wilsonInterval(count, n, confidence);
    const p = count / n;
    return { value: p, uncertainty: { se: Math.sqrt((p * (1 - p)) / n), at } };
  };
  return independentDifference(alone(first), alone(second), 1);
}

/** Rows by which of two models is right (or positive). */
export interface Pairs {
  both: number;
  firstOnly: number;
  secondOnly: number;
  neither: number;
}

/**
 * Difference first − second of two proportions on the same rows, more than 0: score intervals of each, joined by the
 * correlation φ of the pairs, which is brought nearer to 0 by a continuity correction when it is positive.
 * Source: R. G. Newcombe, "Improved confidence intervals for the difference between binomial proportions based on paired
 * data", Statistics in Medicine 17 (1998) 2635–2650, method 10.
 */
export function pairedDifference(pairs: Pairs): Uncertainty {
  const { both, firstOnly, secondOnly, neither } = pairs;
  const n = both + firstOnly + secondOnly + neither;
  const [first, second] = [(both + firstOnly) / n, (both + secondOnly) / n];
  const phi = correlation(pairs);
  const at = (confidence: number): Ends => {
    const a = wilsonInterval(both + firstOnly, n, confidence);
    const b = wilsonInterval(both + secondOnly, n, confidence);
    return {
      low: first - second - joined(first - a.low, b.high - second, phi),
      high: first - second + joined(a.high - first, second - b.low, phi),
    };
  };
  const variance = ((firstOnly + secondOnly) / n - (first - second) ** 2) / n;
  return { at, se: variance > 0 ? Math.sqrt(variance) : seFromWidth(at) };
}

function joined(own: number, other: number, phi: number): number {
  return Math.sqrt(Math.max(0, own ** 2 - 2 * phi * own * other + other ** 2));
}

function correlation({ both, firstOnly, secondOnly, neither }: Pairs): number {
  const n = both + firstOnly + secondOnly + neither;
  const margins =
    Math.sqrt(both + firstOnly) *
    Math.sqrt(secondOnly + neither) *
    Math.sqrt(both + secondOnly) *
    Math.sqrt(firstOnly + neither);
  const product = both * neither - firstOnly * secondOnly;
  const corrected = product > 0 ? Math.max(0, product - n / 2) : product;
  return margins === 0 ? 0 : corrected / margins;
}
