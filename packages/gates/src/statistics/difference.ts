import type { Uncertainty } from "./interval.ts";

/**
 * Uncertainty of a − factor·b for independent estimates a and b from the interval of each.
 * Source: G. Y. Zou, A. Donner, "Construction of confidence limits about effect measures: a general approach",
 * Statistics in Medicine 27 (2008), equations 4 and 5 (MOVER); Newcombe's method 10 is the case of two proportions.
 */
export function independentDifference(
  a: { value: number; uncertainty: Uncertainty },
  b: { value: number; uncertainty: Uncertainty },
  factor: number,
): Uncertainty {
  const difference = a.value - factor * b.value;
  return {
    se: Math.hypot(a.uncertainty.se, factor * b.uncertainty.se),
    at(confidence) {
      const [ofA, ofB] = [a.uncertainty.at(confidence), b.uncertainty.at(confidence)];
      return {
        low: difference - Math.hypot(a.value - ofA.low, factor * (ofB.high - b.value)),
        high: difference + Math.hypot(ofA.high - a.value, factor * (b.value - ofB.low)),
      };
    },
  };
}
