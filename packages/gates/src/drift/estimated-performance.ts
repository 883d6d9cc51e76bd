import { GatesError } from "../error.ts";
import { binomial } from "../random/binomial.ts";
import { hashNumbers, hashText, xoshiro128 } from "../random/xoshiro.ts";
import { cellBootstrap } from "../statistics/cell-bootstrap.ts";
import type { Uncertainty } from "../statistics/interval.ts";
import { quantileOfSorted } from "../statistics/quantile.ts";
import { type Calibration, type Curve, calibrate, type Labelled } from "./score-calibration.ts";
import { type EstimatedMetric, groupScores, metricOfGroups, type ScoreGroups } from "./score-groups.ts";

/** What a binary model said of the current data, whose labels are not known yet. */
export interface Predictions {
  /** Chances of a positive, 0 to 1. */
  scores: Float64Array;
  /** Predicted positive from this score on. */
  threshold: number;
  /** The same model's scores where labels are known. */
  reference?: Labelled;
}

/** What a metric is without labels, or why nothing can be said. */
export type Estimate =
  | {
      ok: true;
      value: number;
      interval: [number, number];
      uncertainty: Uncertainty;
      rows: number;
      notes: string[];
    }
  | { ok: false; reason: string; settle: string; rows: number };

const fewestRows = 30;
const mostGroups = 500;
const replicates = 500;

/**
 * F1, AUC or accuracy without labels, from the scores alone: where a score s is the chance of a positive, E[TP] = Σ s
 * over rows predicted positive, E[FP] = Σ (1 − s) over them, E[FN] = Σ s and E[TN] = Σ (1 − s) over the others; accuracy
 * = (E[TP] + E[TN])/n, F1 = 2·E[TP]/(2·E[TP] + E[FP] + E[FN]), and AUC is Mann-Whitney's with each row s of a
 * positive and 1 − s of a negative (confidence-based performance estimation: J. Białek et al., "Estimating model
 * performance under covariate shift without labels", arXiv 2401.08348).
 *
 * The interval is of the metric that the labels will show: labels are drawn from the chances, and, where the scores were
 * corrected, the correction is fitted anew to redrawn labels of the reference. It holds while a score goes on meaning
 * the same chance (inputs may shift, their relation to the label may not): no method without labels can see otherwise.
 * @throws GatesError `shape` for labels that are not 0 or 1 or lengths that differ
 */
export function estimatePerformance(
  predictions: Predictions,
  metric: EstimatedMetric,
  { confidence, seed = 0 }: { confidence: number; seed?: number },
): Estimate {
  const rows = predictions.scores.length;
  const problem = problemOf(predictions);
  if (problem !== null) return { ok: false, ...problem, rows };
  const { scores, threshold, reference } = predictions;
  const calibration = reference === undefined ? unchecked : calibrate(reference, 1 - confidence);
  if (!calibration.ok) return { ...calibration, rows };
  const groups = groupScores(scores, threshold, mostGroups);
  const value = expectation(metric, groups, calibration.curve);
  if (Number.isNaN(value))
    return {
      ok: false,
      reason: "the scores promise no positive or no negative",
      settle: "give more rows",
      rows,
    };
  const uncertainty = labelNoise(metric, groups, calibration, value, [seed, hashNumbers(scores)]);
  const { low, high } = uncertainty.at(confidence);
  return {
    ok: true,
    value,
    interval: [low, high],
    uncertainty,
    rows,
    notes: notesOn(reference, calibration.corrected),
  };
}

const unchecked: Calibration & { ok: true } = {
  ok: true,
  curve: (score) => score,
  redraw: () => unchecked.curve,
  corrected: false,
};

function notesOn(reference: Labelled | undefined, corrected: boolean): string[] {
  if (reference === undefined)
    return ["without a labelled reference the scores are taken as chances unchecked"];
  return corrected ? ["the scores were corrected by isotonic regression on the labelled reference"] : [];
}

