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
  shape: { stable: string; candidate: string };
}

/** The newest observation says nothing: why, and for how long by now. */
export interface Gap {
  reason: string;
  forMs: number;
}

interface Both {
  at: number;
  stable: Reading;
  candidate: Reading;
}

/** Turns cumulative observations into windows, one after another. What cannot be had, or cannot be true, makes no
 * window: it is named as the gap that it leaves. After a counter went backwards (a restart), or a histogram changed
 * its buckets, counting goes on from where it stands now. */
export class Series {
  readonly #read: Reader;
  #last: Both | null = null;
  #reason: string | null = null;
  #heardAt: number | null = null;
  #newestAt: number | null = null;

  constructor(read: Reader) {
    this.#read = read;
  }

  /** The window that this observation closes, or null. */
  push(observation: Observation): Window | null {
    this.#heardAt ??= observation.at;
    this.#newestAt = observation.at;
    const now = readBoth(observation, this.#read);
    if (typeof now === "string") {
      this.#reason = now;
      return null;
    }
    const last = this.#last;
    this.#last = now;
    this.#reason = last === null ? null : whyNotAfter(last, now);
    if (this.#reason !== null) {
      return null;
    }
    this.#heardAt = now.at;
    return between(last, now);
  }

  get gap(): Gap | null {
    if (this.#newestAt === null) {
      return { reason: "nothing has been observed yet", forMs: 0 };
    }
    return this.#reason === null
      ? null
      : { reason: this.#reason, forMs: this.#newestAt - (this.#heardAt ?? this.#newestAt) };
  }
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
    if (values.some((value) => !(Number.isSafeInteger(value) && value >= 0))) {
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
    shape: { stable: now.stable.shape, candidate: now.candidate.shape },
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
