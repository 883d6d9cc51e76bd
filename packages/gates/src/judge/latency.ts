import type { Bound, Observation } from "../types.ts";
import type { Tally } from "./factors.ts";
import type { Finding } from "./finding.ts";
import {
  answered,
  type Edges,
  edgesAround,
  type Histogram,
  quantile,
  slowerThan,
  slowerThanEach,
} from "./histogram.ts";
import { shownAbove, shownBelow } from "./interval.ts";
import { add, type Reader, readSeries, type Window } from "./series.ts";
import { type Levels, type Step, weighPair, weighRate } from "./weigh.ts";

/**
 * `latency.pNN` from histogram buckets, by the share of requests slower than a threshold: the quantile is at most T
 * exactly when that share is at most 1 − NN. (A band around the whole distribution would be valid too, but is ten
 * times too wide for p99 on a canary: Howard & Ramdas, Bernoulli 2022, arXiv 1906.09712.)
 *
 * Against an absolute T, the share is held against 1 − NN. Against stable's quantile, with T = factor · q + offset:
 * before each window, q is set to the bucket bound of stable that lay nearest to its quantile in all windows before;
 * then candidate's share above T is compared with stable's share above q in the same window, by the count test. A
 * bound chosen from the past alone keeps the test valid, and comparing within windows keeps it so when the whole
 * service is slower in one hour than in another.
 *
 * A threshold inside a bucket leaves open which of the bucket's requests were slower: against the candidate only those
 * of higher buckets count, for it none of that bucket counts as fast.
 */
export function findLatency(
  share: number,
  bound: Bound,
  observations: readonly Observation[],
  levels: Levels,
): Finding {
  const { windows, gap, shape } = readSeries(observations, readHistogram);
  const boundsMs = { stable: parseShape(shape?.stable), candidate: parseShape(shape?.candidate) };
  const usable = windows.filter(
    (window) =>
      window.stable.length === boundsMs.stable.length + 1 &&
      window.candidate.length === boundsMs.candidate.length + 1,
  );
  const sums = sum(usable, boundsMs);
  const observed = quantile(sums.candidate, share);
  const baseline = quantile(sums.stable, share);
  const n = { stable: answered(sums.stable.counts), candidate: answered(sums.candidate.counts) };
  const { evidence, obstacle } =
    bound.kind === "absolute"
      ? weighAbsolute(share, bound.value, usable, boundsMs, levels)
      : weighAgainstStable(share, bound, usable, boundsMs, levels);
  return {
    observed,
    baseline,
    bound: limitOf(bound, baseline),
    interval: quantileLimits(sums.candidate, share, levels),
    n: bound.kind === "absolute" ? n.candidate : Math.min(n.stable, n.candidate),
    candidateRequests: n.candidate,
    counted: `${n.candidate} requests`,
    evidence,
    gap,
    obstacle,
  };
}

interface BothBounds {
  stable: readonly number[];
  candidate: readonly number[];
}

function limitOf(bound: Bound, baseline: number | null): number | null {
  if (bound.kind === "absolute") {
    return bound.value;
  }
  return baseline === null ? null : bound.factor * baseline + bound.offset;
}

const readHistogram: Reader = ({ latency }) => {
  if (latency === null) {
    return "the source has no latency histogram";
  }
  const { boundsMs, counts } = latency;
  const rising = boundsMs.every((bound, index) => bound > (boundsMs[index - 1] ?? 0));
  if (!rising || counts.length !== boundsMs.length + 1) {
    return "ambiguous: the latency histogram's bounds do not rise, or its counts do not fit them";
  }
  return { values: counts, shape: JSON.stringify(boundsMs) };
};

function parseShape(shape: string | undefined): number[] {
  return shape === undefined ? [] : (JSON.parse(shape) as number[]);
}

function sum(windows: readonly Window[], boundsMs: BothBounds): { stable: Histogram; candidate: Histogram } {
  const total = (side: keyof BothBounds): Histogram => ({
    boundsMs: boundsMs[side],
    counts: windows.reduce((counts, window) => add(counts, window[side]), [] as number[]),
  });
  return { stable: total("stable"), candidate: total("candidate") };
}

