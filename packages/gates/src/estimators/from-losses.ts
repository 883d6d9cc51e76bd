import { influenceSe, type Linearised } from "../statistics/influence.ts";
import { normalUncertainty } from "../statistics/interval.ts";
import { firstUnmet, type Requirement } from "./requirements.ts";
import type { Estimator, Side } from "./side.ts";

interface LossMetric {
  estimate: (side: Side) => Linearised;
  needs?: readonly Requirement[];
  /** Width of the metric's range where it is finite; 0 otherwise. */
  scale: number;
}

/** A metric that is a mean of row losses or a smooth function of such means; normal interval by influences. */
export function fromLosses({ estimate, needs = [], scale }: LossMetric): Estimator {
  return {
    undefinedFor: firstUnmet(needs),
    value: (side) => estimate(side).value,
    uncertainty(candidate, baseline, factor) {
      const a = estimate(candidate);
      const b = baseline === null ? null : estimate(baseline);
      const observed = a.value - (b === null ? 0 : factor * b.value);
      return normalUncertainty(observed, influenceSe(a, b, factor, scale));
    },
  };
}
