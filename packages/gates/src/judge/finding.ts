import type { Observation, SideCounts } from "../types.ts";
import type { Evidence } from "./evidence.ts";
import type { Gap } from "./series.ts";
import { leastRequests } from "./weigh.ts";

/** Why no number of requests can prove a gate of a candidate as good as stable, and what the reader can do. */
export interface Dead {
  why: string;
  remedy: string;
}

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
  /** Why the evidence cannot grow as things are, where that is so. */
  obstacle: string | null;
  /** Not as things are, but as they were made: no further request takes it away. */
  dead: Dead | null;
}

/** Takes a gate's observations one after another, so that a look costs the same after a day as after a minute. */
export interface Examiner {
  push(observation: Observation): void;
  /** What is known now. */
  finding(): Finding;
}

/** Whether the source counts a side's answers and not this of them: so it never will. Those that failed are left out,
 * for some servers time and read only what they answered. */
export function neverCounted(observation: Observation, what: (side: SideCounts) => unknown): boolean {
  return (
    observation.ok &&
    [observation.stable, observation.candidate].some(
      (side) => answersOf(side) >= leastRequests && (what(side) ?? null) === null,
    )
  );
}

/** 0 for counts that are none. */
function answersOf({ requests, errors }: SideCounts): number {
  return [requests, errors].every((count) => Number.isSafeInteger(count) && count >= 0)
    ? requests - errors
    : 0;
}
