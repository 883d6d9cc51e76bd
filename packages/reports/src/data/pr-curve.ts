import type { Sweep } from "./sweep.ts";
import { keptByExtremes } from "./thin.ts";

export interface PrCurve {
  /** [recall, precision] at each threshold, recall rising. */
  points: [number, number][];
  /** Average precision of the whole curve: Σ (Rₙ − Rₙ₋₁) Pₙ, without interpolation, as scikit-learn has it. */
  averagePrecision: number;
  /** Share of positive rows: the precision of a coin. */
  prevalence: number;
}

/** Parts of the recall; of each the lowest and the highest precision are drawn. */
const parts = 200;

/** Precision-recall curve, at most 402 points. @returns null without positive rows. */
export function prCurve({ truePositives, falsePositives, positives, negatives }: Sweep): PrCurve | null {
  if (!(positives > 0)) return null;
  const recall = (step: number) => (truePositives[step] ?? 0) / positives;
  const precision = (step: number) => {
    const hits = truePositives[step] ?? 0;
    return hits / (hits + (falsePositives[step] ?? 0));
  };
  let averagePrecision = 0;
  for (let step = 0; step < truePositives.length; step++) {
    averagePrecision += (recall(step) - (step === 0 ? 0 : recall(step - 1))) * precision(step);
  }
  const shown = keptByExtremes(
    truePositives.length,
    (step) => Math.min(parts - 1, Math.floor(recall(step) * parts)),
    precision,
  );
  return {
    points: shown.map((step) => [recall(step), precision(step)]),
    averagePrecision,
    prevalence: positives / (positives + negatives),
  };
}
