/** What a rollout tells while it runs, and at the end: shapes only. */
import type { OnlineVerdict, Wealth } from "@ml-actions/gates/judge";
import type { Observation } from "@ml-actions/gates/types";
import type { TelemetrySource } from "@ml-actions/telemetry/source";
import type { Clock } from "./clock.ts";
import type { Decision } from "./decide.ts";
import type { Foresight } from "./foresee.ts";
import type { Resumption } from "./resume.ts";
import type { JournalStep, Lease, Ledger, Release, Target } from "./target.ts";
import type { Totals } from "./totals.ts";

/** Everything outside that a rollout touches. */
export interface Ports {
  target: Target;
  ledger: Ledger;
  telemetry: TelemetrySource;
  clock: Clock;
  /** Cancels: stable is restored at once and the result says so. */
  signal?: AbortSignal;
}

export type RolloutEvent = { at: number } & (
  | { kind: "lease"; lease: Lease }
  /** Something beside the rollout failed and it goes on: a renewal of the lease, a line of the journal. */
  | { kind: "trouble"; message: string }
  /** What an earlier rollout left behind, and what became of it. */
  | { kind: "resumption"; resumption: Resumption }
  /** Before anything is shifted: what the proof will take. */
  | { kind: "foresight"; foresight: Foresight }
  /** Written, about to be done. */
  | { kind: "journal"; step: JournalStep }
  /** Done and proven. */
  | { kind: "done"; step: JournalStep }
  | Observed
  | { kind: "decision"; decision: Decision }
  | { kind: "end"; result: RolloutResult }
);

export interface Observed {
  kind: "observed";
  /** The candidate's share of traffic while it was made. */
  weight: number;
  observation: Observation;
  /** Since the candidate's first request. */
  total: Totals;
  /** Since the observation before. */
  interval: Totals;
  verdicts: OnlineVerdict[];
}

export type OnEvent = (event: RolloutEvent) => void;

/** What happened at one weight. */
export interface StepReport {
  weight: number;
  from: number;
  to: number;
  requests: { stable: number; candidate: number };
  failures: { stable: number; candidate: number };
  nan: { stable: number; candidate: number } | null;
  /** As they stood when the step ended. */
  verdicts: OnlineVerdict[];
}

/** Why a phase was left: every gate passed, a gate was refuted, the time was up, or something else ended the rollout. */
export type PhaseEnd = "passed" | "refuted" | "timed-out" | "interrupted";

/** One stretch between two decisions, so that they can be taken again from the observations. */
export interface PhaseReport {
  name: "step" | "bake";
  weight: number;
  /** When its time began to run, and when its last look was taken. */
  from: number;
  to: number;
  /** Its looks in `observations`: the first one's index, and how many. */
  firstLook: number;
  looks: number;
  ended: PhaseEnd;
}

export interface RolloutResult {
  rollout: string;
  stage: "promoted" | "restored" | "held";
  /** `first`: there was nothing to compare with; `unchanged`: the candidate was stable already. */
  verdict: "pass" | "fail" | "inconclusive" | "first" | "unchanged";
  /** One sentence for a person. */
  reason: string;
  candidate: Release;
  /** What serves now. */
  stable: Release | null;
  /** What served before. */
  before: Release | null;
  startedAt: number;
  endedAt: number;
  steps: StepReport[];
  phases: PhaseReport[];
  /** The last verdicts. */
  verdicts: OnlineVerdict[];
  /** The judge's e-values of every gate after every window. */
  wealth: Wealth[];
  /** All that the verdicts rest on: `judge(plan.gates, observations, plan)` gives them again. */
  observations: Observation[];
  /** Requests that the candidate answered with an error or with NaN. */
  affectedRequests: number;
  /** What an earlier rollout had left behind; null: nothing. */
  resumption: Resumption | null;
  /** What broke, where the rollout ended for a reason other than a verdict. */
  error: Error | null;
}
