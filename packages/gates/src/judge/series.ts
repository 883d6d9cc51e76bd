import type { Observation, SideCounts } from "../types.ts";

/** Cumulative counts of one side as one vector; `shape` names what its entries are, so that only like is subtracted. */
export interface Reading {
  values: readonly number[];
  shape: string;
}

/** Reads what a gate needs of one side, or says why the source cannot tell. */
export type Reader = (side: SideCounts) => Reading | string;

/** What happened between two observations: counts of that time alone. */
export interface Window {
  from: number;
  to: number;
  stable: readonly number[];
  candidate: readonly number[];
}

export interface Series {
  windows: Window[];
  shape: { stable: string; candidate: string } | null;
  /** Set while the newest observation says nothing: why, and for how long by now. */
  gap: { reason: string; forMs: number } | null;
}

interface Both {
  at: number;
  stable: Reading;
  candidate: Reading;
}

/** Turns cumulative observations into windows. What cannot be had, or cannot be true, makes no window: it is named as
 * the gap that it leaves. After a counter went backwards (a restart), counting goes on from where it stands now. */
export function readSeries(observations: readonly Observation[], read: Reader): Series {
  const windows: Window[] = [];
  let last: Both | null = null;
  let reason: string | null = null;
  let heardAt: number | null = null;
  for (const observation of observations) {
    heardAt ??= observation.at;
    const now = readBoth(observation, read);
    if (typeof now === "string") {
      reason = now;
      continue;
    }
    reason = last === null ? null : whyNotAfter(last, now);
    if (reason === null) {
      windows.push(between(last, now));
      heardAt = now.at;
    }
    last = now;
  }
  const newest = observations.at(-1);
  return {
    windows,
    shape: last === null ? null : { stable: last.stable.shape, candidate: last.candidate.shape },
    gap: gapAt(newest?.at, reason, heardAt),
  };
}

function gapAt(now: number | undefined, reason: string | null, heardAt: number | null): Series["gap"] {
  if (now === undefined) {
    return { reason: "nothing has been observed yet", forMs: 0 };
  }
  return reason === null ? null : { reason, forMs: now - (heardAt ?? now) };
}

function readBoth(observation: Observation, read: Reader): Both | string {
  if (!observation.ok) {
    return `${observation.problem}: ${oneLine(observation.detail)}`;
  }
  const stable = read(observation.stable);
  const candidate = read(observation.candidate);
  if (typeof stable === "string" || typeof candidate === "string") {
    return typeof candidate === "string" ? `candidate: ${candidate}` : `stable: ${stable}`;
  }
  for (const [side, { values }] of Object.entries({ stable, candidate })) {
    if (values.some((value) => !(value >= 0 && value <= Number.MAX_SAFE_INTEGER))) {
      return `not-a-number: a count of ${side} is no number that requests can be counted by`;
    }
  }
  return { at: observation.at, stable, candidate };
}

function whyNotAfter(last: Both, now: Both): string | null {
  for (const side of ["stable", "candidate"] as const) {
    if (last[side].shape !== now[side].shape) {
      return `ambiguous: the histogram of ${side} changed its buckets`;
    }
    if (now[side].values.some((value, index) => value < (last[side].values[index] ?? 0))) {
      return `ambiguous: a counter of ${side} went backwards`;
    }
  }
  return null;
}

/** The first observation counts from the candidate's first request. */
function between(last: Both | null, now: Both): Window {
  const minus = (side: "stable" | "candidate") =>
    now[side].values.map((value, index) => value - (last?.[side].values[index] ?? 0));
  return {
    from: last?.at ?? now.at,
    to: now.at,
    stable: minus("stable"),
    candidate: minus("candidate"),
  };
}

export function add(left: readonly number[], right: readonly number[]): number[] {
  return right.map((value, index) => value + (left[index] ?? 0));
}

/** Details come from other systems: one line, of a length that fits in a sentence. */
function oneLine(text: string): string {
  const line = text.replace(/\s+/g, " ").trim();
  return line.length > 200 ? `${line.slice(0, 199)}…` : line;
}
