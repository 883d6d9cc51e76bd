/** What the report says of both models together. */
import { auc } from "@ml-actions/gates/estimators/auc";
import type { Evaluation } from "@ml-actions/gates/evaluate";
import { gatherRows } from "@ml-actions/gates/evaluate/rows";
import type { EvaluationReportInput } from "@ml-actions/reports";

type Comparison = NonNullable<EvaluationReportInput["comparison"]>;

/**
 * The candidate's AUC minus the baseline's on the same rows, with DeLong's interval at this confidence; null where there
 * is no such difference: another task, no scores of a baseline, or rows without an AUC.
 */
export function aucComparison(
  evaluation: Evaluation,
  confidence: number,
): NonNullable<Comparison["auc"]> | null {
  if (evaluation.task !== "binary" || !(evaluation.baseline instanceof Float64Array)) return null;
  const rows = gatherRows(evaluation);
  const [candidate, baseline] = [rows.candidate.side, rows.baseline?.side ?? null];
  if (candidate === null || baseline === null || auc.undefinedFor(candidate) !== undefined) return null;
  const { se, at } = auc.uncertainty(candidate, baseline, 1, 0);
  const { low, high } = at(confidence);
  return {
    difference: auc.value(candidate) - auc.value(baseline),
    interval: Number.isFinite(se) ? [low, high] : null,
  };
}
