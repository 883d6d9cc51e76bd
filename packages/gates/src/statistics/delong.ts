import type { ClassTotals } from "../metrics/auc.ts";
import { addPlacements, areaUnderRoc } from "../metrics/auc.ts";
import type { Numbers } from "../metrics/numbers.ts";
import type { Ranking } from "../metrics/ranking.ts";
import { release } from "../metrics/release.ts";

/**
 * DeLong's standard errors of the area under the ROC curve.
 *
 * Source: E. R. DeLong, D. M. DeLong, D. L. Clarke-Pearson, Biometrics 44 (1988): with the placement values V of the
 * rows, S = cov(V₊)/m + cov(V₋)/n (divisor m − 1 and n − 1), var = S₁₁ + factor²·S₂₂ − 2·factor·S₁₂, which is the
 * variance of the placements' own difference. Their mean is the AUC in either class, so that one pass is enough. With
 * weights each class adds Σ w²(V − V̄)² / (Σw)² · m/(m − 1), m its effective rows (Σw)²/Σw², as the placements are the
 * AUC's influences.
 *
 * When no row's placement differs between the models the formula says 0, which on few rows is more than they show.
 * Then the standard error is that of one positive and one negative ranked at opposite ends by the two:
 * sqrt(1/m² + 1/n²) (ours; the rule of three in spirit). A single class row has no variance: Infinity.
 */

/** Rows with 0/1 labels. */
export interface LabelledRows {
  labels: Numbers;
  /** n; null where every row counts once. */
  weights: Float64Array | null;
}

/** How one model orders the rows, and its AUC. */
export interface Ranked {
  ranking: Ranking;
  auc: number;
}

/** Of AUC(a) − factor·AUC(b) on the same rows. O(rows), 8 bytes a row. */
export function delongSe({ labels, weights }: LabelledRows, a: Ranked, b: Ranked, factor: number): number {
  const differences = new Float64Array(labels.length);
  addPlacements(a.ranking, 1, differences);
  addPlacements(b.ranking, -factor, differences);
  const centre = a.auc - factor * b.auc;
  const [negatives, positives] = [emptyClass(), emptyClass()];
  for (let i = 0; i < labels.length; i++) {
    const weight = weights === null ? 1 : (weights[i] as number);
    const away = (differences[i] as number) - centre;
    const own = labels[i] === 1 ? positives : negatives;
    own.weight += weight;
    own.weightSquares += weight * weight;
    own.squares += weight * weight * away * away;
  }
  release(differences);
  return standardError(positives, negatives);
}

/** Of one model's AUC. O(rows), no memory. */
export function delongSeOfOne(ranking: Ranking, { positives, negatives }: ClassTotals): number {
  const { order, positive, tieEnd, weights } = ranking;
  const auc = areaUnderRoc(ranking);
  const [below, above] = [emptyClass(), emptyClass()];
  // Of the tie that is being passed: Σw and Σw² of either class.
  let [positiveHere, negativeHere, positiveSquares, negativeSquares] = [0, 0, 0, 0];
  for (let i = 0; i < order.length; i++) {
    const weight = weights === null ? 1 : (weights[i] as number);
    if (positive[i] === 1) {
      positiveHere += weight;
      positiveSquares += weight * weight;
    } else {
      negativeHere += weight;
      negativeSquares += weight * weight;
    }
    if (tieEnd[i] === 1) {
      const ofPositive = (below.weight + negativeHere / 2) / negatives - auc;
      const ofNegative = 1 - (above.weight + positiveHere / 2) / positives - auc;
      above.squares += positiveSquares * ofPositive * ofPositive;
      below.squares += negativeSquares * ofNegative * ofNegative;
      above.weight += positiveHere;
      below.weight += negativeHere;
      above.weightSquares += positiveSquares;
      below.weightSquares += negativeSquares;
      positiveHere = 0;
      negativeHere = 0;
      positiveSquares = 0;
      negativeSquares = 0;
    }
  }
  return standardError(above, below);
}

/** Sums over the rows of a class. */
interface ClassSums {
  weight: number;
  weightSquares: number;
  /** Σ w²·(V − V̄)². */
  squares: number;
}

function emptyClass(): ClassSums {
  return { weight: 0, weightSquares: 0, squares: 0 };
}

function standardError(positives: ClassSums, negatives: ClassSums): number {
  const [m, n] = [effective(positives), effective(negatives)];
  if (Math.min(m, n) < 1 + 1e-9) {
    return Number.POSITIVE_INFINITY;
  }
  const variance =
    (positives.squares * m) / (m - 1) / positives.weight ** 2 +
    (negatives.squares * n) / (n - 1) / negatives.weight ** 2;
  // Rounding of equal placements leaves about 1e-32.
  return variance > 1e-24 ? Math.sqrt(variance) : Math.hypot(1 / m, 1 / n);
}

function effective({ weight, weightSquares }: ClassSums): number {
  return weight === 0 ? 0 : weight ** 2 / weightSquares;
}
