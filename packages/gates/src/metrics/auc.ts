import type { Ranking } from "./ranking.ts";

/** AUC with what DeLong's variance needs. */
export interface Placements {
  /** Chance that a random positive scores above a random negative, ties counted half (Mann-Whitney). */
  auc: number;
  /** For a positive the share of negatives below it, for a negative the share of positives above it, ties half. */
  placements: Float64Array;
  positives: number;
  negatives: number;
}

/**
 * Placement values of every row in one pass over the rows in ascending order of score.
 * Source: X. Sun, W. Xu, "Fast implementation of DeLong's algorithm", IEEE Signal Processing Letters 21 (2014):
 * V₊ = (TZ₊ − TX)/n and V₋ = 1 − (TZ₋ − TY)/m, whose midranks are counted here directly, group of ties by group.
 * The AUC is NaN when a class is missing.
 */
export function placementsOf({ order, positive, tieEnd }: Ranking): Placements {
  const n = order.length;
  let positives = 0;
  for (let i = 0; i < n; i++) {
    positives += positive[i] as number;
  }
  const negatives = n - positives;
  const placements = new Float64Array(n);
  let [start, positivesBelow, positivesHere, sum] = [0, 0, 0, 0];
  for (let i = 0; i < n; i++) {
    positivesHere += positive[i] as number;
    if (tieEnd[i] === 1) {
      const negativesHere = i + 1 - start - positivesHere;
      const negativesUnder = start - positivesBelow + negativesHere / 2;
      const ofPositive = negativesUnder / negatives;
      const ofNegative = 1 - (positivesBelow + positivesHere / 2) / positives;
      for (let j = start; j <= i; j++) {
        placements[order[j] as number] = positive[j] === 1 ? ofPositive : ofNegative;
      }
      sum += positivesHere * negativesUnder;
      positivesBelow += positivesHere;
      positivesHere = 0;
      start = i + 1;
    }
  }
  return { auc: sum / positives / negatives, placements, positives, negatives };
}
