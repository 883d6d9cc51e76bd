import { delongSe } from "../statistics/delong.ts";
import { normalUncertainty, onScale, type Uncertainty } from "../statistics/interval.ts";
import { firstUnmet, negatives, positives } from "./requirements.ts";
import type { Estimator } from "./side.ts";

/** Area under the ROC curve with DeLong's standard error; its own interval is taken on the logit scale. */
export const auc: Estimator = {
  undefinedFor: firstUnmet([positives, negatives]),
  value: (side) => side.placements.auc,
  uncertainty(candidate, baseline, factor) {
    const { labels, placements } = candidate;
    const se = delongSe(labels, placements, baseline?.placements ?? null, factor);
    return baseline === null
      ? ownUncertainty(placements.auc, se)
      : normalUncertainty(placements.auc - factor * baseline.placements.auc, se);
  },
};

/**
 * logit⁻¹(logit A ± z·se/(A(1 − A))): near 1 an AUC is spread unevenly, and the plain interval reaches beyond 1 and
 * errs on one side. Source: M. S. Pepe, "The Statistical Evaluation of Medical Tests" (2003), section 5.2.4. At 0 and
 * 1 themselves, where there is no logit, the plain interval, cut off.
 */
function ownUncertainty(value: number, se: number): Uncertainty {
  if (value <= 0 || value >= 1 || !Number.isFinite(se)) {
    return onScale(normalUncertainty(value, se), (end) => Math.max(0, Math.min(1, end)));
  }
  const logit = normalUncertainty(Math.log(value / (1 - value)), se / (value * (1 - value)));
  return { ...onScale(logit, (end) => 1 / (1 + Math.exp(-end))), se };
}
