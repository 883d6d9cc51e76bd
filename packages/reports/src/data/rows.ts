/** Scores and labels of both models, as the plots take them; the shape that gates' evaluation has. */

interface Rows {
  /** 0/1, a class index, a value, or a relevance. Without labels (null) only what needs none is drawn. */
  labels: Float64Array | null;
  candidate: Float64Array;
  baseline: Float64Array | null;
  /** How often each row counts; once when absent. */
  weights?: Float64Array | null;
}

/** Multiclass scores are n×k, row by row. */
export type PlotRows =
  | (Rows & {
      task: "binary";
      /** The score from which a row counts as positive. */
      threshold: number | null;
    })
  | (Rows & { task: "multiclass"; classes: readonly string[] })
  | (Rows & { task: "regression" })
  | (Rows & {
      task: "ranking";
      /** The query of each row. */
      groups: Int32Array;
    });

export interface Weighted {
  values: Float64Array;
  /** Of each value; null: all count once. */
  weights: Float64Array | null;
}

export interface LabelledScores {
  labels: Float64Array;
  scores: Float64Array;
  weights: Float64Array | null;
  /** Labelled rows left out because the score was not finite. */
  left: number;
  /** Rows left out because they have no label. */
  unlabelled: number;
}

/** The rows that can be drawn. Those of weight 0 are none. */
export function finiteRows(
  labels: Float64Array,
  scores: Float64Array,
  weights: Float64Array | null = null,
): LabelledScores {
  const rows = Math.min(labels.length, scores.length);
  const kept = new Uint32Array(rows);
  let [size, left, unlabelled] = [0, 0, 0];
  for (let row = 0; row < rows; row++) {
    if (weights !== null && !((weights[row] ?? 0) > 0)) continue;
    if (!Number.isFinite(labels[row])) unlabelled++;
    else if (!Number.isFinite(scores[row])) left++;
    else kept[size++] = row;
  }
  const of = (column: Float64Array) => picked(column, kept, size);
  return {
    labels: of(labels),
    scores: of(scores),
    weights: weights === null ? null : of(weights),
    left,
    unlabelled,
  };
}

/** The finite values of rows that `wanted` keeps. */
export function finiteValues(
  values: Float64Array,
  weights: Float64Array | null = null,
  wanted: (row: number) => boolean = () => true,
): Weighted {
  const kept = new Uint32Array(values.length);
  let size = 0;
  for (let row = 0; row < values.length; row++) {
    if (Number.isFinite(values[row]) && (weights === null || (weights[row] ?? 0) > 0) && wanted(row))
      kept[size++] = row;
  }
  return {
    values: picked(values, kept, size),
    weights: weights === null ? null : picked(weights, kept, size),
  };
}

function picked(column: Float64Array, rows: Uint32Array, size: number): Float64Array {
  const found = new Float64Array(size);
  for (let place = 0; place < size; place++) found[place] = column[rows[place] ?? 0] ?? 0;
  return found;
}

/** A mean in which each value counts by its weight; null without any. */
export function weightedMean({ values, weights }: Weighted): number | null {
  let [sum, total] = [0, 0];
  for (let row = 0; row < values.length; row++) {
    const weight = weights === null ? 1 : (weights[row] ?? 0);
    sum += weight * (values[row] ?? 0);
    total += weight;
  }
  return total > 0 ? sum / total : null;
}
