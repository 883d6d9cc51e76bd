import type { Placements } from "../metrics/auc.ts";

/**
 * Standard error of AUC(a) − factor·AUC(b) on the same rows, or of AUC(a) alone.
 * Source: E. R. DeLong, D. M. DeLong, D. L. Clarke-Pearson, Biometrics 44 (1988): with the placement values of a
 * row, S = cov(V₊)/m + cov(V₋)/n (divisor m − 1 and n − 1), var = S₁₁ + factor²·S₂₂ − 2·factor·S₁₂, which is the
 * variance of the placements' own difference. O(rows).
 *
 * When no row's placement differs between the models the formula says 0, which on few rows is more than they show.
 * Then the standard error is that of one positive and one negative ranked at opposite ends by the two:
 * sqrt(1/m² + 1/n²) (ours; the rule of three in spirit). A single class row has no variance: Infinity.
 */
export function delongSe(labels: Float64Array, a: Placements, b: Placements | null, factor: number): number {
  const { positives, negatives } = a;
  if (positives < 2 || negatives < 2) {
    return Number.POSITIVE_INFINITY;
  }
  const sums = [0, 0];
  const difference = new Float64Array(labels.length);
  for (let i = 0; i < labels.length; i++) {
    const value = (a.placements[i] as number) - (b === null ? 0 : factor * (b.placements[i] as number));
    difference[i] = value;
    sums[labels[i] as number] = (sums[labels[i] as number] as number) + value;
  }
  const means = [(sums[0] as number) / negatives, (sums[1] as number) / positives];
  const squares = [0, 0];
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i] as number;
    squares[label] = (squares[label] as number) + ((difference[i] as number) - (means[label] as number)) ** 2;
  }
  const variance =
    (squares[1] as number) / (positives - 1) / positives +
    (squares[0] as number) / (negatives - 1) / negatives;
  // Rounding of equal placements leaves about 1e-32.
  return variance > 1e-24 ? Math.sqrt(variance) : Math.hypot(1 / positives, 1 / negatives);
}
