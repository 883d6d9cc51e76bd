import type { Ranking } from "./ranking.ts";

/** Weight of all positives and of all negatives: their numbers where rows have no weights. */
export interface ClassTotals {
  positives: number;
  negatives: number;
}

export function classTotals({ order, positive, weights }: Ranking): ClassTotals {
  let [positives, total] = [0, 0];
  for (let i = 0; i < order.length; i++) {
    const weight = weights === null ? 1 : (weights[i] as number);
    total += weight;
    positives += positive[i] === 1 ? weight : 0;
  }
  return { positives, negatives: total - positives };
}

/**
 * Area under the ROC curve: chance that a random positive scores above a random negative, ties counted half
 * (Mann-Whitney), rows drawn by their weights. NaN when a class is missing. O(n), no memory.
 */
export function areaUnderRoc({ order, positive, tieEnd, weights }: Ranking): number {
  // Of what has been passed, and of the tie that is being passed.
  let [positivesBelow, negativesBelow, positivesHere, negativesHere, wins] = [0, 0, 0, 0, 0];
  for (let i = 0; i < order.length; i++) {
    const weight = weights === null ? 1 : (weights[i] as number);
    if (positive[i] === 1) {
      positivesHere += weight;
    } else {
      negativesHere += weight;
    }
    if (tieEnd[i] === 1) {
      wins += positivesHere * (negativesBelow + negativesHere / 2);
      positivesBelow += positivesHere;
      negativesBelow += negativesHere;
      positivesHere = 0;
      negativesHere = 0;
    }
  }
  return wins / positivesBelow / negativesBelow;
}

/**
 * Placement value of every row, by row number: for a positive the share (of weight) of negatives below it, for a
 * negative the share of positives above it, ties half. Their mean in either class is the AUC.
 * Source: X. Sun, W. Xu, "Fast implementation of DeLong's algorithm", IEEE Signal Processing Letters 21 (2014):
 * V₊ = (TZ₊ − TX)/n and V₋ = 1 − (TZ₋ − TY)/m, whose midranks are counted here directly, tie by tie. O(n).
 */
export function placementsOf(ranking: Ranking): Float64Array {
  const { order, positive, tieEnd, weights } = ranking;
  const { positives, negatives } = classTotals(ranking);
  const placements = new Float64Array(order.length);
  let [start, positivesBelow, negativesBelow, positivesHere, negativesHere] = [0, 0, 0, 0, 0];
  for (let i = 0; i < order.length; i++) {
    const weight = weights === null ? 1 : (weights[i] as number);
    if (positive[i] === 1) {
      positivesHere += weight;
    } else {
      negativesHere += weight;
    }
    if (tieEnd[i] === 1) {
      const ofPositive = (negativesBelow + negativesHere / 2) / negatives;
      const ofNegative = 1 - (positivesBelow + positivesHere / 2) / positives;
      for (let j = start; j <= i; j++) {
        placements[order[j] as number] = positive[j] === 1 ? ofPositive : ofNegative;
      }
      positivesBelow += positivesHere;
      negativesBelow += negativesHere;
      positivesHere = 0;
      negativesHere = 0;
      start = i + 1;
    }
  }
  return placements;
}
