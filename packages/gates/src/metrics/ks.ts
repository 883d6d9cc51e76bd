import { classTotals } from "./auc.ts";
import type { Ranking } from "./ranking.ts";

/** Where the distribution functions of positives and negatives lie farthest apart. */
export interface LargestGap {
  /** |F₊ − F₋| there: the Kolmogorov-Smirnov distance. NaN when a class is missing. */
  distance: number;
  /** Shares of positives and of negatives that score no more than there. */
  positivesBelow: number;
  negativesBelow: number;
  /** Rows at the places before this one score no more than there. */
  places: number;
}

/** The largest distance between the distribution functions of the scores of positives and of negatives, rows drawn
 * by their weights. Of equal distances the lowest score's. O(n), no memory. */
export function largestGap(ranking: Ranking): LargestGap {
  const { order, positive, tieEnd, weights } = ranking;
  const { positives, negatives } = classTotals(ranking);
  let [positivesBelow, negativesBelow] = [0, 0];
  const found: LargestGap = {
    distance: positives > 0 && negatives > 0 ? 0 : Number.NaN,
    positivesBelow: 0,
    negativesBelow: 0,
    places: 0,
  };
  for (let i = 0; i < order.length; i++) {
    const weight = weights === null ? 1 : (weights[i] as number);
    if (positive[i] === 1) {
      positivesBelow += weight;
    } else {
      negativesBelow += weight;
    }
    if (tieEnd[i] === 1) {
      const [f, g] = [positivesBelow / positives, negativesBelow / negatives];
      if (Math.abs(f - g) > found.distance) {
        found.distance = Math.abs(f - g);
        found.positivesBelow = f;
        found.negativesBelow = g;
        found.places = i + 1;
      }
    }
  }
  return found;
}
