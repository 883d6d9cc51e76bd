import type { Bound, Observation } from "../types.ts";
import { nearEnough, separates, whyTooCoarse } from "./coarse.ts";
import type { Levels } from "./evidence.ts";
import type { Tally } from "./factors.ts";
import { type Dead, type Examiner, type Finding, neverCounted } from "./finding.ts";
import {
  answered,
  type Edges,
  edgesAround,
  type Histogram,
  quantile,
  readHistogram,
  slowerThan,
  slowerThanEach,
} from "./histogram.ts";
import { shownAbove, shownBelow } from "./interval.ts";
import { limitOf } from "./rates.ts";
import { add, Series, type Window } from "./series.ts";
import { Stretches } from "./stretches.ts";
import { leastRequests, PairScale, RateScale, type Scale, type Step } from "./weigh.ts";

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
export class LatencyExaminer implements Examiner {
  readonly #share: number;
  readonly #bound: Bound;
  readonly #levels: Levels;
  readonly #series = new Series(({ latency }) =>
    readHistogram("latency", latency && { bounds: latency.boundsMs, counts: latency.counts }),
  );
  readonly #scale: Scale;
  #shape = { stable: "[]", candidate: "[]" };
  #stretches = new Stretches(leastRequests);
  #stable: Histogram = { boundsMs: [], counts: [] };
  #candidate: Histogram = { boundsMs: [], counts: [] };
  #obstacle: string | null = null;
  #weighed = false;
  #isCounted = true;

  constructor(share: number, bound: Bound, levels: Levels) {
    this.#share = share;
    this.#bound = bound;
    this.#levels = levels;
    this.#scale =
      bound.kind === "absolute"
        ? new RateScale(1 - share, levels)
        : new PairScale({ factor: 1, offset: 0 }, levels);
  }

  push(observation: Observation): void {
    this.#isCounted = !neverCounted(observation, ({ latency }) => latency);
    const window = this.#series.push(observation);
    if (window === null) {
      return;
    }
    this.#fit(window.shape);
    const reference =
      this.#bound.kind === "absolute" ? this.#bound.value : referenceBound(this.#stable, this.#share);
    const stable = { ...this.#stable, counts: add(this.#stable.counts, window.stable) };
    const candidate = { ...this.#candidate, counts: add(this.#candidate.counts, window.candidate) };
    this.#stable = stable;
    this.#candidate = candidate;
    this.#stretches.add(answered(window.stable), window.stable);
    if (typeof reference === "string") {
      this.#obstacle = this.#weighed ? reference : whyNotYet(stable, this.#share);
      return;
    }
    this.#scale.add(this.#step(window, reference));
    this.#weighed = true;
  }

  #step(window: Window, reference: number): Step {
    const absolute = this.#bound.kind === "absolute";
    const thresholdMs = this.#bound.kind === "absolute" ? reference : limitOf(this.#bound, reference);
    const edges = edgesAround(this.#candidate.boundsMs, thresholdMs ?? reference);
    this.#obstacle = betweenBounds(edges, thresholdMs ?? reference);
    const { boundsMs } = this.#stable;
    return {
      at: window.to,
      stable: absolute ? { n: 0, x: 0 } : slower({ boundsMs, counts: window.stable }, reference),
      candidate: countAt(window.candidate, this.#candidate.boundsMs, edges),
      stableStretches: () => this.#stretches.all.map((counts) => slower({ boundsMs, counts }, reference)),
    };
  }

  /** With other buckets, totals begin anew; what the bets have won or lost stays. */
  #fit(shape: Window["shape"]): void {
    if (this.#shape.stable !== shape.stable) {
      this.#stable = { boundsMs: JSON.parse(shape.stable) as number[], counts: [] };
      this.#stretches = new Stretches(leastRequests);
    }
    if (this.#shape.candidate !== shape.candidate) {
      this.#candidate = { boundsMs: JSON.parse(shape.candidate) as number[], counts: [] };
    }
    this.#shape = shape;
  }

  finding(): Finding {
    const baseline = quantile(this.#stable, this.#share);
    const n = { stable: answered(this.#stable.counts), candidate: answered(this.#candidate.counts) };
    return {
      observed: quantile(this.#candidate, this.#share),
      baseline,
      bound: limitOf(this.#bound, baseline),
      interval: quantileLimits(this.#candidate, this.#share, this.#levels),
      n: this.#bound.kind === "absolute" ? n.candidate : Math.min(n.stable, n.candidate),
      candidateRequests: n.candidate,
      counted: `${n.candidate} requests`,
      evidence: this.#scale.evidence(),
      gap: this.#series.gap,
      obstacle: this.#obstacle,
      dead: this.#dead(),
    };
  }

  #dead(): Dead | null {
    if (!this.#isCounted) {
      return {
        why: "the source has no latency histogram",
        remedy: "Take the counts from a source that has one, name its series, or remove the gate",
      };
    }
    const reference = referenceBound(this.#stable, this.#share);
    const { boundsMs } = this.#candidate;
    // The usual case first: `whyTooCoarse` asks about every bound, and this is asked at every look.
    const isFine = typeof reference === "number" && separates(reference, this.#bound, boundsMs);
    return isFine || boundsMs.length === 0
      ? null
      : whyTooCoarse(this.#share, this.#bound, this.#stable, boundsMs, this.#levels);
  }
}

/** Slow requests that the past must have had before a quantile is read from it. */
const leastSlow = 5;
/** Stable's requests until then, on the average. */
export const leastForQuantile = (share: number): number => Math.ceil(leastSlow / (1 - share) - 1e-9);
const tooCoarse = "the histogram's buckets are too coarse: no bound lies near stable's quantile";

/** The bucket bound that stands for stable's quantile, or why there is none. */
function referenceBound(past: Histogram, share: number): number | string {
  const total = answered(past.counts);
  const wanted = 1 - share;
  if (total * wanted < leastSlow) {
    return `stable's quantile is not known yet: ${total} of ${leastForQuantile(share)} requests`;
  }
  const distances = slowerThanEach(past).map((slow) =>
    Math.abs(Math.log((slow + 0.5) / (total + 1) / wanted)),
  );
  const nearest = distances.indexOf(Math.min(...distances));
  const bound = past.boundsMs[nearest];
  return bound === undefined || (distances[nearest] ?? Infinity) > Math.log(nearEnough) ? tooCoarse : bound;
}

function whyNotYet(stable: Histogram, share: number): string {
  const next = referenceBound(stable, share);
  return typeof next === "string" ? next : "the next window is the first that can be compared";
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
