import type { Bound, Observation, SideCounts } from "../types.ts";
import type { Tally } from "./factors.ts";
import type { Finding } from "./finding.ts";
import { lowerRate, offsetLimits, upperRate } from "./interval.ts";
import { add, type Reader, readSeries, type Window } from "./series.ts";
import { type Evidence, type Levels, type Step, weighPair, weighRate } from "./weigh.ts";

export type RateMetric = "error_rate" | "nan_rate";

/** `error_rate` and `nan_rate`: shares of requests, each side's own. */
export function findRate(
  metric: RateMetric,
  bound: Bound,
  observations: readonly Observation[],
  levels: Levels,
): Finding {
  const { windows, gap } = readSeries(observations, readers[metric]);
  const { steps, stable, candidate } = stepsOf(windows);
  const evidence =
    bound.kind === "absolute" ? weighRate(bound.value, steps, levels) : weighPair(bound, steps, levels);
  const observed = share(candidate);
  const baseline = share(stable);
  const limit =
    bound.kind === "absolute"
      ? bound.value
      : baseline === null
        ? null
        : bound.factor * baseline + bound.offset;
  return {
    observed,
    baseline,
    bound: limit,
    interval: observed === null ? null : intervalOf(bound, candidate, baseline, evidence, levels),
    n: bound.kind === "absolute" ? candidate.n : Math.min(candidate.n, stable.n),
    candidateRequests: candidate.n,
    counted: `${candidate.x} of ${candidate.n}`,
    evidence,
    gap,
    obstacle:
      bound.kind === "absolute" && bound.value <= 0 && candidate.x === 0
        ? "no number of requests can prove a rate of 0: allow a small one, or decide by [refute]"
        : null,
  };
}

const readers: Record<RateMetric, Reader> = {
  error_rate: (side) => readCounts(side, side.errors, "errors"),
  nan_rate: (side) =>
    side.nan === null
      ? "the source does not count NaN outputs"
      : readCounts(side, side.nan, "requests with NaN"),
};

function readCounts(side: SideCounts, events: number, what: string): ReturnType<Reader> {
  return events > side.requests
    ? `ambiguous: ${events} ${what} among ${side.requests} requests`
    : { values: [side.requests, events], shape: what };
}

function stepsOf(windows: readonly Window[]): { steps: Step[]; stable: Tally; candidate: Tally } {
  let stable: Tally = { n: 0, x: 0 };
  let candidate: Tally = { n: 0, x: 0 };
  const steps = windows.map((window): Step => {
    const now = { stable: tally(window.stable), candidate: tally(window.candidate) };
    stable = tally(add([stable.n, stable.x], window.stable));
    candidate = tally(add([candidate.n, candidate.x], window.candidate));
    const { n, x } = now.candidate;
    return {
      at: window.to,
      stable: now.stable,
      candidate: { n, sure: x, possible: x },
      stableSoFar: stable,
    };
  });
  return { steps, stable, candidate };
}

function tally([n = 0, x = 0]: readonly number[]): Tally {
  return { n, x };
}

function share({ n, x }: Tally): number | null {
  return n === 0 ? null : x / n;
}

function intervalOf(
  bound: Bound,
  candidate: Tally,
  baseline: number | null,
  { pairs }: Evidence,
  levels: Levels,
): [number, number] | null {
  if (bound.kind === "absolute") {
    return [lowerRate(candidate, levels.fail), upperRate(candidate, levels.pass)];
  }
  if (pairs === null || baseline === null) {
    return null;
  }
  const [low, high] = offsetLimits(pairs, [-bound.factor, 1]);
  const shift = bound.factor * baseline;
  return [Math.max(0, low + shift), Math.min(1, high + shift)];
}
