/** Adding and subtracting cumulative counts. */
import type { SideCounts } from "@ml-actions/gates/types";
import { TelemetryError } from "./error.ts";

export const nothing: SideCounts = { requests: 0, errors: 0, nan: null, latency: null, scores: null };

interface Histogram {
  bounds: readonly number[];
  counts: readonly number[];
}

/** @throws TelemetryError `ambiguous` when both have a histogram and its buckets differ */
export function plus(left: SideCounts, right: SideCounts): SideCounts {
  return combine(left, right, (a, b) => a + b);
}

/** What was added since `before`, of the same process.
 * @throws TelemetryError `ambiguous` when the buckets differ */
export function minus(now: SideCounts, before: SideCounts): SideCounts {
  return combine(now, before, (a, b) => a - b);
}

/** Whether a count is lower than it was. */
export function fell(before: SideCounts, now: SideCounts): boolean {
  const { requests, errors, nan, latency, scores } = minus(now, before);
  const counts = [requests, errors, nan ?? 0, ...(latency?.counts ?? []), ...(scores?.counts ?? [])];
  return counts.some((count) => count < 0);
}

/** A histogram that one of them does not have is empty there: series with labels begin with their first request. */
function combine(left: SideCounts, right: SideCounts, how: (a: number, b: number) => number): SideCounts {
  const latency = combineHistograms("latency", ofLatency(left), ofLatency(right), how);
  const nan = left.nan === null && right.nan === null ? null : how(left.nan ?? 0, right.nan ?? 0);
  return {
    requests: how(left.requests, right.requests),
    errors: how(left.errors, right.errors),
    nan,
    latency: latency && { boundsMs: latency.bounds, counts: latency.counts },
    scores: combineHistograms("score", left.scores ?? null, right.scores ?? null, how),
  };
}

function ofLatency({ latency }: SideCounts): Histogram | null {
  return latency && { bounds: latency.boundsMs, counts: latency.counts };
}

function combineHistograms(
  what: string,
  left: Histogram | null,
  right: Histogram | null,
  how: (a: number, b: number) => number,
): Histogram | null {
  const bounds = left?.bounds ?? right?.bounds;
  if (bounds === undefined) return null;
  if (left !== null && right !== null && left.bounds.join() !== right.bounds.join()) {
    throw new TelemetryError(
      "ambiguous",
      `the ${what} histogram has ${left.bounds.length} buckets up to ${left.bounds.at(-1)} here and ${right.bounds.length} up to ${right.bounds.at(-1)} there.`,
      "Buckets of one side must be the same in all its pods and stay so.",
    );
  }
  const counts = Array.from({ length: bounds.length + 1 }, (_, bucket) =>
    how(left?.counts[bucket] ?? 0, right?.counts[bucket] ?? 0),
  );
  return { bounds, counts };
}
