import { ascendingOrder } from "@ml-actions/gates/metrics/order";
import type { LabelledScores } from "./rows.ts";

/** What a threshold lowered from the highest score to the lowest lets through: one entry a distinct score. */
export interface Sweep {
  /** Weight of the positive rows with this score or a higher one. */
  truePositives: Float64Array;
  falsePositives: Float64Array;
  /** Weight of all. */
  positives: number;
  negatives: number;
}

/** Curves are drawn from it. @param order rows by ascending score, where the caller has sorted them already. */
export function sweepOf(
  { labels, scores, weights }: LabelledScores,
  order: Uint32Array = ascendingOrder(scores),
): Sweep {
  const truePositives = new Float64Array(order.length);
  const falsePositives = new Float64Array(order.length);
  let [positives, negatives, steps] = [0, 0, 0];
  for (let end = order.length - 1; end >= 0; ) {
    const score = scores[order[end] ?? 0];
    for (; end >= 0 && scores[order[end] ?? 0] === score; end--) {
      const row = order[end] ?? 0;
      const weight = weights === null ? 1 : (weights[row] ?? 0);
      if (labels[row] === 1) positives += weight;
      else negatives += weight;
    }
    truePositives[steps] = positives;
    falsePositives[steps] = negatives;
    steps++;
  }
  return {
    truePositives: truePositives.subarray(0, steps),
    falsePositives: falsePositives.subarray(0, steps),
    positives,
    negatives,
  };
}
