import type { Numbers } from "./numbers.ts";

/** Counts of rows by label and predicted class; fractions are fine (weights, smoothing). */
export interface Confusion {
  tp: number;
  fp: number;
  fn: number;
  tn: number;
}

/** Weight of the rows by 0/1 label and predicted class, positive from `threshold` on; their number without `weights`.
 * O(n). */
export function confusionOf(
  labels: Numbers,
  scores: Numbers,
  threshold: number,
  weights: Float64Array | null,
): Confusion {
  let [tp, fp, fn, tn] = [0, 0, 0, 0];
  for (let i = 0; i < labels.length; i++) {
    const weight = weights === null ? 1 : (weights[i] as number);
    const predicted = (scores[i] as number) >= threshold;
    if (labels[i] === 1) {
      tp += predicted ? weight : 0;
      fn += predicted ? 0 : weight;
    } else {
      fp += predicted ? weight : 0;
      tn += predicted ? 0 : weight;
    }
  }
  return { tp, fp, fn, tn };
}

export function accuracy({ tp, fp, fn, tn }: Confusion): number {
  return (tp + tn) / (tp + fp + fn + tn);
}

/** TP / (TP + FP); 0 when nothing is predicted positive, as scikit-learn has it. */
export function precision({ tp, fp }: Confusion): number {
  return tp + fp === 0 ? 0 : tp / (tp + fp);
}

/** TP / (TP + FN); NaN without positives. */
export function recall({ tp, fn }: Confusion): number {
  return tp / (tp + fn);
}

/** TN / (TN + FP); NaN without negatives. */
export function specificity({ tn, fp }: Confusion): number {
  return tn / (tn + fp);
}

/** Mean of the recalls of both classes; NaN unless both are there. */
export function balancedAccuracy(cells: Confusion): number {
  return (recall(cells) + specificity(cells)) / 2;
}

/** 2 TP / (2 TP + FP + FN); NaN without positives, labelled or predicted. */
export function f1({ tp, fp, fn }: Confusion): number {
  return (2 * tp) / (2 * tp + fp + fn);
}

/**
 * F-measure: (1 + β²) TP / ((1 + β²) TP + β² FN + FP), in which recall counts β times as much as precision; NaN without
 * positives, labelled or predicted. Source: C. J. van Rijsbergen, "Information Retrieval" (1979), chapter 7.
 */
export function fBeta({ tp, fp, fn }: Confusion, beta: number): number {
  const square = beta * beta;
  return ((1 + square) * tp) / ((1 + square) * tp + square * fn + fp);
}

/** Matthews correlation (B. W. Matthews 1975): (TP·TN − FP·FN) / sqrt of the product of the four margins; 0 when a
 * margin is empty, as scikit-learn has it. */
export function mcc({ tp, fp, fn, tn }: Confusion): number {
  // Roots one by one: the product of four margins of a million rows would lose digits.
  const margins = Math.sqrt(tp + fp) * Math.sqrt(tp + fn) * Math.sqrt(tn + fp) * Math.sqrt(tn + fn);
  return margins === 0 ? 0 : (tp * tn - fp * fn) / margins;
}
