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
 * Adds to `sums`, by row number, each row's placement value times `factor`. The placement of a positive is the share (of
 * weight) of negatives below it, of a negative the share of positives above it, ties half. Their mean in either class
 * is the AUC. Added up here, because a second array of all rows would double the memory of comparing two models.
 * Source: X. Sun, W. Xu, "Fast implementation of DeLong's algorithm", IEEE Signal Processing Letters 21 (2014):
 * V₊ = (TZ₊ − TX)/n and V₋ = 1 − (TZ₋ − TY)/m, whose midranks are counted here directly, tie by tie. O(n).
 */
export function addPlacements(ranking: Ranking, factor: number, sums: Float64Array): void {
  const { order, positive, tieEnd, weights } = ranking;
  const { positives, negatives } = classTotals(ranking);
  let [start, positivesBelow, negativesBelow, positivesHere, negativesHere] = [0, 0, 0, 0, 0];
  for (let i = 0; i < order.length; i++) {
    const weight = weights === null ? 1 : (weights[i] as number);
    if (positive[i] === 1) {
      positivesHere += weight;
    } else {
      negativesHere += weight;
    }
    if (tieEnd[i] === 1) {
      const ofPositive = factor * ((negativesBelow + negativesHere / 2) / negatives);
      const ofNegative = factor * (1 - (positivesBelow + positivesHere / 2) / positives);
      for (let j = start; j <= i; j++) {
        const row = order[j] as number;
        sums[row] = (sums[row] as number) + (positive[j] === 1 ? ofPositive : ofNegative);
      }
      positivesBelow += positivesHere;
      negativesBelow += negativesHere;
      positivesHere = 0;
      negativesHere = 0;
      start = i + 1;
    }
  }
}
