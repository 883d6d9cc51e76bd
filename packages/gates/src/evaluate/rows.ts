import { Side } from "../estimators/side.ts";
import { baselineScores, type Evaluation, widthOf } from "./evaluation.ts";

/** One model's part of some rows. */
export interface ModelRows {
  /** 1 where a score of the row is NaN or infinite. */
  unusable: Uint8Array;
  unusableCount: number;
  /** null when a label is missing or a score unusable: then no metric of labels and scores exists. */
  side: Side | null;
  /** Ascending times of single predictions in milliseconds; null where they were not measured for these rows. */
  latencyMs: Float64Array | null;
}

/** Rows that a gate looks at: all, or those of one slice. */
export interface Rows {
  n: number;
  missingLabels: number;
  candidate: ModelRows;
  /** null when the baseline has no scores. */
  baseline: ModelRows | null;
}

/** Gathers the rows of the given indexes, all without. */
export function gatherRows(evaluation: Evaluation, indexes?: Uint32Array): Rows {
  const labels = pick(evaluation.labels, 1, indexes);
  let missingLabels = 0;
  for (let i = 0; i < labels.length; i++) {
    missingLabels += Number.isNaN(labels[i]) ? 1 : 0;
  }
  const model = (scores: Float64Array, latencyMs: Float64Array | undefined): ModelRows =>
    modelRows(
      evaluation,
      labels,
      missingLabels,
      pick(scores, widthOf(evaluation), indexes),
      latencyOf(evaluation, latencyMs, indexes),
    );
  const baseline = baselineScores(evaluation);
  return {
    n: labels.length,
    missingLabels,
    candidate: model(evaluation.candidate, evaluation.latencyMs?.candidate),
    baseline: baseline && model(baseline, evaluation.latencyMs?.baseline),
  };
}

function modelRows(
  { task, threshold }: Evaluation,
  labels: Float64Array,
  missingLabels: number,
  scores: Float64Array,
  latencyMs: Float64Array | null,
): ModelRows {
  const width = labels.length === 0 ? 1 : scores.length / labels.length;
  const unusable = new Uint8Array(labels.length);
  let unusableCount = 0;
  for (let i = 0; i < scores.length; i++) {
    if (!Number.isFinite(scores[i])) {
      const row = Math.floor(i / width);
      unusableCount += 1 - (unusable[row] as number);
      unusable[row] = 1;
    }
  }
  const classes = task === "multiclass" ? width : task === "binary" ? 2 : 0;
  const usable = missingLabels === 0 && unusableCount === 0 && labels.length > 0;
  return {
    unusable,
    unusableCount,
    side: usable ? new Side({ labels, scores, classes, threshold }) : null,
    latencyMs,
  };
}

/** Times belong to a slice's rows only when there is one for every row. */
function latencyOf(
  { labels }: Evaluation,
  latencyMs: Float64Array | undefined,
  indexes: Uint32Array | undefined,
): Float64Array | null {
  if (latencyMs === undefined || (indexes !== undefined && latencyMs.length !== labels.length)) {
    return null;
  }
  return pick(latencyMs, 1, indexes).slice().sort();
}

function pick(values: Float64Array, width: number, indexes: Uint32Array | undefined): Float64Array {
  if (indexes === undefined) {
    return values;
  }
  const picked = new Float64Array(indexes.length * width);
  for (let i = 0; i < indexes.length; i++) {
    const row = indexes[i] as number;
    for (let c = 0; c < width; c++) {
      picked[i * width + c] = values[row * width + c] as number;
    }
  }
  return picked;
}
