import { placementsOf } from "../metrics/auc.ts";
import { delongSe } from "../statistics/delong.ts";
import { normalUncertainty } from "../statistics/interval.ts";
import { logitUncertainty } from "../statistics/logit.ts";
import { firstUnmet, negatives, positives } from "./requirements.ts";
import type { Estimator, Side } from "./side.ts";

/** Area under the ROC curve with DeLong's standard error; its own interval is taken on the logit scale. */
export const auc: Estimator = {
  undefinedFor: firstUnmet([positives, negatives]),
  value: (side) => side.auc,
  uncertainty(candidate, baseline, factor) {
    const { labels, weights } = candidate;
    const placements = placementsOfSide(candidate);
    const se = delongSe({ labels, weights, placements }, baseline && placementsOfSide(baseline), factor);
    return baseline === null
      ? logitUncertainty(candidate.auc, se)
      : normalUncertainty(candidate.auc - factor * baseline.auc, se);
  },
};

function placementsOfSide({ ranking, weights }: Side): Float64Array {
  return placementsOf(ranking, weights);
}
