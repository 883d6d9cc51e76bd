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
  /** `rows`, `positive rows`, `queries`, `effective rows`. */
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
    return { of: countedIn(asked.task, rows), have: asked.n, need };
  }
  return classShortage(instrument, rows, asked.task);
}

/** Of a class that the metric needs. */
export function classShortage(instrument: Instrument, rows: Rows, task: Task): Shortage | undefined {
  if (task !== "binary" || rows.candidate.side === null) {
    return undefined;
  }
  for (const label of [1, 0]) {
    const have = rowsOfClass(rows.candidate.side, label);
    if (have < fewestOfClass && isUndefinedWithout(label, instrument, rows)) {
      const of = `${label === 1 ? "positive" : "negative"} ${countedIn(task, rows)}`;
      return { of, have, need: fewestOfClass };
    }
  }
  return undefined;
}

/** What a count of the sample counts. */
export function countedIn(task: Task, { weights }: Rows): string {
  return `${weights === null ? "" : "effective "}${task === "ranking" ? "queries" : "rows"}`;
}

/** Rows with the label; where they weigh differently what they are worth, (Σw)²/Σw², rounded down. */
function rowsOfClass({ labels, weights }: Side, label: number): number {
  let [sum, squares] = [0, 0];
  for (let i = 0; i < labels.length; i++) {
    const weight = labels[i] !== label ? 0 : weights === null ? 1 : (weights[i] as number);
    sum += weight;
    squares += weight * weight;
  }
  // Rounding of the sums must not cost a row.
  return squares === 0 ? 0 : Math.floor(((sum * sum) / squares) * (1 + 1e-12));
}

/** Asks the metric itself, so that none can be forgotten here. */
function isUndefinedWithout(label: number, instrument: Instrument, rows: Rows): boolean {
  const isDefinedOf = (...labels: [number, number]): boolean => {
    const scores = Float64Array.of(0.5, 0.5);
    const side = new Side({ labels: Float64Array.from(labels), scores, classes: 2, threshold: 0.5 });
    const probe = { ...rows.candidate, unusableCount: 0, side };
    return instrument.read(probe, { ...rows, n: 2, missingLabels: 0, candidate: probe }).ok;
  };
  return isDefinedOf(0, 1) && !isDefinedOf(1 - label, 1 - label);
}
