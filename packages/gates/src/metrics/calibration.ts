/** As in Guo et al. 2017, whose number of bins became the habit. */
const bins = 15;

/**
 * Expected calibration error of the positive class: Σ (n_b/N)·|mean label − mean score| over 15 bins of equal width
 * [b/15, (b+1)/15), 1 in the last. Scores within 0 to 1. Biased upward on few rows. O(n).
 * Source: M. P. Naeini, G. F. Cooper, M. Hauskrecht, AAAI 2015; C. Guo et al., ICML 2017.
 */
export function expectedCalibrationError(
  labels: Float64Array,
  scores: Float64Array,
  weights?: Uint8Array,
): number {
  const gaps = new Float64Array(bins);
  let total = 0;
  for (let i = 0; i < labels.length; i++) {
    const score = scores[i] as number;
    const weight = weights === undefined ? 1 : (weights[i] as number);
    const bin = Math.min(bins - 1, Math.floor(score * bins));
    // (n_b/N)·|mean label − mean score| is |Σ (label − score)|/N.
    gaps[bin] = (gaps[bin] as number) + weight * ((labels[i] as number) - score);
    total += weight;
  }
  return gaps.reduce((sum, gap) => sum + Math.abs(gap), 0) / total;
}
