import { classTotals } from "./auc.ts";
import type { Ranking } from "./ranking.ts";

/**
 * Average precision: Σ (Rₙ − Rₙ₋₁)·Pₙ over the thresholds from the highest score down, rows of equal score entering
 * together (scikit-learn's definition, not the trapezoid). Weights say how often a row counts. NaN
 * without positives. O(n), no memory.
 */
export function averagePrecision({ order, positive, tieEnd, weights }: Ranking): number {
  let [taken, hits, hitsHere, sum] = [0, 0, 0, 0];
  for (let i = order.length - 1; i >= 0; i--) {
    const weight = weights === null ? 1 : (weights[i] as number);
    taken += weight;
    hitsHere += positive[i] === 1 ? weight : 0;
    // The lowest place of a tie: below it another score begins.
    if (hitsHere > 0 && (i === 0 || tieEnd[i - 1] === 1)) {
      hits += hitsHere;
      sum += (hitsHere * hits) / taken;
      hitsHere = 0;
    }
  }
  return sum / hits;
}

/**
 * What each row contributes to the average precision A, by row number; the weighted mean is 0. With π the share of
 * positives, H(x) the share of rows that score x or more, and P(x) the precision among them, A is the mean of P over
 * the positives, and adding a row (y, s) moves it by
 *
 *   ψ = ( y·(P(s) − A) + Σ over positives x ≤ s of (y − P(x)) / H(x) ) / π
 *
 * (the Gâteaux derivative of A in the direction of the row; ours, checked against the row bootstrap). O(n).
 */
export function averagePrecisionInfluence(ranking: Ranking): Float64Array {
  const { order, positive, tieEnd, weights } = ranking;
  const average = averagePrecision(ranking);
  const { positives, negatives } = classTotals(ranking);
  const total = positives + negatives;
  const influence = new Float64Array(order.length);
  // From the lowest score up: what is still to come scores this or more.
  let [hits, taken, forPositive, forNegative] = [positives, total, 0, 0];
  for (let start = 0, end = 0; start < order.length; start = end) {
    let [hitsHere, takenHere] = [0, 0];
    do {
      const weight = weights === null ? 1 : (weights[end] as number);
      takenHere += weight;
      hitsHere += positive[end] === 1 ? weight : 0;
      end++;
    } while (tieEnd[end - 1] !== 1);
    const precision = hits / taken;
    // A positive counts as its share of all rows, H as the share that is left: total / total.
    forPositive += (hitsHere * (1 - precision)) / taken;
    forNegative -= (hitsHere * precision) / taken;
    const ofPositive = ((precision - average + forPositive) * total) / positives;
    const ofNegative = (forNegative * total) / positives;
    for (let i = start; i < end; i++) {
      influence[order[i] as number] = positive[i] === 1 ? ofPositive : ofNegative;
    }
    hits -= hitsHere;
    taken -= takenHere;
  }
  return influence;
}

/**
 * How much the average precision of a sample exceeds the truth on average: every positive counts itself among the rows
 * that score as much, as a hit, so that its precision is (1 + hits) / (1 + rows) of the others. The mean over positives
 * of (1 − P(s))/H(s), H(s) the weight of the rows that score s or more in units of the row's own, to first order.
 */
export function averagePrecisionExcess({ order, positive, tieEnd, weights }: Ranking): number {
  let [taken, hits, hitsHere, squaresHere, sum] = [0, 0, 0, 0, 0];
  for (let i = order.length - 1; i >= 0; i--) {
    const weight = weights === null ? 1 : (weights[i] as number);
    taken += weight;
    hitsHere += positive[i] === 1 ? weight : 0;
    squaresHere += positive[i] === 1 ? weight * weight : 0;
    if (hitsHere > 0 && (i === 0 || tieEnd[i - 1] === 1)) {
      hits += hitsHere;
      sum += (squaresHere * (1 - hits / taken)) / taken;
      hitsHere = 0;
      squaresHere = 0;
    }
  }
  return sum / hits;
}