function weighAbsolute(
  share: number,
  thresholdMs: number,
  windows: readonly Window[],
  boundsMs: BothBounds,
  levels: Levels,
): Pick<Finding, "evidence" | "obstacle"> {
  const edges = edgesAround(boundsMs.candidate, thresholdMs);
  const steps = windows.map(
    (window): Step => ({
      at: window.to,
      stable: { n: 0, x: 0 },
      candidate: countAt(window.candidate, boundsMs.candidate, edges),
      stableSoFar: { n: 0, x: 0 },
    }),
  );
  return { evidence: weighRate(1 - share, steps, levels), obstacle: betweenBounds(edges, thresholdMs) };
}

function weighAgainstStable(
  share: number,
  bound: { factor: number; offset: number },
  windows: readonly Window[],
  boundsMs: BothBounds,
  levels: Levels,
): Pick<Finding, "evidence" | "obstacle"> {
  let soFar: Histogram = { boundsMs: boundsMs.stable, counts: [] };
  let obstacle: string | null = null;
  const steps: Step[] = [];
  for (const window of windows) {
    const reference = referenceBound(soFar, share);
    soFar = { ...soFar, counts: add(soFar.counts, window.stable) };
    if (typeof reference === "string") {
      obstacle = reference;
      continue;
    }
    const thresholdMs = bound.factor * reference + bound.offset;
    const edges = edgesAround(boundsMs.candidate, thresholdMs);
    obstacle = betweenBounds(edges, thresholdMs);
    steps.push({
      at: window.to,
      stable: slower({ boundsMs: boundsMs.stable, counts: window.stable }, reference),
      candidate: countAt(window.candidate, boundsMs.candidate, edges),
      stableSoFar: slower(soFar, reference),
    });
  }
  if (steps.length === 0) {
    const next = referenceBound(soFar, share);
    obstacle = typeof next === "string" ? next : "the next window is the first that can be compared";
  }
  return { evidence: weighPair({ factor: 1, offset: 0 }, steps, levels), obstacle };
}

/** Slow requests that the past must have had before a quantile is read from it. */
const leastSlow = 5;
/** How far the share above a bucket bound may be from 1 − NN, as a factor, to stand for the quantile. */
const nearEnough = 4;

/** The bucket bound that stands for stable's quantile, or why there is none. */
function referenceBound(past: Histogram, share: number): number | string {
  const total = answered(past.counts);
  const wanted = 1 - share;
  if (total * wanted < leastSlow) {
    return `stable's quantile is not known yet: ${total} of ${Math.ceil(leastSlow / wanted)} requests`;
  }
  const distances = slowerThanEach(past).map((slow) =>
    Math.abs(Math.log((slow + 0.5) / (total + 1) / wanted)),
  );
  const nearest = distances.indexOf(Math.min(...distances));
  const bound = past.boundsMs[nearest];
  return bound === undefined || (distances[nearest] ?? Infinity) > Math.log(nearEnough)
    ? "the histogram's buckets are too coarse: no bound lies near stable's quantile"
    : bound;
}

function countAt(counts: readonly number[], boundsMs: readonly number[], edges: Edges): Step["candidate"] {
  const histogram = { boundsMs, counts };
  return {
    n: answered(counts),
    sure: slowerThan(histogram, edges.above),
    possible: slowerThan(histogram, edges.below),
  };
}

function slower(histogram: Histogram, edgeMs: number): Tally {
  return { n: answered(histogram.counts), x: slowerThan(histogram, edgeMs) };
}

function betweenBounds({ below, above }: Edges, thresholdMs: number): string | null {
  if (below === above) {
    return null;
  }
  const top = above === Number.POSITIVE_INFINITY ? "and no bound above it" : `and ${above} ms`;
  return `${Number(thresholdMs.toPrecision(3))} ms lies between the histogram's bounds ${below} ms ${top}: requests in between count neither way`;
}

/** Confidence limits of candidate's own quantile, at bucket bounds; null while there is no upper one. Claims about
 * several bounds cost nothing extra: shares above higher bounds are smaller, so the claims are nested. */
function quantileLimits(histogram: Histogram, share: number, levels: Levels): [number, number] | null {
  const n = answered(histogram.counts);
  const tails = slowerThanEach(histogram).map((x): Tally => ({ n, x }));
  const high = tails.findIndex((tail) => shownBelow(1 - share, tail, levels.pass));
  const low = tails.findLastIndex((tail) => shownAbove(1 - share, tail, levels.fail));
  const highMs = histogram.boundsMs[high];
  return highMs === undefined ? null : [histogram.boundsMs[low] ?? 0, highMs];
}
