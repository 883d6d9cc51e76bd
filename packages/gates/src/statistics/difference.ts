import type { Interval } from "./interval.ts";

/**
 * Interval of a − factor·b for independent estimates a and b from the interval of each.
 * Source: G. Y. Zou, A. Donner, "Construction of confidence limits about effect measures: a general approach",
 * Statistics in Medicine 27 (2008), equations 4 and 5 (MOVER); Newcombe's method 10 is the case of two proportions.
 */
export function independentDifference(
  a: { value: number; interval: Interval },
  b: { value: number; interval: Interval },
  factor: number,
): Interval {
  const difference = a.value - factor * b.value;
  const down = Math.hypot(a.value - a.interval.low, factor * (b.interval.high - b.value));
  const up = Math.hypot(a.interval.high - a.value, factor * (b.value - b.interval.low));
  return {
    low: difference - down,
    high: difference + up,
    se: Math.hypot(a.interval.se, factor * b.interval.se),
  };
}
