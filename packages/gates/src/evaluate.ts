import { assertGatesApply } from "./catalog.ts";
import { GatesError } from "./error.ts";
import { type AucDifference, aucDifference } from "./evaluate/auc-difference.ts";
import { assertShape, type Evaluation } from "./evaluate/evaluation.ts";
import type { PowerLine } from "./evaluate/power.ts";
import { type Readings, readAll } from "./evaluate/readings.ts";
import { gatherRows } from "./evaluate/rows.ts";
import { questionsOf, reportedSlices, sliceFinder } from "./evaluate/slices.ts";
import { answer } from "./evaluate/verdicts.ts";
import type { DecisionRule, Gate, Verdict } from "./types.ts";

export type { Evaluation, SliceColumn } from "./evaluate/evaluation.ts";
export type { PowerLine } from "./evaluate/power.ts";
export { overall } from "./overall.ts";

export interface EvaluateOptions {
  /** For gates that name no rule of their own. */
  rule: DecisionRule;
  /**
   * Chance, from 0.5 to below 1, with which a verdict of `refute` (fail) or `prove` (pass or fail) is right. Every
   * end of an interval is a one-sided bound at this confidence, because a gate looks at one side: at 0.95 a model
   * that keeps the bound is refuted in at most 5 % of samples, and the interval shown covers the truth in 90 %.
   * Over all gates and slices together, too, any is failed wrongly with at most that chance (Holm's procedure).
   */
  confidence: number;
  /** Another seed draws other bootstrap samples. Without it the seed is made from the data and the metric alone, so
   * that the same input has the same verdict on every machine. */
  seed?: number;
}

export interface EvaluateResult {
  /** In the order of the gates, `{column=*}` expanded in the order of the column's names. */
  verdicts: Verdict[];
  candidate: Readings;
  /** null when there is no baseline. */
  baseline: Readings | null;
  /** Of binary models, all rows; null where the two have no such difference. */
  aucDifference: AucDifference | null;
  /** What the sample could show, for every gate and slice that could be measured. */
  power: PowerLine[];
}

/**
 * Judges a candidate's scores for labelled rows by gates. Pure: the same input gives the same result.
 *
 * What cannot be computed is never a pass: a candidate with NaN or infinite scores fails every gate on labels and
 * scores; missing labels, an undefined metric, a missing baseline, and a slice that is missing or has too few rows are
 * inconclusive, each with its reason. Of the values that `{column=*}` finds, those with too few rows are marked
 * `unjudged` where others of the same gate were judged, and `overall` leaves them out.
 * @throws GatesError `metric-not-here` for gates on metrics of another task or action, `shape` for arrays that do
 * not fit together or options out of range
 */
export function evaluate(
  gates: readonly Gate[],
  evaluation: Evaluation,
  { rule, confidence, seed = 0 }: EvaluateOptions,
): EvaluateResult {
  assertGatesApply(gates, { place: "offline", task: evaluation.task });
  assertShape(evaluation);
  if (!(confidence >= 0.5 && confidence < 1)) {
    throw new GatesError(
      "shape",
      `The confidence is ${confidence}, expected a number from 0.5 to below 1.`,
      "Write it as a share: 0.95.",
    );
  }
  const rowsOf = sliceFinder(evaluation);
  const questions = questionsOf(gates, evaluation, rowsOf);
  const judgements = answer(questions, evaluation, { rule, confidence, seed });
  const all =
    questions.find(({ gate, rows }) => gate.slice === undefined && rows !== null)?.rows ??
    gatherRows(evaluation);
  const result = {
    verdicts: judgements.map(({ verdict }) => verdict),
    ...readAll([...questions, ...reportedSlices(gates, evaluation, rowsOf)], all, evaluation),
    aucDifference: aucDifference(evaluation.task, all),
    power: judgements.flatMap(({ power }) => power ?? []),
  };
  all.candidate.scored?.release();
  all.baseline?.scored?.release();
  return result;
}
