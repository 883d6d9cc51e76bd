import { ascendingOrder } from "../metrics/order.ts";

/** Rows of about equal score, ascending; rows of one score are never parted, and none lies across the threshold. */
export interface ScoreGroups {
  rows: Float64Array;
  /** Mean score of each. */
  means: Float64Array;
  /** Labelled positive in each; all 0 without labels. */
  positives: Float64Array;
  /** The first group that is predicted positive. */
  firstPredicted: number;
}

/** Groups of about equal size, at most about `most`. O(rows). */
export function groupScores(
  scores: Float64Array,
  threshold: number,
  most: number,
  labels?: Float64Array,
): ScoreGroups {
  const order = ascendingOrder(scores);
  const size = Math.max(1, Math.ceil(scores.length / most));
  const [rows, sums, positives]: [number[], number[], number[]] = [[], [], []];
  let firstPredicted = -1;
  let last = Number.NaN;
  for (const row of order) {
    const score = scores[row] as number;
    const crosses = firstPredicted < 0 && score >= threshold;
    if (crosses || rows.length === 0 || (score !== last && (rows.at(-1) as number) >= size)) {
      if (crosses) firstPredicted = rows.length;
      rows.push(0);
      sums.push(0);
      positives.push(0);
    }
    const group = rows.length - 1;
    rows[group] = (rows[group] as number) + 1;
    sums[group] = (sums[group] as number) + score;
    positives[group] = (positives[group] as number) + (labels?.[row] ?? 0);
    last = score;
  }
  return {
    rows: Float64Array.from(rows),
    means: Float64Array.from(sums, (sum, i) => sum / (rows[i] as number)),
    positives: Float64Array.from(positives),
    firstPredicted: firstPredicted < 0 ? rows.length : firstPredicted,
  };
}

export const estimatedMetrics = ["estimated_f1", "estimated_auc", "estimated_accuracy"] as const;
export type EstimatedMetric = (typeof estimatedMetrics)[number];

/** A metric from the positives among the rows of each group. NaN where it has no meaning: no positive, no negative. */
export function metricOfGroups(
  metric: EstimatedMetric,
  rows: Float64Array,
  positives: Float64Array,
  firstPredicted: number,
): number {
  if (metric === "estimated_auc") return aucOfGroups(rows, positives);
  let [tp, fp, fn, tn] = [0, 0, 0, 0];
  for (let g = 0; g < rows.length; g++) {
    const positive = positives[g] as number;
    const negative = (rows[g] as number) - positive;
    if (g >= firstPredicted) {
      tp += positive;
      fp += negative;
    } else {
      fn += positive;
      tn += negative;
    }
  }
  return metric === "estimated_f1" ? (2 * tp) / (2 * tp + fp + fn) : (tp + tn) / (tp + fp + fn + tn);
}

/** Mann-Whitney with the rows of a group tied; of 500 groups at most .001 from the exact value. */
function aucOfGroups(rows: Float64Array, positives: Float64Array): number {
  let [won, negativesBelow, positivesBelow] = [0, 0, 0];
  for (let g = 0; g < rows.length; g++) {
    const positive = positives[g] as number;
    const negative = (rows[g] as number) - positive;
    won += positive * (negativesBelow + negative / 2);
    negativesBelow += negative;
    positivesBelow += positive;
  }
  return won / (negativesBelow * positivesBelow);
}
