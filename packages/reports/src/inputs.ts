/** What the reports are made of: plain data that an action maps its results to. Times are milliseconds since 1970. */
import type { DecisionRule, Task, TelemetryProblem, Verdict, VerdictName } from "@ml-actions/gates/types";

/** A model or image as people know it. */
export interface NamedRelease {
  /** `flights-2`. */
  label: string;
  /** `sha256:…`; null for a baseline that is a metrics file. */
  digest: string | null;
}

export interface RunFacts {
  /** The run on GitHub; null elsewhere. */
  url: string | null;
  /** `ml-actions 0.1.0`. */
  tool: string;
  startedAt: number;
  finishedAt: number;
}

/** How the gates were decided. */
export interface Decision {
  rule: DecisionRule;
  /** 0.95. */
  confidence: number;
  verdicts: readonly Verdict[];
  /** Sentences on what the sample can prove: "this sample can prove a drop of 0.013 or more". */
  power: readonly string[];
}

export interface ModelMetrics {
  candidate: Readonly<Record<string, number>>;
  baseline: Readonly<Record<string, number>> | null;
}

export interface EvaluationReportInput extends Decision {
  candidate: NamedRelease;
  baseline: NamedRelease | null;
  dataset: { name: string; version: string | null; rows: number; digest: string | null };
  task: Task;
  metrics: ModelMetrics;
  /** Anything else the reader should know: "2 optional features added", "12 rows without a label left out". */
  notes: readonly string[];
  run: RunFacts;
}

export interface Sides<Value> {
  stable: Value;
  candidate: Value;
}

export interface LatencyQuantiles {
  p50Ms: number;
  p95Ms: number;
  p99Ms: number;
}

export interface ShadowReportInput extends Decision {
  mode: "mirror" | "replay";
  target: string;
  resource: string;
  stable: NamedRelease;
  candidate: NamedRelease;
  requests: {
    /** Copied to the candidate. */
    sent: number;
    /** Answered by both sides, so that they can be compared. */
    compared: number;
    /** Compared and with a known truth. */
    labelled: number;
  };
  minimumSamples: number;
  failures: Sides<number>;
  /** Answers with a NaN or infinite output. */
  nan: Sides<number>;
  latency: Sides<LatencyQuantiles | null>;
  task: Task;
  metrics: ModelMetrics;
  notes: readonly string[];
  run: RunFacts;
}

/** One weight of a rollout, from when the split was proven to when it was left. */
export interface RolloutStep {
  weightPercent: number;
  from: number;
  to: number;
  /** Within this step. */
  requests: Sides<number>;
  /** Requests of this step that the user saw fail. */
  failures: Sides<number>;
  /** Answers of this step with NaN or infinity; null or absent: not counted. */
  nan?: Sides<number> | null;
  verdicts: readonly Verdict[];
}

/** Cumulative counts of one side since the candidate's first request. */
export interface SideObservation {
  requests: number;
  errors: number;
  /** null: the source cannot tell. */
  nan: number | null;
  p50Ms: number | null;
  p99Ms: number | null;
}

export type RolloutObservation =
  | { at: number; weightPercent: number; stable: SideObservation; candidate: SideObservation }
  | { at: number; weightPercent: number; problem: TelemetryProblem; detail: string };

export interface RolloutReportInput extends Omit<Decision, "verdicts" | "power"> {
  target: string;
  resource: string;
  /** Where traffic reaches it. */
  url: string | null;
  /** null: the target was empty, there was nothing to compare with. */
  stable: NamedRelease | null;
  candidate: NamedRelease;
  /** As asked for: 10, 25, 50, 100. */
  plannedPercents: readonly number[];
  steps: readonly RolloutStep[];
  observations: readonly RolloutObservation[];
  journal: readonly { at: number; text: string }[];
  outcome: {
    stage: "promoted" | "restored" | "held";
    verdict: VerdictName;
    /** One sentence. */
    reason: string;
    /** When stable, or the new stable, had all traffic again. */
    at: number;
  };
  run: RunFacts;
}

export interface RollbackReportInput {
  target: string;
  resource: string;
  url: string | null;
  /** What served before; null when nothing did. */
  from: NamedRelease | null;
  to: NamedRelease;
  /** As asked for: `previous` or a digest. */
  asked: string;
  /** When a rollout was under way: what was stopped. */
  interrupted: string | null;
  /** Stable releases, newest first, after this rollback. */
  history: readonly { release: NamedRelease; promotedAt: number; how: string }[];
  run: RunFacts;
}
