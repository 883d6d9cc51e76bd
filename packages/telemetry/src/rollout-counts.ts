/** The counts of one rollout, process by process, whoever reads them: what each had at the first look is the zero. */
import type { Observation, SideCounts } from "@ml-actions/gates/types";
import { quoted, TelemetryError } from "./error.ts";
import { ProcessCounts, type Seen } from "./process-counts.ts";
import type { Past } from "./source.ts";
import { nothing, plus } from "./tally.ts";

export const sideNames = ["stable", "candidate"] as const;
export type SideName = (typeof sideNames)[number];

/** One pod (or proxy) as it was just read. */
export interface Reading {
  /** Never the same for two pods: a UID. */
  key: string;
  /** For people. */
  name: string;
  seen: Seen;
}

/** Of a shorter time in the mean of all processes nothing is said. */
const leastPastSeconds = 300;

/** Clocks of nodes differ from ours by less. */
const clocksDifferByMs = 60_000;

/**
 * Zeros: for what is there at the first look, what it had counted by then. For what comes later, nothing, when all that
 * it counted belongs to this rollout: a pod of the candidate, or a process that began after the first look; else what it
 * had when it was first seen (a pod of stable that did not answer at the first look may have counted for weeks).
 * What is gone keeps its last counts.
 */
export class RolloutCounts {
  readonly #startedAt: number;
  readonly #note: (message: string) => void;
  readonly #known = { stable: new Map<string, ProcessCounts>(), candidate: new Map<string, ProcessCounts>() };
  readonly #atStart: ReadonlySet<string>;
  /** Stable's processes as they were at the first look. */
  readonly #first: Seen[] = [];

  /** `atStart`: keys of what was there at the first look, read or not. */
  constructor(atStart: Iterable<string>, startedAt: number, note: (message: string) => void) {
    this.#atStart = new Set(atStart);
    this.#startedAt = startedAt;
    this.#note = note;
  }

  /** @throws TelemetryError `ambiguous`, naming the pod, after all were taken */
  take(side: SideName, readings: readonly Reading[]): void {
    const faults: TelemetryError[] = [];
    for (const { key, name, seen } of readings) {
      const counts = this.#known[side].get(key);
      if (counts === undefined) {
        const fromNothing = this.#beganSince(side, key, seen.process);
        if (side === "stable" && this.#atStart.has(key)) this.#first.push(seen);
        this.#known[side].set(key, new ProcessCounts(seen, fromNothing));
        continue;
      }
      try {
        if (counts.take(seen) === "restarted") {
          this.#note(`${name} restarted: what it served between the last look and its end is not counted`);
        }
      } catch (error) {
        faults.push(at(`${side}: ${name}`, error));
      }
    }
    if (faults[0] !== undefined) throw faults[0];
  }

  /** What has been read at least once. */
  keys(side: SideName): string[] {
    return [...this.#known[side].keys()];
  }

  counts(side: SideName): SideCounts {
    try {
      return [...this.#known[side].values()].map(({ counts }) => counts).reduce(plus, nothing);
    } catch (error) {
      throw at(side, error);
    }
  }

  /** What stable had counted by the first look; null where a process does not say when it began, or most have just begun. */
  get past(): Past | null {
    const secondsOf = ({ process }: Seen) =>
      process === null || process <= 0 ? Number.NaN : this.#startedAt / 1000 - process;
    const lived = this.#first.map(secondsOf);
    const mean = lived.reduce((sum, seconds) => sum + seconds, 0) / lived.length;
    if (!(mean >= leastPastSeconds) || lived.some((seconds) => !(seconds > 0))) return null;
    try {
      return {
        counts: this.#first.map(({ counts }) => counts).reduce(plus, nothing),
        requestsPerSecond: this.#first.reduce((sum, seen) => sum + seen.counts.requests / secondsOf(seen), 0),
      };
    } catch (error) {
      // Pods with different buckets: the looks say so.
      if (error instanceof TelemetryError) return null;
      throw error;
    }
  }

  /** @throws TelemetryError `no-traffic`, `ambiguous` */
  observation(at: number): Observation {
    const [stable, candidate] = [this.counts("stable"), this.counts("candidate")];
    if (candidate.requests === 0) {
      throw new TelemetryError("no-traffic", "The candidate has had no request that was counted yet.", "");
    }
    return { at, ok: true, stable, candidate };
  }

  #beganSince(side: SideName, key: string, process: number | null): boolean {
    if (this.#atStart.has(key)) return false;
    return side === "candidate" || (process ?? 0) * 1000 >= this.#startedAt - clocksDifferByMs;
  }
}

/** The same error with the place where it is. */
export function at(place: string, error: unknown): TelemetryError {
  if (!(error instanceof TelemetryError)) throw error;
  return new TelemetryError(error.code, `${quoted(place)}: ${error.message}`, error.remedy, { cause: error });
}
