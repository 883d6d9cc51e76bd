import { influenceSe, type Linearised } from "../statistics/influence.ts";
import { normalUncertainty, type Uncertainty } from "../statistics/interval.ts";
import { firstUnmet, type Requirement } from "./requirements.ts";
import type { Estimator, Side } from "./side.ts";

interface InfluenceMetric {
  value?: (side: Side) => number;
  /** The value with what each row (or, of a ranking, each query) contributes to it. */
  estimate: (side: Side) => Linearised;
  needs?: readonly Requirement[];
  /** Width of the metric's range where it is finite; 0 otherwise. */
  scale: number;
  /** Of one model from its standard error; without it the plain normal interval. */
  own?: (side: Side, value: number, se: number) => Uncertainty;
}

/** A metric that is a mean of row figures or a smooth function of the rows; normal interval by influences. */
export function fromInfluence({ value, estimate, needs = [], scale, own }: InfluenceMetric): Estimator {
  return {
    undefinedFor: firstUnmet(needs),
    value: value ?? ((side) => estimate(side).value),
    uncertainty(candidate, baseline, factor) {
      const a = estimate(candidate);
      const b = baseline === null ? null : estimate(baseline);
      const se = influenceSe(a, b, factor, scale);
      return b === null && own !== undefined
        ? own(candidate, a.value, se)
        : normalUncertainty(a.value - (b === null ? 0 : factor * b.value), se);
    },
  };
}
