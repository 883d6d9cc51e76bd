/**
 * The words that everything here is said in. Shapes only: no code, so that any package may import it at no cost.
 */

/** How an interval becomes a verdict: `estimate` looks at the point estimate alone, `refute` fails only when
 * the regression is proven, `prove` passes only when non-inferiority is proven. */
export const decisionRules = ["estimate", "refute", "prove"] as const;
export type DecisionRule = (typeof decisionRules)[number];

export type VerdictName = "pass" | "fail" | "inconclusive";

export type Task = "binary" | "multiclass" | "regression" | "ranking";

export type Comparison = ">=" | "<=" | ">" | "<";

/** `0.85`, `50ms` (held in milliseconds), `2%` (held as 0.02), or `baseline * factor + offset`. */
export type Bound =
  | { kind: "absolute"; value: number }
  | { kind: "baseline"; factor: number; offset: number };

/** `{carrier=UA}`; `{carrier=*}` stands for every value that the data has and is expanded before evaluation. */
export interface Slice {
  column: string;
  /** `*` only when `every` is true. */
  value: string;
  every: boolean;
}

export interface Gate {
  /** As written, white space normalised: `f1{carrier=UA} >= baseline - 0.02`. */
  text: string;
  /** The metric's name without its slice: `f1`, `latency.p95`, `error_rate`. */
  metric: string;
  slice?: Slice;
  comparison: Comparison;
  bound: Bound;
  /** Written behind the gate in brackets, `[prove]`; else the action's rule holds. */
  rule?: DecisionRule;
}

/** What a gate came to. Numbers that could not be had are null, never NaN and never zero. */
export interface Verdict {
  /** The gate's text, its `*` slice replaced by the value. */
  gate: string;
  /** Metric with slice, as it stands in the metrics file: `f1{carrier=UA}`. */
  metric: string;
  verdict: VerdictName;
  rule: DecisionRule;
  /** The candidate's value. */
  observed: number | null;
  /** The baseline's value where the gate speaks of one or a baseline was given. */
  baseline: number | null;
  /** The bound as a number in the metric's unit, after `baseline` was filled in. */
  bound: number | null;
  /** Confidence interval of the candidate's value, or, for a gate against the baseline, of what the gate compares
   * (candidate − factor × baseline), shifted back by the baseline so that it reads on the metric's own scale. */
  interval: [number, number] | null;
  /** Rows (offline) or requests (online) that the verdict rests on: the smaller side of a comparison. */
  n: number;
  /** One sentence for a person: what was seen against what was allowed. */
  reason: string;
  /** What would settle an inconclusive verdict: "need 1,546 rows, have 400". */
  settle?: string;
  /** On an inconclusive verdict about a value that `{column=*}` found, with too few rows, while other values of the same
   * gate were judged: shown, but left out of the overall verdict. */
  unjudged?: true;
}

/** Cumulative counts of one side since its first request in this rollout. */
export interface SideCounts {
  requests: number;
  /** Requests that the user saw fail: 5xx, reset, timeout. Not 4xx: the caller's fault. */
  errors: number;
  /** Requests with at least one NaN or infinite output; null when the source cannot tell. */
  nan: number | null;
  /** Latency histogram of answered requests, as Prometheus has it but not cumulative over buckets:
   * counts[i] requests took at most boundsMs[i] and more than boundsMs[i−1]; counts has one more entry, for the rest. */
  latency: { boundsMs: readonly number[]; counts: readonly number[] } | null;
  /** Histogram of the model's scores, one of every answered request (several rows of a request resemble each other, and
   * the judge counts on independence): counts[i] were at most bounds[i] and above bounds[i−1], the last entry counts
   * the rest. Absent or null: the source has none. */
  scores?: { bounds: readonly number[]; counts: readonly number[] } | null;
}

/** Why a source could not answer. None of these is ever a pass or a regression. */
export type TelemetryProblem = "outage" | "no-traffic" | "ambiguous" | "not-a-number";

/** What a telemetry source saw at one moment, cumulative since the candidate got its first request. */
export type Observation =
  | { at: number; ok: true; stable: SideCounts; candidate: SideCounts }
  | { at: number; ok: false; problem: TelemetryProblem; detail: string };
