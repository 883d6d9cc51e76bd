/** Scores and labels of both models, as the plots take them; the shape that gates' evaluation has. */

/** Labels are 0/1, a class index, or a value; multiclass scores are n×k, row by row. Without labels (null) only what
 * needs none is drawn. */
export type PlotRows =
  | {
      task: "binary";
      labels: Float64Array | null;
      candidate: Float64Array;
      baseline: Float64Array | null;
      /** The score from which a row counts as positive. */
      threshold: number | null;
    }
  | {
      task: "multiclass";
      classes: readonly string[];
      labels: Float64Array | null;
      candidate: Float64Array;
      baseline: Float64Array | null;
    }
  | {
      task: "regression";
      labels: Float64Array | null;
      candidate: Float64Array;
      baseline: Float64Array | null;
    };

export interface LabelledScores {
  labels: Float64Array;
  scores: Float64Array;
  /** Rows left out because label or score was not finite. */
  left: number;
}

/** The rows that can be drawn. */
export function finiteRows(labels: Float64Array, scores: Float64Array): LabelledScores {
  const rows = Math.min(labels.length, scores.length);
  const keptLabels = new Float64Array(rows);
  const keptScores = new Float64Array(rows);
  let kept = 0;
  for (let row = 0; row < rows; row++) {
    const label = labels[row] ?? Number.NaN;
    const score = scores[row] ?? Number.NaN;
    if (!Number.isFinite(label) || !Number.isFinite(score)) continue;
    keptLabels[kept] = label;
    keptScores[kept] = score;
    kept++;
  }
  return { labels: keptLabels.subarray(0, kept), scores: keptScores.subarray(0, kept), left: rows - kept };
}

export function finiteOnly(values: Float64Array): Float64Array {
  return values.filter(Number.isFinite);
}
