import { classTotals } from "../metrics/auc.ts";
import { delongSeOfOne } from "../statistics/delong.ts";
import { normalUncertainty } from "../statistics/interval.ts";
import { logitUncertainty } from "../statistics/logit.ts";
import { firstUnmet, negatives, positives } from "./requirements.ts";
import type { Estimator } from "./side.ts";

/** Area under the ROC curve with DeLong's standard error; its own interval is taken on the logit scale. */
export const auc: Estimator = {
  undefinedFor: firstUnmet([positives, negatives]),
  value: (side) => side.auc,
  uncertainty(candidate, baseline, factor) {
    if (baseline === null) {
      const { ranking } = candidate;
      return logitUncertainty(candidate.auc, delongSeOfOne(ranking, classTotals(ranking)));
    }
    return normalUncertainty(candidate.auc - factor * baseline.auc, candidate.aucSe(baseline, factor));
  },
};
