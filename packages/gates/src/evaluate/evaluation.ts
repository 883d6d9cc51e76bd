import { GatesError } from "../error.ts";
import type { Task } from "../types.ts";

/** A column to slice by: for every row the index of its value in `names`, −1 where the value is missing. */
export interface SliceColumn {
  codes: Int32Array;
  names: readonly string[];
}

/** Scores of one or two models for n labelled rows. */
export interface Evaluation {
  task: Task;
  /** Names of the classes of a multiclass model; k of them. */
  classes?: readonly string[];
  /** n: 0 or 1, the class's index, or the value. NaN where the label is missing. */
  labels: Float64Array;
  /** n, or n × k row by row. */
  candidate: Float64Array;
  /** Scores of the same rows, or only what the baseline's metrics file says (`f1`, `f1{carrier=UA}`). */
  baseline?: Float64Array | { metrics: Readonly<Record<string, number>> };
  /** Binary: predicted positive from this score on. */
  threshold: number;
  slices?: Readonly<Record<string, SliceColumn>>;
  /** Times of single predictions, in milliseconds; of the same rows when there are n of them. */
  latencyMs?: { candidate: Float64Array; baseline?: Float64Array };
}

/** Scores a row: k for several classes, else 1. */
export function widthOf({ task, classes }: Evaluation): number {
  return task === "multiclass" ? (classes?.length ?? 0) : 1;
}

/** The baseline's scores, or null where there is none or only its metrics are known. */
export function baselineScores({ baseline }: Evaluation): Float64Array | null {
  return baseline === undefined || "metrics" in baseline ? null : baseline;
}

/** Refuses, all at once, arrays that do not fit together. NaN is not a misfit: verdicts speak of it.
 * @throws GatesError `shape` */
export function assertShape(evaluation: Evaluation): void {
  const problems = [
    ...classProblems(evaluation),
    ...lengthProblems(evaluation),
    ...labelProblems(evaluation),
    ...sliceProblems(evaluation),
  ];
  if (evaluation.task === "binary" && !Number.isFinite(evaluation.threshold)) {
    problems.push(`the threshold is ${evaluation.threshold}, not a finite number`);
  }
  if (problems.length > 0) {
    throw new GatesError(
      "shape",
      `The rows to evaluate do not fit together: ${problems.join("; ")}.`,
      "Give one label and one score (or one score a class) for every row, labels as the task has them.",
    );
  }
}

function classProblems({ task, classes }: Evaluation): string[] {
  if (task !== "multiclass") {
    return [];
  }
  return classes !== undefined && classes.length >= 2
    ? []
    : [`a multiclass model needs at least 2 classes, there are ${classes?.length ?? 0}`];
}

function lengthProblems(evaluation: Evaluation): string[] {
  const n = evaluation.labels.length;
  const expected = n * widthOf(evaluation);
  const baseline = baselineScores(evaluation);
  const problems: string[] = [];
  if (evaluation.candidate.length !== expected) {
    problems.push(`${n} labels need ${expected} scores, the candidate has ${evaluation.candidate.length}`);
  }
  if (baseline !== null && baseline.length !== expected) {
    problems.push(`${n} labels need ${expected} scores, the baseline has ${baseline.length}`);
  }
  return problems;
}

function labelProblems({ task, labels, classes }: Evaluation): string[] {
  const count = task === "regression" ? undefined : task === "binary" ? 2 : (classes?.length ?? 0);
  const fits = (label: number): boolean =>
    Number.isNaN(label) ||
    (count === undefined ? Number.isFinite(label) : Number.isInteger(label) && label >= 0 && label < count);
  const row = labels.findIndex((label) => !fits(label));
  if (row < 0) {
    return [];
  }
  const expected = count === undefined ? "a finite number" : `a whole number from 0 to ${count - 1}`;
  return [`the label of row ${row + 1} is ${labels[row]}, expected ${expected}`];
}

function sliceProblems({ slices = {}, labels }: Evaluation): string[] {
  return Object.entries(slices).flatMap(([column, { codes, names }]) => {
    if (codes.length !== labels.length) {
      return [`slice column ${JSON.stringify(column)} has ${codes.length} rows, expected ${labels.length}`];
    }
    if (new Set(names).size < names.length) {
      return [`slice column ${JSON.stringify(column)} names a value twice`];
    }
    const row = codes.findIndex((code) => code < -1 || code >= names.length);
    return row < 0
      ? []
      : [
          `slice column ${JSON.stringify(column)} has code ${codes[row]} in row ${row + 1} and ${names.length} names`,
        ];
  });
}
