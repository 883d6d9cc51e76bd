import {
  averagePrecision,
  averagePrecisionExcess,
  averagePrecisionInfluence,
} from "../metrics/average-precision.ts";
import { held } from "../statistics/influence.ts";
import type { Uncertainty } from "../statistics/interval.ts";
import { logitUncertainty } from "../statistics/logit.ts";
import { fromInfluence } from "./from-influence.ts";
import { positives } from "./requirements.ts";
import type { Estimator, Side } from "./side.ts";

/** Average precision with its influences' standard error; of two models the excess of few rows cancels. */
export const precisionOverRecall: Estimator = fromInfluence({
  value: ({ ranking }) => averagePrecision(ranking),
  estimate: ({ ranking, weights, n }) => ({
    value: averagePrecision(ranking),
    n,
    weights,
    influences: held(averagePrecisionInfluence(ranking)),
  }),
  needs: [positives],
  scale: 1,
  own: alone,
});

/** On the logit scale, the excess taken off; what was seen lies within. */
function alone({ ranking }: Side, value: number, se: number): Uncertainty {
  const centred = logitUncertainty(value - averagePrecisionExcess(ranking), se);
  return {
    se,
    at(confidence) {
      const { low, high } = centred.at(confidence);
      return { low: Math.min(low, value), high: Math.max(high, value) };
    },
  };
}
