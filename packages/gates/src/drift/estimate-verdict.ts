import { decide, keeps } from "../evaluate/decide.ts";
import { independentDifference } from "../statistics/difference.ts";
import type { Ends } from "../statistics/interval.ts";
import type { Gate, Verdict } from "../types.ts";
import {
  type Estimate,
  estimatePerformance,
  type Predictions,
  realisedPerformance,
} from "./estimated-performance.ts";
import type { EstimatedMetric } from "./score-groups.ts";

type Realised = ReturnType<typeof realisedPerformance>;

/** Judges what the scores promise of the model. Against the baseline it is the metric that the labelled reference had.
 * The usual rule is `refute`: fail only when the whole interval lies on the wrong side. */
export function judgeEstimate(
  gate: Gate,
  predictions: Predictions | undefined,
  options: { confidence: number; seed: number },
): Verdict {
  const rule = gate.rule ?? "refute";
  const estimate: Estimate =
    predictions === undefined
      ? { ok: false, reason: "there are no scores of the current data", settle: "give predictions", rows: 0 }
      : estimatePerformance(predictions, gate.metric as EstimatedMetric, options);
  const blank = { gate: gate.text, metric: gate.metric, rule, baseline: null, bound: null, interval: null };
  const unknown = (
    { reason, settle, rows }: { reason: string; settle: string; rows: number },
    observed: number | null,
  ) => ({
    ...blank,
    verdict: "inconclusive" as const,
    observed,
    n: rows,
    reason: `${gate.metric}: ${reason}.`,
    settle,
  });
  if (!estimate.ok) return unknown(estimate, null);
  const { value, rows, notes } = estimate;
  const { bound: asked, comparison } = gate;
  const realised =
    asked.kind === "absolute" ? null : realisedOf(gate, predictions as Predictions, options.seed);
  if (asked.kind === "baseline" && realised === null) {
    const reason = "there is no labelled reference to compare with";
    return unknown({ reason, settle: "give the reference's labels and scores", rows }, value);
  }
  const baseline = asked.kind === "baseline" ? (realised?.value as number) : null;
  const bound = asked.kind === "absolute" ? asked.value : asked.factor * (baseline as number) + asked.offset;
  const interval = intervalOf(gate, estimate, realised, options.confidence);
  const verdict = decide(rule, { comparison, observed: value, bound, interval, refutedInFamily: true });
  const from = baseline === null ? "" : ` (the labelled reference had ${short(baseline)})`;
  const span = `${short(interval.low)} to ${short(interval.high)} at ${Number((options.confidence * 100).toFixed(3))}% confidence`;
  const chance = verdict === "pass" && !keeps(comparison, value, bound) ? ", which may be chance" : "";
  return {
    ...blank,
    verdict,
    observed: value,
    baseline,
    bound,
    interval: [interval.low, interval.high],
    n: rows,
    reason: `${gate.metric} is ${short(value)}, ${span}; ${short(bound)} was asked for${from}${chance}${notes.map((note) => `; ${note}`).join("")}.`,
    ...(verdict === "inconclusive"
      ? { settle: "more rows with scores, or a labelled reference of more rows" }
      : {}),
  };
}

function realisedOf({ metric }: Gate, { reference, threshold }: Predictions, seed: number): Realised | null {
  return reference === undefined
    ? null
    : realisedPerformance(metric as EstimatedMetric, reference, threshold, seed);
}

/** On the metric's own scale; against the baseline that of the comparison, shifted back. */
function intervalOf(
  { bound }: Gate,
  estimate: Estimate & { ok: true },
  realised: Realised | null,
  confidence: number,
): Ends {
  if (bound.kind === "absolute" || realised === null) return estimate.uncertainty.at(confidence);
  const { low, high } = independentDifference(estimate, realised, bound.factor).at(confidence);
  const shift = bound.factor * realised.value;
  return { low: low + shift, high: high + shift };
}

function short(value: number): string {
  return String(Number(value.toPrecision(4)));
}
