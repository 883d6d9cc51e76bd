/** Whether a histogram's bounds can tell a candidate as fast as stable from one that is slower than its gate allows. */
import type { Bound } from "../types.ts";
import type { Levels } from "./evidence.ts";
import type { Dead } from "./finding.ts";
import { answered, edgesAround, type Histogram, quantile, slowerThanEach } from "./histogram.ts";
import { shownAbove, shownBelow } from "./interval.ts";
import { limitOf } from "./rates.ts";

/** How far the share above a bucket bound may be from 1 − NN, as a factor, to stand for the quantile. */
export const nearEnough = 4;

/**
 * Why `latency.pNN` against stable cannot be proven with these bounds, or null.
 *
 * Where a bound q of stable stands for its quantile and the gate allows the candidate L > q, the candidate's share above
 * the last of its bounds up to L is held against stable's share above q (`LatencyExaminer`). Is there no bound in
 * (q, L], then that bound is q or below: a candidate as fast as stable has at least as much above it as stable, and no
 * number of requests proves it. So it is for the gate when it is so for every q that may stand for the quantile: all
 * bounds, until the counts show of one, at the levels of the verdicts, that its share is too far from 1 − NN.
 *
 * A gate that asks for a faster candidate (L ≤ q) is another matter: faster than q is what it must be anyway.
 */
export function whyTooCoarse(
  share: number,
  bound: Bound,
  stable: Histogram,
  candidateBoundsMs: readonly number[],
  levels: Levels,
): Dead | null {
  if (bound.kind === "absolute") return null;
  const tails = slowerThanEach(stable);
  const n = answered(stable.counts);
  const isPossible = (_: number, index: number) => {
    const tail = { n, x: tails[index] ?? 0 };
    return (
      !shownBelow((1 - share) / nearEnough, tail, levels.pass) &&
      !shownAbove((1 - share) * nearEnough, tail, levels.fail)
    );
  };
  if (stable.boundsMs.some((q, index) => separates(q, bound, candidateBoundsMs) && isPossible(q, index)))
    return null;
  const possible = stable.boundsMs.filter(isPossible);
  const at = quantile(stable, share);
  return {
    why: `${boundsText(candidateBoundsMs, at, share)}, too coarse to tell a candidate as fast as stable from one that is slower than the gate allows (${allowedText(bound)}): no number of requests would show it`,
    remedy: remedyFor(possible, candidateBoundsMs, limitOf(bound, at)),
  };
}

/** Whether a candidate as fast as stable can be proven where q stands for stable's quantile. */
export function separates(q: number, bound: Bound, candidateBoundsMs: readonly number[]): boolean {
  const limit = limitOf(bound, q) ?? q;
  return limit <= q || edgesAround(candidateBoundsMs, limit).below > q;
}

/** Bounds on both sides of the quantile, and one more on each. */
function boundsText(boundsMs: readonly number[], at: number | null, share: number): string {
  if (at === null) return `the histogram's bounds are ${listed(boundsMs.slice(0, 8))} ms`;
  const above = boundsMs.findIndex((bound) => bound >= at);
  const middle = above === -1 ? boundsMs.length : above;
  const around = boundsMs.slice(Math.max(0, middle - 2), middle + 2);
  const quantileText = `stable's p${Number((100 * share).toPrecision(6))} (${rounded(at)} ms)`;
  return `the histogram's bounds around ${quantileText} are ${listed(around)} ms`;
}

function allowedText({ factor, offset }: { factor: number; offset: number }): string {
  const times = factor === 1 ? "" : ` * ${factor}`;
  const more = offset === 0 ? "" : ` ${offset < 0 ? "-" : "+"} ${Math.abs(offset)} ms`;
  return `baseline${times}${more}`;
}

/** @param possible bounds that may stand for stable's quantile
 * @param limitMs what the gate allows now */
function remedyFor(possible: readonly number[], boundsMs: readonly number[], limitMs: number | null): string {
  const ratios = possible.flatMap((q) => {
    const next = boundsMs.find((bound) => bound > q);
    return next === undefined ? [] : [next / q];
  });
  const factor = Math.ceil(100 * Math.max(...ratios)) / 100;
  const wider =
    ratios.length === 0 || ratios.length < possible.length ? [] : [`allow \`baseline * ${factor}\``];
  const next = limitMs === null ? undefined : boundsMs.find((bound) => bound >= limitMs);
  const fixed = next === undefined ? [] : [`bound it by one of them, \`<= ${next}ms\``];
  return `${sentence([...wider, ...fixed, "decide by `[refute]` behind the gate"])}, or have its source count in closer buckets`;
}

const sentence = (parts: readonly string[]) => {
  const text = parts.join(", ");
  return text.slice(0, 1).toUpperCase() + text.slice(1);
};
const rounded = (ms: number) => Number(ms.toPrecision(3));
const listed = (boundsMs: readonly number[]) => boundsMs.map(rounded).join(", ");
