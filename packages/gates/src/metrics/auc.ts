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
 * `labels` are 0/1, `order` as from `ascendingOrder`; the AUC is NaN when a class is missing.
 */
export function placementsOf(labels: Float64Array, scores: Float64Array, order: Uint32Array): Placements {
  const n = labels.length;
  let positives = 0;
  for (let i = 0; i < n; i++) {
    positives += labels[i] as number;
  }
  const negatives = n - positives;
  const placements = new Float64Array(n);
  let positivesBelow = 0;
  let negativesBelow = 0;
  let sum = 0;
  for (let start = 0, end = 0; start < n; start = end) {
    const score = scores[order[start] as number];
    let positivesHere = 0;
    for (; end < n && scores[order[end] as number] === score; end++) {
      positivesHere += labels[order[end] as number] as number;
    }
    const negativesHere = end - start - positivesHere;
    const ofPositive = (negativesBelow + negativesHere / 2) / negatives;
    const ofNegative = 1 - (positivesBelow + positivesHere / 2) / positives;
    for (let i = start; i < end; i++) {
      const row = order[i] as number;
      placements[row] = labels[row] === 1 ? ofPositive : ofNegative;
    }
    sum += positivesHere * (negativesBelow + negativesHere / 2);
    positivesBelow += positivesHere;
    negativesBelow += negativesHere;
  }
  return { auc: sum / positives / negatives, placements, positives, negatives };
}
