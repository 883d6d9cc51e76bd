import type { Reading } from "./series.ts";

/** Questions to a latency histogram: `counts[i]` requests took at most `boundsMs[i]` and more than the bound before;
 * the last entry counts the rest. */
export interface Histogram {
  boundsMs: readonly number[];
  counts: readonly number[];
}

/** The bounds on either side of a threshold: exact when both are the threshold. `above` is Infinity past the last. */
export interface Edges {
  below: number;
  above: number;
}

export function edgesAround(boundsMs: readonly number[], thresholdMs: number): Edges {
  return {
    below: boundsMs.findLast((bound) => bound <= thresholdMs) ?? 0,
    above: boundsMs.find((bound) => bound >= thresholdMs) ?? Number.POSITIVE_INFINITY,
  };
}

/** How many requests took longer than a bound of the histogram, 0 or Infinity. */
export function slowerThan({ boundsMs, counts }: Histogram, edgeMs: number): number {
  return counts.reduce((sum, count, index) => ((boundsMs[index - 1] ?? 0) >= edgeMs ? sum + count : sum), 0);
}

/** How many requests took longer than each of the histogram's bounds. */
export function slowerThanEach({ counts }: Histogram): number[] {
  return aboveEach(counts);
}

/** How many lie above each bound of the histogram with these counts, one fewer than there are counts. */
export function aboveEach(counts: readonly number[]): number[] {
  const above = new Array<number>(Math.max(0, counts.length - 1)).fill(0);
  let sum = 0;
  for (let index = above.length - 1; index >= 0; index--) {
    sum += counts[index + 1] ?? 0;
    above[index] = sum;
  }
  return above;
}

export function answered(counts: readonly number[]): number {
  return counts.reduce((sum, count) => sum + count, 0);
}

/** The quantile in ms, by linear interpolation inside its bucket (what Prometheus' histogram_quantile does). In the
 * bucket without an upper bound it is the last bound: the true value is higher. Null without requests. */
export function quantile(histogram: Histogram, share: number): number | null {
  const { boundsMs, counts } = histogram;
  const total = answered(counts);
  if (total === 0) {
    return null;
  }
  const rank = share * total;
  let below = 0;
  for (const [index, count] of counts.entries()) {
    if (count > 0 && below + count >= rank) {
      const low = boundsMs[index - 1] ?? 0;
      const high = boundsMs[index];
      return high === undefined ? low : low + ((high - low) * (rank - below)) / count;
    }
    below += count;
  }
  return boundsMs.at(-1) ?? null;
}

/** A histogram as one vector of counts, its bounds as the shape; or what is wrong with it. */
export function readHistogram(
  what: "latency" | "score",
  histogram: { bounds: readonly number[]; counts: readonly number[] } | null | undefined,
): Reading | string {
  if (histogram === null || histogram === undefined) {
    return `the source has no ${what} histogram`;
  }
  const { bounds, counts } = histogram;
  const least = what === "latency" ? 0 : -Infinity;
  const rising = bounds.every((bound, index) => bound > (bounds[index - 1] ?? least));
  if (bounds.length === 0) {
    return `ambiguous: the ${what} histogram has no bounds`;
  }
  if (!rising || counts.length !== bounds.length + 1) {
    return `ambiguous: the ${what} histogram's bounds do not rise, or its counts do not fit them`;
  }
  return { values: counts, shape: JSON.stringify(bounds) };
}
