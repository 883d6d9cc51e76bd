/** What a pod has counted since a zero, over the restarts of its process. */
import type { SideCounts } from "@ml-actions/gates/types";
import { TelemetryError } from "./error.ts";
import { fell, minus, nothing, plus } from "./tally.ts";

/** One look at a pod. */
export interface Seen {
  /** `process_start_time_seconds`; null: it does not say. */
  process: number | null;
  counts: SideCounts;
}

/** Client libraries that compute the start from the time of boot give values that differ by a second from look to look. */
const sameStartWithinSeconds = 2;

/**
 * A process that started later is another, and so is one whose counters fell where none says when it started
 * (Prometheus' own rule): what it counted, it counted since. What the one before counted between the last look and its
 * end is lost; nothing is counted twice. Counters that fall though the process is the same, or an older process that
 * answers again, are several processes behind one address, and are said to be `ambiguous`: taking each fall for a
 * restart would count everything again at every look.
 */
export class ProcessCounts {
  #zero: SideCounts;
  #earlier: SideCounts = nothing;
  #last: Seen;

  /** `fromNothing`: all that it has counted belongs to the rollout. */
  constructor(first: Seen, fromNothing: boolean) {
    this.#zero = fromNothing ? nothing : first.counts;
    this.#last = first;
  }

  /** `restarted`: what the process before counted after the last look is lost.
   * @throws TelemetryError `ambiguous`; counting then goes on from where the counters stand now */
  take(seen: Seen): "same" | "restarted" {
    const change = changeFrom(this.#last, seen);
    if (change !== "same") {
      this.#earlier = this.counts;
      this.#zero = change === "restarted" ? nothing : seen.counts;
    }
    this.#last = seen;
    if (typeof change === "string") return change;
    throw change;
  }

  get counts(): SideCounts {
    return plus(this.#earlier, minus(this.#last.counts, this.#zero));
  }
}

function changeFrom(last: Seen, now: Seen): "same" | "restarted" | TelemetryError {
  const known = last.process !== null && now.process !== null;
  const laterSeconds = known ? (now.process ?? 0) - (last.process ?? 0) : 0;
  if (laterSeconds > sameStartWithinSeconds) return "restarted";
  if (laterSeconds < -sameStartWithinSeconds) {
    const seconds = Math.round(-laterSeconds);
    return inTurn(`a process answers that started ${seconds} s before the one that answered last.`);
  }
  try {
    if (!fell(last.counts, now.counts)) return "same";
  } catch (error) {
    if (error instanceof TelemetryError) return error;
    throw error;
  }
  return known ? inTurn("a counter fell though the process is the same.") : "restarted";
}

function inTurn(what: string): TelemetryError {
  return new TelemetryError(
    "ambiguous",
    `${what} Several processes answer in turn, or it was set back.`,
    "Have every process counted at an address of its own, or all of them together.",
  );
}
