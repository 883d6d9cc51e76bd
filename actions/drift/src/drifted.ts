/** The drifted features as the output `drifted`, the alerts and a retraining have them. */
import type { FeatureDrift } from "@ml-actions/gates/drift/types";
import type { Gate } from "@ml-actions/gates/types";
import { isEstimated } from "./combinations.ts";

export interface Drifted {
  feature: string;
  /** The metric that a gate asks for: the one that is broken, where several are. */
  statistic: string;
  value: number | null;
  /** Null where nothing was tested. */
  p: number | null;
  /** After Benjamini-Hochberg over all features. */
  p_adjusted: number | null;
  rows: { reference: number; current: number };
  /** Shares, 0 to 1. */
  missing: { reference: number; current: number };
}

/** An output of a job holds 1 MB, all of them together: https://docs.github.com/actions/reference/limits */
const most = 500;

/** Worst first, as `features` are. */
export function driftedOf(features: readonly FeatureDrift[], gates: readonly Gate[]): Drifted[] {
  return features
    .filter(({ drifted }) => drifted)
    .slice(0, most)
    .map((feature) => {
      const { statistic, value } = statisticOf(feature, gates);
      const { feature: name, p, pAdjusted, rows, missing } = feature;
      return { feature: name, statistic, value, p, p_adjusted: pAdjusted, rows, missing };
    });
}

function statisticOf(
  feature: FeatureDrift,
  gates: readonly Gate[],
): { statistic: string; value: number | null } {
  const asked = gates.filter(
    (gate) =>
      !isEstimated(gate) &&
      (gate.slice === undefined || gate.slice.every || gate.slice.value === feature.feature),
  );
  const broken = asked.find(({ metric, bound, comparison }) => {
    const value = figureOf(feature, metric);
    if (value === null || bound.kind !== "absolute") return false;
    return comparison.startsWith("<") ? value > bound.value : value < bound.value;
  });
  const statistic = (broken ?? asked[0])?.metric ?? "psi";
  return { statistic, value: figureOf(feature, statistic) };
}

/** null where a feature has no such value. */
export function figureOf(feature: FeatureDrift, metric: string): number | null {
  switch (metric) {
    case "psi":
    case "kl":
    case "js":
    case "chi2":
    case "wasserstein":
      return feature[metric];
    case "ks_distance":
      return feature.ks;
    case "missing_rate":
      return feature.missing.current;
    default:
      return null;
  }
}
