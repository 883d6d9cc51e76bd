/** What the report says of both models together. */
import type { EvaluateResult } from "@ml-actions/gates/evaluate";
import { normalUncertainty } from "@ml-actions/gates/statistics/interval";
import type { EvaluationReportInput } from "@ml-actions/reports";

type Comparison = NonNullable<EvaluationReportInput["comparison"]>;

/** The candidate's AUC minus the baseline's, with DeLong's interval at this confidence; null where there is none. */
export function aucComparison(
  { aucDifference }: Pick<EvaluateResult, "aucDifference">,
  confidence: number,
): NonNullable<Comparison["auc"]> | null {
  if (aucDifference === null) return null;
  const { value, se } = aucDifference;
  if (se === null) return { difference: value, interval: null };
  const { low, high } = normalUncertainty(value, se).at(confidence);
  return { difference: value, interval: [low, high] };
}
