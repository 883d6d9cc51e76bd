import { normalQuantile } from "./normal.ts";

/** An interval whose every end is one-sided at its confidence: the truth lies below `low` in at most 1 − confidence of
 * samples, and above `high` in at most as many, so that a gate, which looks at one side, errs no more often than that.
 * The two together cover 2·confidence − 1 (90 % at the default 0.95). */
export interface Ends {
  /** −Infinity where the sample cannot bound the value. */
  low: number;
  /** Infinity where the sample cannot bound the value. */
  high: number;
}

/** What is known about an estimate, at any confidence from 0.5 to below 1 and at no further cost: replicates are drawn
 * and influences summed once. A higher confidence has an interval at least as wide. */
export interface Uncertainty {
  /** Standard error of the estimate; Infinity where the sample does not tell. */
  readonly se: number;
  at(confidence: number): Ends;
}

/** Of a sample that does not tell. */
export const unknowable: Uncertainty = {
  se: Number.POSITIVE_INFINITY,
  at: () => ({ low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY }),
};

/** Of an estimate that is normal around the truth. */
export function normalUncertainty(value: number, se: number): Uncertainty {
  return se === Number.POSITIVE_INFINITY
    ? unknowable
    : {
        se,
        at(confidence) {
          const half = normalQuantile(confidence) * se;
          return { low: value - half, high: value + half };
        },
      };
}

/** The same knowledge read on another scale: every end goes through an increasing function. The standard error stays
 * the estimate's own. */
export function onScale({ se, at }: Uncertainty, scale: (end: number) => number): Uncertainty {
  return {
    se,
    at(confidence) {
      const { low, high } = at(confidence);
      return { low: scale(low), high: scale(high) };
    },
  };
}

/** Half the width at 95 % a side in normal standard errors: what a method without a standard error has for one. */
export function seFromWidth(at: Uncertainty["at"]): number {
  const { low, high } = at(0.95);
  return (high - low) / (2 * normalQuantile(0.95));
}
