import { delongSe } from "../statistics/delong.ts";
import { type Interval, type Level, normalInterval } from "../statistics/interval.ts";
import { firstUnmet, negatives, positives } from "./requirements.ts";
import type { Estimator } from "./side.ts";

/** Area under the ROC curve with DeLong's standard error; its own interval is taken on the logit scale. */
export const auc: Estimator = {
  undefinedFor: firstUnmet([positives, negatives]),
  value: (side) => side.placements.auc,
  interval(candidate, baseline, factor, level) {
    const { labels, placements } = candidate;
    const se = delongSe(labels, placements, baseline?.placements ?? null, factor);
    return baseline === null
      ? ownInterval(placements.auc, se, level)
      : normalInterval(placements.auc - factor * baseline.placements.auc, se, level);
  },
};

/**
 * logit⁻¹(logit A ± z·se/(A(1 − A))): near 1 an AUC is spread unevenly, and the plain interval reaches beyond 1 and
 * errs on one side. Source: M. S. Pepe, "The Statistical Evaluation of Medical Tests" (2003), section 5.2.4. At 0 and
 * 1 themselves, where there is no logit, the plain interval, cut off.
 */
function ownInterval(value: number, se: number, level: Level): Interval {
  if (value <= 0 || value >= 1 || !Number.isFinite(se)) {
    const { low, high } = normalInterval(value, se, level);
    return { low: Math.max(0, low), high: Math.min(1, high), se };
  }
  const logit = Math.log(value / (1 - value));
  const { low, high } = normalInterval(logit, se / (value * (1 - value)), level);
  return { low: 1 / (1 + Math.exp(-low)), high: 1 / (1 + Math.exp(-high)), se };
}
