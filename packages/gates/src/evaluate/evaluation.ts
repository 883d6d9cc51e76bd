import { GatesError } from "../error.ts";
import type { Numbers } from "../metrics/numbers.ts";
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
  /** n: 0 or 1, the class's index, the value, or, of a ranking, the relevance from 0 on. NaN where it is missing. */
  labels: Numbers;
  /** n, or n × k row by row. */
  candidate: Numbers;
  /** Scores of the same rows, or only what the baseline's metrics file says (`f1`, `f1{carrier=UA}`). */
  baseline?: Numbers | { metrics: Readonly<Record<string, number>> };
  /** Binary: predicted positive from this score on. */
  threshold: number;
  /** n, finite and not negative: how often each row counts; once without. A row of weight 2 has every metric of two
   * such rows; one of weight 0 is left out. Rows of one query of a ranking weigh the same. */
  weights?: Float64Array;
  /** Ranking: n, the number of the query that each row belongs to, in any order. */
  groups?: Int32Array;
  slices?: Readonly<Record<string, SliceColumn>>;
  /** Times of single predictions, in milliseconds; of the same rows when there are n of them. */
  latencyMs?: { candidate: Float64Array; baseline?: Float64Array };
}

/** Scores a row: k for several classes, else 1. */
export function widthOf({ task, classes }: Evaluation): number {
  return task === "multiclass" ? (classes?.length ?? 0) : 1;
}

/** The baseline's scores, or null where there is none or only its metrics are known. */
export function baselineScores({ baseline }: Evaluation): Numbers | null {
  return baseline === undefined || "metrics" in baseline ? null : baseline;
}

/** Refuses, all at once, arrays that do not fit together. NaN is not a misfit: verdicts speak of it.
 * @throws GatesError `shape` */
export function assertShape(evaluation: Evaluation): void {
  const problems = [
    ...classProblems(evaluation),
    ...lengthProblems(evaluation),
    ...labelProblems(evaluation),
    ...groupProblems(evaluation),
    ...weightProblems(evaluation),
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
  const count = task === "binary" ? 2 : task === "multiclass" ? (classes?.length ?? 0) : Infinity;
  const least = task === "regression" ? -Infinity : 0;
  const whole = count < Infinity;
  for (let row = 0; row < labels.length; row++) {
    const label = labels[row] as number;
    if (label >= least && label < count && (!whole || Number.isInteger(label)) && label !== -Infinity) {
      continue;
    }
    if (!Number.isNaN(label)) {
      const numbers = least === 0 ? "a finite number from 0 on" : "a finite number";
      const expected = whole ? `a whole number from 0 to ${count - 1}` : numbers;
      return [`the label of row ${row + 1} is ${label}, expected ${expected}`];
    }
  }
  return [];
}

function groupProblems({ task, labels, groups, weights }: Evaluation): string[] {
  if (task !== "ranking") {
    return [];
  }
  if (groups === undefined || groups.length !== labels.length) {
    return [`a ranking of ${labels.length} rows needs as many groups, there are ${groups?.length ?? 0}`];
  }
  const ofGroup = new Map<number, number>();
  for (let row = 0; weights !== undefined && row < weights.length && row < groups.length; row++) {
    const [group, weight] = [groups[row] as number, weights[row] as number];
    if ((ofGroup.get(group) ?? weight) !== weight) {
      return [`row ${row + 1} weighs ${weight} and an earlier row of its query ${ofGroup.get(group)}`];
    }
    ofGroup.set(group, weight);
  }
  return [];
}

function weightProblems({ labels, weights }: Evaluation): string[] {
  if (weights === undefined) {
    return [];
  }
  if (weights.length !== labels.length) {
    return [`${labels.length} labels need as many weights, there are ${weights.length}`];
  }
  let total = 0;
  for (let row = 0; row < weights.length; row++) {
    const weight = weights[row] as number;
    if (!(weight >= 0 && weight < Infinity)) {
      return [`the weight of row ${row + 1} is ${weight}, expected a finite number from 0 on`];
    }
    total += weight;
  }
  if (!Number.isFinite(total)) {
    return ["the weights add up to more than a number can hold"];
  }
  return total === 0 && weights.length > 0 ? ["all weights are 0"] : [];
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
