/**
 * What is known about an estimate. Every bound is one-sided at `confidence`: the truth lies below `low` in at most
 * 1 − confidence of samples, and above `high` in at most as many, so that a gate, which looks at one side, errs no
 * more often than that. The two together cover 2·confidence − 1 (90 % at the default 0.95).
 */
export interface Interval {
  /** −Infinity where the sample cannot bound the value. */
  low: number;
  /** Infinity where the sample cannot bound the value. */
  high: number;
  /** Standard error of the estimate. */
  se: number;
}

/** Confidence and the normal quantile that goes with it, and the seed of everything random. */
export interface Level {
  confidence: number;
  z: number;
  seed: number;
}

export function normalInterval(value: number, se: number, { z }: Level): Interval {
  return { low: value - z * se, high: value + z * se, se };
}
