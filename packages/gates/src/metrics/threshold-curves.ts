import type { Ranking } from "./ranking.ts";

/**
 * Average precision: Σ (Rₙ − Rₙ₋₁)·Pₙ over the thresholds from the highest score down, rows of equal score entering
 * together (scikit-learn's definition, not the trapezoid). `weights`, by row number, say how often a row counts; once
 * without. NaN without positives. O(n).
 */
export function averagePrecision({ order, positive, tieEnd }: Ranking, weights?: Uint8Array): number {
  let [taken, hits, hitsHere, sum] = [0, 0, 0, 0];
  for (let i = order.length - 1; i >= 0; i--) {
    const weight = weights === undefined ? 1 : (weights[order[i] as number] as number);
    taken += weight;
    hitsHere += weight * (positive[i] as number);
    // The lowest place of a tie: below it another score begins.
    if (hitsHere > 0 && (i === 0 || tieEnd[i - 1] === 1)) {
      hits += hitsHere;
      sum += (hitsHere * hits) / taken;
      hitsHere = 0;
    }
  }
  return sum / hits;
}

/** Kolmogorov-Smirnov distance: the largest gap between the distribution functions of the scores of positives and of
 * negatives. `weights` as above. NaN when a class is missing. O(n). */
export function ksDistance({ order, positive, tieEnd }: Ranking, weights?: Uint8Array): number {
  const n = order.length;
  let [positives, negatives] = [0, 0];
  const weightAt = (i: number): number =>
    weights === undefined ? 1 : (weights[order[i] as number] as number);
  for (let i = 0; i < n; i++) {
    positives += weightAt(i) * (positive[i] as number);
    negatives += weightAt(i) * (1 - (positive[i] as number));
  }
  let [positivesBelow, negativesBelow, largest] = [0, 0, 0];
  for (let i = 0; i < n; i++) {
    positivesBelow += weightAt(i) * (positive[i] as number);
    negativesBelow += weightAt(i) * (1 - (positive[i] as number));
    if (tieEnd[i] === 1) {
      largest = Math.max(largest, Math.abs(positivesBelow / positives - negativesBelow / negatives));
    }
  }
  return positives === 0 || negatives === 0 ? Number.NaN : largest;
}
