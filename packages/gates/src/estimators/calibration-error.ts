import {
  type BinOfRow,
  binsOfEqualMass,
  binsOfEqualWidth,
  calibrationBins,
  expectedCalibrationError,
} from "../metrics/calibration.ts";
import { hashText } from "../random/xoshiro.ts";
import { type NoisyGaps, noisyGaps, replicates } from "../statistics/calibration-noise.ts";
import { effectiveRows } from "../statistics/influence.ts";
import type { Uncertainty } from "../statistics/interval.ts";
import { normalQuantile } from "../statistics/normal.ts";
import { quantileOfSorted } from "../statistics/quantile.ts";
import { firstUnmet, probabilities } from "./requirements.ts";
import type { Estimator, Side } from "./side.ts";

/** Expected calibration error in bins of equal width or of equal mass. */
export function calibrationError(kind: "width" | "mass"): Estimator {
  const binsOf = ({ scores, ranking }: Side): BinOfRow =>
    kind === "width" ? binsOfEqualWidth(scores) : binsOfEqualMass(ranking);
  const binned = (side: Side) => ({ scores: side.scores, bins: binsOf(side) });
  return {
    undefinedFor: firstUnmet([probabilities]),
    value: (side) => expectedCalibrationError(side.labels, side.scores, binsOf(side), side.weights),
    uncertainty(candidate, baseline, factor, seed) {
      const seeds = [seed, hashText(`ece ${kind}`)];
      const [a, b] = noisyGaps(candidate, [binned(candidate), baseline && binned(baseline)], seeds);
      return baseline === null ? ofOne(a) : ofDifference(a, b, factor, effectiveRows(candidate));
    },
  };
}

/** Σ |share·gap + noise| over the bins, in every replicate: the calibration errors that would be seen if the true gaps
 * were this share of those seen. */
function errorsAt({ gaps, noise }: NoisyGaps, share: number): Float64Array {
  const errors = new Float64Array(replicates);
  for (let replicate = 0; replicate < replicates; replicate++) {
    let sum = 0;
    for (let bin = 0; bin < calibrationBins; bin++) {
      sum += Math.abs(share * (gaps[bin] as number) + (noise[replicate * calibrationBins + bin] as number));
    }
    errors[replicate] = sum;
  }
  return errors;
}

function seen({ gaps }: NoisyGaps): number {
  return gaps.reduce((sum, gap) => sum + Math.abs(gap), 0);
}

/** The share of the seen gaps, 0 at least, under which the error seen is the quantile `q` of those to be seen. */
function shareFor(model: NoisyGaps, q: number): number {
  const observed = seen(model);
  const isAbove = (share: number): boolean => quantileOfSorted(errorsAt(model, share).sort(), q) > observed;
  if (observed === 0 || isAbove(0)) {
    return 0;
  }
  let [low, high] = [0, 1];
  for (; !isAbove(high); high *= 2) {
    low = high;
  }
  for (let step = 0; step < 20; step++) {
    const middle = (low + high) / 2;
    [low, high] = isAbove(middle) ? [low, middle] : [middle, high];
  }
  return (low + high) / 2;
}

/**
 * An expected calibration error adds up what chance puts into each bin, so that on few rows a perfectly calibrated model
 * has one well above 0, and an interval around it would accuse it. The lower end is a test's inversion along a ray: of
 * the models whose gaps are a share of the gaps seen, the one under which an error as large as seen has probability
 * 1 − confidence (ours; a ray is one direction out of 15, the one that the data points to). Above, what was seen is
 * no less than the truth on average (Jensen's inequality), so that the upper end is the plain normal one.
 */
function ofOne(model: NoisyGaps): Uncertainty {
  const observed = seen(model);
  const se = spread(errorsAt(model, 1));
  return {
    se,
    at(confidence) {
      return {
        low: observed * Math.min(1, shareFor(model, confidence)),
        high: observed + normalQuantile(confidence) * se,
      };
    },
  };
}

/** Normal around two centres: the difference seen, and that of the models whose gaps are the shares that chance makes
 * look as large as seen in half of the samples. The one is right where both models owe as much to chance, the other where
 * they do not, and neither can be told from the sample. */
function ofDifference(a: NoisyGaps, b: NoisyGaps, factor: number, rows: number): Uncertainty {
  const ofB = errorsAt(b, 1);
  const drawn = spread(errorsAt(a, 1).map((error, i) => error - factor * (ofB[i] as number)));
  // Where no replicate differs, which on few rows is more than they show: as if one row had.
  const se = drawn > 1e-9 ? drawn : 1 / rows;
  const observed = seen(a) - factor * seen(b);
  const shrunk = shareFor(a, 0.5) * seen(a) - factor * shareFor(b, 0.5) * seen(b);
  return {
    se,
    at(confidence) {
      const half = normalQuantile(confidence) * se;
      return { low: Math.min(observed, shrunk) - half, high: Math.max(observed, shrunk) + half };
    },
  };
}

function spread(values: Float64Array): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1));
}
