import type { Numbers } from "./numbers.ts";
import type { Ranking } from "./ranking.ts";

/** As in Guo et al. 2017, whose number of bins became the habit. */
export const calibrationBins = 15;

/** The bin of every row, by row number. */
export type BinOfRow = Uint8Array;

/** 15 bins of equal width [b/15, (b+1)/15), 1 in the last. Scores within 0 to 1. O(n). */
export function binsOfEqualWidth(scores: Numbers): BinOfRow {
  const bins = new Uint8Array(scores.length);
  for (let i = 0; i < bins.length; i++) {
    bins[i] = Math.min(calibrationBins - 1, Math.floor((scores[i] as number) * calibrationBins));
  }
  return bins;
}

/**
 * 15 bins of equal mass: between the quantiles b/15 of the scores, upper end included, each a score that was seen
 * (the inverse of the distribution function, weighted). Rows of equal score share a bin, so that the
 * order of the rows does not matter; with many ties bins differ in mass and some are empty. O(n).
 */
export function binsOfEqualMass({ order, tieEnd, weights }: Ranking): BinOfRow {
  const n = order.length;
  let total = n;
  if (weights !== null) {
    total = 0;
    for (let i = 0; i < n; i++) {
      total += weights[i] as number;
    }
  }
  const bins = new Uint8Array(n);
  let [passed, here, bin] = [0, 0, 0];
  for (let i = 0; i < n; i++) {
    bins[order[i] as number] = bin;
    here += weights === null ? 1 : (weights[i] as number);
    if (tieEnd[i] === 1) {
      passed += here;
      here = 0;
      bin = Math.min(calibrationBins - 1, Math.floor((passed * calibrationBins) / total));
    }
  }
  return bins;
}

/**
 * Expected calibration error of the positive class: Σ (n_b/N)·|mean label − mean score| over the bins. Biased upward
 * on few rows. O(n).
 * Source: M. P. Naeini, G. F. Cooper, M. Hauskrecht, AAAI 2015; C. Guo et al., ICML 2017.
 */
export function expectedCalibrationError(
  labels: Numbers,
  scores: Numbers,
  bins: BinOfRow,
  weights: Float64Array | null,
): number {
  return gapsOf(labels, scores, bins, weights).reduce((sum, gap) => sum + Math.abs(gap), 0);
}

/** (n_b/N)·(mean label − mean score) of every bin, which is Σ w·(label − score) / Σ w over all rows. */
export function gapsOf(
  labels: Numbers,
  scores: Numbers,
  bins: BinOfRow,
  weights: Float64Array | null,
): Float64Array {
  const gaps = new Float64Array(calibrationBins);
  let total = 0;
  for (let i = 0; i < labels.length; i++) {
    const weight = weights === null ? 1 : (weights[i] as number);
    const bin = bins[i] as number;
    gaps[bin] = (gaps[bin] as number) + weight * ((labels[i] as number) - (scores[i] as number));
    total += weight;
  }
  return gaps.map((gap) => gap / total);
}