function expectation(metric: EstimatedMetric, groups: ScoreGroups, curve: Curve): number {
  return metricOfGroups(metric, groups.rows, promised(groups, curve), groups.firstPredicted);
}

function promised({ rows, means }: ScoreGroups, curve: Curve): Float64Array {
  return rows.map((count, g) => count * curve(means[g] as number));
}

/** Percentiles of the metric over redrawn labels. A group's binomial of its mean chance is a little wider than the sum of
 * its rows' own. */
function labelNoise(
  metric: EstimatedMetric,
  groups: ScoreGroups,
  { redraw }: Calibration & { ok: true },
  value: number,
  seeds: readonly number[],
): Uncertainty {
  const random = xoshiro128(hashText(metric), ...seeds);
  const { rows, means, firstPredicted } = groups;
  const values = new Float64Array(replicates);
  const positives = new Float64Array(rows.length);
  let defined = 0;
  for (let i = 0; i < replicates; i++) {
    const curve = redraw(random);
    for (let g = 0; g < rows.length; g++)
      positives[g] = binomial(random, rows[g] as number, curve(means[g] as number));
    const drawn = metricOfGroups(metric, rows, positives, firstPredicted);
    if (!Number.isNaN(drawn)) values[defined++] = drawn;
  }
  const sorted = values.subarray(0, defined).sort();
  const mean = sorted.reduce((sum, drawn) => sum + drawn, 0) / defined;
  const squares = sorted.reduce((sum, drawn) => sum + (drawn - mean) ** 2, 0);
  return {
    se: Math.sqrt(squares / Math.max(1, defined - 1)),
    at: (confidence) => ({
      low: Math.min(value, quantileOfSorted(sorted, 1 - confidence)),
      high: Math.max(value, quantileOfSorted(sorted, confidence)),
    }),
  };
}

/** The metric on labelled rows, and its sampling error: cells are (group, label). */
export function realisedPerformance(
  metric: EstimatedMetric,
  { scores, labels }: Labelled,
  threshold: number,
  seed: number,
): { value: number; uncertainty: Uncertainty } {
  const { rows, positives, firstPredicted } = groupScores(scores, threshold, mostGroups, labels);
  const groups = rows.length;
  const counts = Float64Array.of(...positives, ...rows.map((count, g) => count - (positives[g] as number)));
  const statistic = (cells: Float64Array): number => {
    const drawn = cells.subarray(0, groups);
    return metricOfGroups(
      metric,
      drawn.map((count, g) => count + (cells[groups + g] as number)),
      drawn,
      firstPredicted,
    );
  };
  return {
    value: metricOfGroups(metric, rows, positives, firstPredicted),
    uncertainty: cellBootstrap({ name: metric, counts, smoothing: 0 }, statistic, seed),
  };
}

function problemOf({ scores, reference }: Predictions): { reason: string; settle: string } | null {
  if (reference !== undefined && reference.scores.length !== reference.labels.length)
    throw new GatesError(
      "shape",
      `The labelled reference has ${reference.scores.length} scores and ${reference.labels.length} labels.`,
      "Give one label a score.",
    );
  if (reference?.labels.some((label) => label !== 0 && label !== 1))
    throw new GatesError(
      "shape",
      "The labelled reference has labels that are not 0 or 1.",
      "Estimates are for binary models.",
    );
  for (const [side, values] of [
    ["current", scores],
    ["reference", reference?.scores ?? new Float64Array(0)],
  ] as const) {
    const strange = values.reduce((count, score) => count + (score >= 0 && score <= 1 ? 0 : 1), 0);
    if (strange > 0)
      return {
        reason: `${strange} of ${values.length} ${side} scores are not chances between 0 and 1`,
        settle: "give scores that are chances",
      };
  }
  return scores.length < fewestRows
    ? {
        reason: `${scores.length} rows have scores, fewer than ${fewestRows}`,
        settle: `need ${fewestRows} rows, have ${scores.length}`,
      }
    : null;
}
