/** One model's AUC on rows with 0/1 labels, with the placement value of every row (`placementsOf`). */
export interface PlacedRows {
  labels: Float64Array;
  /** n; null where every row counts once. */
  weights: Float64Array | null;
  placements: Float64Array;
}

/**
 * Standard error of AUC(a) − factor·AUC(b) on the same rows, or of AUC(a) alone.
 * Source: E. R. DeLong, D. M. DeLong, D. L. Clarke-Pearson, Biometrics 44 (1988): with the placement values of a
 * row, S = cov(V₊)/m + cov(V₋)/n (divisor m − 1 and n − 1), var = S₁₁ + factor²·S₂₂ − 2·factor·S₁₂, which is the
 * variance of the placements' own difference. With weights each class adds Σ w²(V − V̄)² / (Σw)² · m/(m − 1), m its
 * effective rows (Σw)²/Σw², as the placements are the AUC's influences. O(rows), no memory.
 *
 * When no row's placement differs between the models the formula says 0, which on few rows is more than they show.
 * Then the standard error is that of one positive and one negative ranked at opposite ends by the two:
 * sqrt(1/m² + 1/n²) (ours; the rule of three in spirit). A single class row has no variance: Infinity.
 */
export function delongSe(a: PlacedRows, b: Float64Array | null, factor: number): number {
  const [negatives, positives] = [ofClass(a, b, factor, 0), ofClass(a, b, factor, 1)];
  if (Math.min(negatives.rows, positives.rows) < 1 + 1e-9) {
    return Number.POSITIVE_INFINITY;
  }
  const variance = negatives.variance + positives.variance;
  // Rounding of equal placements leaves about 1e-32.
  return variance > 1e-24 ? Math.sqrt(variance) : Math.hypot(1 / positives.rows, 1 / negatives.rows);
}

/** Variance that one class adds, and its effective rows. */
function ofClass(
  { labels, weights, placements }: PlacedRows,
  b: Float64Array | null,
  factor: number,
  label: number,
): { variance: number; rows: number } {
  let [sum, total, weightSquares] = [0, 0, 0];
  for (let i = 0; i < labels.length; i++) {
    if (labels[i] === label) {
      const weight = weights === null ? 1 : (weights[i] as number);
      sum += weight * ((placements[i] as number) - (b === null ? 0 : factor * (b[i] as number)));
      total += weight;
      weightSquares += weight * weight;
    }
  }
  const centre = sum / total;
  let squares = 0;
  for (let i = 0; i < labels.length; i++) {
    if (labels[i] === label) {
      const weight = weights === null ? 1 : (weights[i] as number);
      const own = (placements[i] as number) - (b === null ? 0 : factor * (b[i] as number));
      squares += (weight * (own - centre)) ** 2;
    }
  }
  const rows = total === 0 ? 0 : total ** 2 / weightSquares;
  return { variance: (squares * rows) / (rows - 1) / total ** 2, rows };
}
