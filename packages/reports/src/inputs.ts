/** What the reports are made of: plain data that an action maps its results to. Times are milliseconds since 1970. */
import type { FeatureDrift } from "@ml-actions/gates/drift/types";
import type { DecisionRule, Task, TelemetryProblem, Verdict, VerdictName } from "@ml-actions/gates/types";
import type { ClusterFacts } from "./cluster-inputs.ts";

/** A model or image as people know it. */
export interface NamedRelease {
  /** `flights-2`. */
  label: string;
  /** `sha256:…`; null for a baseline that is a metrics file. */
  digest: string | null;
  /** Of a release that came from an image: its reference by digest, which is the release's. */
  image?: string;
  /** When the evidence of its image was verified. */
  verified?: { at: number };
}

export interface RunFacts {
  /** The run on GitHub; null elsewhere. */
  url: string | null;
  /** `ml-actions 0.1.0`. */
  tool: string;
  startedAt: number;
  finishedAt: number;
  /** Digest of the gate configuration, by which a policy tells these gates from others; left out: nothing was judged. */
  configuration?: string;
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
  /** What a plot says of both models together. */
  comparison?: {
    /** Candidate's AUC minus the baseline's, with the interval of their difference (paired, at `confidence`). */
    auc?: { difference: number; interval: [number, number] | null } | null;
  };
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
  /** Of a target that is a cluster, where requests were mirrored. */
  cluster?: ClusterFacts;
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
  /** What became of the requests that could have been compared. */
  coverage?: ShadowCoverage;
  /** Replay only: the same requests in each version of the API's contract. */
  contract?: { versions: readonly ContractVersion[] };
  /** Over the labelled answers. */
  comparison?: EvaluationReportInput["comparison"];
  failures: Sides<number>;
  /** Answers with a NaN or infinite output. */
  nan: Sides<number>;
  latency: Sides<LatencyQuantiles | null>;
  task: Task;
  metrics: ModelMetrics;
  notes: readonly string[];
  run: RunFacts;
}

export interface ShadowCoverage {
  /** Requests that were to be compared. */
  eligible: number;
  compared: number;
  /** Answers that came twice for one request; the first one counted. */
  duplicates: number;
  /** Labels that came after their time. */
  late: number;
  /** Compared, but without a label. */
  unlabelled: number;
  /** Share of the eligible that must be compared, 0 to 1; below it nothing is decided. */
  minimum: number;
}

/** One version of the API's contract, both sides' answers compared field by field. */
export interface ContractVersion {
  version: string;
  requests: number;
  /** Requests in which any field differed. */
  differing: number;
  fields: readonly {
    /** `predictions[0]`. */
    field: string;
    differing: number;
    /** One of them in words: "stable 0.31, candidate 0.42"; null when there is none. */
    example: string | null;
  }[];
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

/** The judge's e-values of one gate, as `wealthOverTime` gives them: natural logarithms; `needed` proves. */
export interface GateWealth {
  gate: string;
  needed: { pass: number; fail: number };
  /** `requests`: of the candidate, so far. */
  points: readonly { at: number; requests: number; fail: number; pass: number }[];
}

export interface RolloutReportInput extends Omit<Decision, "verdicts" | "power"> {
  target: string;
  resource: string;
  /** Where traffic reaches it. */
  url: string | null;
  /** Of a target that is a cluster. */
  cluster?: ClusterFacts;
  /** null: the target was empty, there was nothing to compare with. */
  stable: NamedRelease | null;
  candidate: NamedRelease;
  /** As asked for: 10, 25, 50, 100. */
  plannedPercents: readonly number[];
  steps: readonly RolloutStep[];
  observations: readonly RolloutObservation[];
  /** What the judge had on each gate after every window, one entry a gate; absent: not kept. */
  wealth?: readonly GateWealth[];
  journal: readonly { at: number; text: string }[];
  outcome: {
    stage: "promoted" | "restored" | "held";
    verdict: VerdictName;
    /** One sentence. */
    reason: string;
    /** When stable, or the new stable, had all traffic again. */
    at: number;
    /** From the verdict until then; left out: there was no verdict, or nothing had to move. */
    settledMs?: number;
  };
  run: RunFacts;
}

export interface RollbackReportInput {
  target: string;
  resource: string;
  url: string | null;
  /** Of a target that is a cluster. */
  cluster?: ClusterFacts;
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

/** Data, or a profile of data, that drift is measured between. */
export interface DriftData {
  /** `flights-2013-h1.parquet`. */
  name: string;
  digest: string | null;
  rows: number;
}

/** A score estimated without labels. */
export interface EstimatedMetric {
  /** `estimated_f1`. */
  metric: string;
  /** null: refused. */
  value: number | null;
  interval: [number, number] | null;
  /** Why there is no value: "the scores are badly calibrated on the reference". */
  refused?: string;
}

export interface DriftReportInput {
  reference: DriftData;
  current: DriftData;
  /** 0.95. */
  confidence: number;
  gates: readonly Verdict[];
  /** Worst first, as `compareDrift` sorts them. */
  features: readonly FeatureDrift[];
  estimated: readonly EstimatedMetric[];
  /** What was done: "alert sent to Slack", "no retrain: cooldown until …". */
  actions: readonly string[];
  notes: readonly string[];
  run: RunFacts;
}
