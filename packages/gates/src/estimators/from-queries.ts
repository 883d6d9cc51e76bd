import type { Queries } from "../metrics/queries.ts";
import { held, mean, type Sample } from "../statistics/influence.ts";
import { fromInfluence } from "./from-influence.ts";
import type { Estimator, Side } from "./side.ts";

/** A metric of a ranking: the mean of a figure of every query between 0 and 1. Queries, not rows, are what was drawn, so
 * that the standard error is one over queries. */
export function fromQueries(figure: (side: Side, queries: Queries) => Float64Array): Estimator {
  return fromInfluence({
    estimate(side) {
      const figures = figure(side, side.queries);
      return mean(sampleOfQueries(side), held(figures));
    },
    scale: 1,
  });
}

/** The queries and their weights: the rows of one weigh the same, and so does it. */
export function sampleOfQueries({ weights, queries: { order, starts } }: Side): Sample {
  return {
    n: starts.length - 1,
    weights:
      weights &&
      Float64Array.from(starts.subarray(0, -1), (start) => weights[order[start] as number] as number),
  };
}
