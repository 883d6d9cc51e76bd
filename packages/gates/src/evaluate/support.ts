import { Side } from "../estimators/side.ts";
import type { Task } from "../types.ts";
import { fewestRows, type Instrument } from "./measure.ts";
import type { Rows } from "./rows.ts";

/**
 * Rows of a class that a metric of it needs: below this the classes are too few for the normal approximation and for
 * the bootstrap, as with fewer than ten successes or failures of a proportion (D. S. Moore, G. P. McCabe,
 * "Introduction to the Practice of Statistics", the rule n·p ≥ 10); `docs/calibration.md` has what it keeps.
 */
export const fewestOfClass = 10;

/** What there is too little of. */
export interface Shortage {
  /** `rows`, `positive rows`, `queries`. */
  of: string;
  have: number;
  need: number;
}

/**
 * What the rows lack to be judged by the metric, or undefined. Exact methods need no more than they say (`nan_rate` one
 * row, a latency's quantile enough to bound it); the others 30 rows, and ten of every class without which the metric
 * is undefined. A slice is always asked for 30 rows, for `estimate` looks at its value alone, but for `nan_rate`: one
 * NaN is a fact, however few the rows.
 */
export function shortageOf(
  instrument: Instrument,
  rows: Rows,
  asked: { task: Task; n: number; sliced: boolean; confidence: number },
): Shortage | undefined {
  const fewest = instrument.fewest(asked.confidence);
  const need = fewest === 1 ? 1 : asked.sliced ? fewestRows : Math.min(fewestRows, fewest);
  if (asked.n < need) {
    return { of: "rows", have: asked.n, need };
  }
  return classShortage(instrument, rows, asked.task);
}

/** Of a class that the metric needs. */
export function classShortage(instrument: Instrument, rows: Rows, task: Task): Shortage | undefined {
  if (task !== "binary" || rows.candidate.side === null) {
    return undefined;
  }
  const { labels } = rows.candidate.side;
  const positives = labels.reduce((sum, label) => sum + label, 0);
  const counts = [labels.length - positives, positives];
  for (const label of [1, 0]) {
    const have = counts[label] as number;
    if (have < fewestOfClass && isUndefinedWithout(label, instrument, rows)) {
      return { of: label === 1 ? "positive rows" : "negative rows", have, need: fewestOfClass };
    }
  }
  return undefined;
}

/** Asks the metric itself, of rows that all have the other label, so that no metric can be forgotten here. */
function isUndefinedWithout(label: number, instrument: Instrument, rows: Rows): boolean {
  const labels = Float64Array.of(1 - label, 1 - label);
  const side = new Side({ labels, scores: Float64Array.of(0.5, 0.5), classes: 2, threshold: 0.5 });
  const probe = { ...rows.candidate, unusableCount: 0, side };
  return !instrument.read(probe, { ...rows, n: 2, missingLabels: 0, candidate: probe }).ok;
}
