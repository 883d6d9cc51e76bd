import { Side } from "../estimators/side.ts";
import type { Numbers } from "../metrics/numbers.ts";
import { effectiveRows } from "../statistics/influence.ts";
import { baselineScores, type Evaluation, widthOf } from "./evaluation.ts";

/** One model's part of some rows. */
export interface ModelRows {
  /** 1 where a score of the row is NaN or infinite. */
  unusable: Uint8Array;
  unusableCount: number;
  /** null when a score is unusable. Labels may be missing: for what needs none. */
  scored: Side | null;
  /** The same; null also when a label is missing: then no metric of labels and scores exists. */
  side: Side | null;
  /** Ascending times of single predictions in milliseconds; null where they were not measured for these rows. */
  latencyMs: Float64Array | null;
}

/** Rows that a gate looks at: all, or those of one slice; without those of weight 0. */
export interface Rows {
  n: number;
  /** null where every row counts once. */
  weights: Float64Array | null;
  /** (Σw)²/Σw², n without weights: what the rows are worth. */
  effective: number;
  missingLabels: number;
  candidate: ModelRows;
  /** null when the baseline has no scores. */
  baseline: ModelRows | null;
}

/** Gathers the rows of the given indexes, all without. Where nothing is left out, nothing is copied. */
export function gatherRows(evaluation: Evaluation, within?: Uint32Array): Rows {
  const indexes = weighing(evaluation.weights, within);
  const weights = evaluation.weights === undefined ? null : pick(evaluation.weights, 1, indexes);
  const labels = pick(evaluation.labels, 1, indexes);
  const groups = evaluation.groups === undefined ? null : pickGroups(evaluation.groups, indexes);
  let missingLabels = 0;
  for (let i = 0; i < labels.length; i++) {
    missingLabels += Number.isNaN(labels[i]) ? 1 : 0;
  }
  const model = (scores: Numbers, latencyMs: Float64Array | undefined): ModelRows =>
    modelRows(
      evaluation,
      { labels, scores: pick(scores, widthOf(evaluation), indexes), weights, groups },
      missingLabels,
      latencyOf(evaluation, latencyMs, within),
    );
  const baseline = baselineScores(evaluation);
  return {
    n: labels.length,
    weights,
    effective: effectiveRows({ n: labels.length, weights }),
    missingLabels,
    candidate: model(evaluation.candidate, evaluation.latencyMs?.candidate),
    baseline: baseline && model(baseline, evaluation.latencyMs?.baseline),
  };
}

/** The indexes without rows of weight 0, which are as if they were not there. */
function weighing(
  weights: Float64Array | undefined,
  indexes: Uint32Array | undefined,
): Uint32Array | undefined {
  if (weights === undefined || !weights.includes(0)) {
    return indexes;
  }
  const kept = new Uint32Array(indexes?.length ?? weights.length);
  let count = 0;
  for (let i = 0; i < kept.length; i++) {
    const row = indexes === undefined ? i : (indexes[i] as number);
    if ((weights[row] as number) > 0) {
      kept[count++] = row;
    }
  }
  return kept.subarray(0, count);
}

function modelRows(
  { task, threshold }: Evaluation,
  rows: Pick<Side, "labels" | "scores" | "weights" | "groups">,
  missingLabels: number,
  latencyMs: Float64Array | null,
): ModelRows {
  const { labels, scores } = rows;
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
  const usable = unusableCount === 0 && labels.length > 0;
  const scored = usable ? new Side({ ...rows, classes, threshold }) : null;
  return { unusable, unusableCount, scored, side: missingLabels === 0 ? scored : null, latencyMs };
}

/** Times belong to a slice's rows only when there is one for every row. Rows' weights are not theirs: a time is one
 * measurement. */
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

/** In an array of the same kind. */
function pick<Kind extends Numbers>(values: Kind, width: number, indexes: Uint32Array | undefined): Kind {
  if (indexes === undefined) {
    return values;
  }
  const picked = new (values.constructor as new (length: number) => Kind)(indexes.length * width);
  for (let i = 0; i < indexes.length; i++) {
    const row = indexes[i] as number;
    for (let c = 0; c < width; c++) {
      picked[i * width + c] = values[row * width + c] as number;
    }
  }
  return picked;
}

function pickGroups(groups: Int32Array, indexes: Uint32Array | undefined): Int32Array {
  return indexes === undefined ? groups : Int32Array.from(indexes, (row) => groups[row] as number);
}
