import type { Observation } from "../types.ts";
import type { Evidence } from "./evidence.ts";
import type { Gap } from "./series.ts";

/** What is known of one gate, before a decision rule makes a verdict of it. Values are in the metric's unit. */
export interface Finding {
  observed: number | null;
  /** Stable's value, given also when the gate does not speak of it. */
  baseline: number | null;
  bound: number | null;
  interval: [number, number] | null;
  /** Candidate's requests, or the smaller side's in a comparison. */
  n: number;
  /** Candidate's requests alone. */
  candidateRequests: number;
  /** `31 of 598`: what the observed value was counted from. */
  counted: string;
  evidence: Evidence;
  gap: Gap | null;
  /** Why the evidence cannot grow, where that is so. */
  obstacle: string | null;
  /** No further request takes the obstacle away. */
  isBlocked: boolean;
}

/** Takes a gate's observations one after another, so that a look costs the same after a day as after a minute. */
export interface Examiner {
  push(observation: Observation): void;
  /** What is known now. */
  finding(): Finding;
}
