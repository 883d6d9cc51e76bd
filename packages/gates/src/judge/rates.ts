import type { Bound, Observation, SideCounts } from "../types.ts";
import type { Evidence, Levels } from "./evidence.ts";
import type { Tally } from "./factors.ts";
import { type Dead, type Examiner, type Finding, neverCounted } from "./finding.ts";
import { lowerRate, offsetLimits, upperRate } from "./interval.ts";
import { type Reader, Series } from "./series.ts";
import { Stretches } from "./stretches.ts";
import { leastRequests, PairScale, RateScale, type Scale } from "./weigh.ts";

export type RateMetric = "error_rate" | "nan_rate";

/** `error_rate` and `nan_rate`: shares of requests, each side's own. */
export class RateExaminer implements Examiner {
  readonly #metric: RateMetric;
  readonly #bound: Bound;
  readonly #levels: Levels;
  readonly #series: Series;
  readonly #scale: Scale;
  readonly #stretches = new Stretches(leastRequests);
  #stable: Tally = { n: 0, x: 0 };
  #candidate: Tally = { n: 0, x: 0 };
  #isCounted = true;

  constructor(metric: RateMetric, bound: Bound, levels: Levels) {
    this.#metric = metric;
    this.#bound = bound;
    this.#levels = levels;
    this.#series = new Series(readers[metric]);
    this.#scale =
      bound.kind === "absolute" ? new RateScale(bound.value, levels) : new PairScale(bound, levels);
  }

  push(observation: Observation): void {
    this.#isCounted = this.#metric !== "nan_rate" || !neverCounted(observation, ({ nan }) => nan);
    const window = this.#series.push(observation);
    if (window === null) {
      return;
    }
    const stable = tally(window.stable);
    const { n, x } = tally(window.candidate);
    this.#stable = plus(this.#stable, stable);
    this.#candidate = plus(this.#candidate, { n, x });
    const candidate = { n, sure: x, possible: x };
    this.#stretches.add(stable.n, window.stable);
    const stableStretches = () => this.#stretches.all.map(tally);
    this.#scale.add({ at: window.to, stable, candidate, stableStretches });
  }

  finding(): Finding {
    const bound = this.#bound;
    const stable = this.#stable;
    const candidate = this.#candidate;
    const evidence = this.#scale.evidence();
    const observed = share(candidate);
    const baseline = share(stable);
    return {
      observed,
      baseline,
      bound: limitOf(bound, baseline),
      interval: observed === null ? null : intervalOf(bound, candidate, baseline, evidence, this.#levels),
      n: bound.kind === "absolute" ? candidate.n : Math.min(candidate.n, stable.n),
      candidateRequests: candidate.n,
      counted: `${candidate.x} of ${candidate.n}`,
      evidence,
      gap: this.#series.gap,
      obstacle: null,
      dead: this.#dead(),
    };
  }

  #dead(): Dead | null {
    if (!this.#isCounted) {
      return {
        why: uncountedNan,
        remedy: "Remove the gate, or take the counts from a source that counts them",
      };
    }
    return this.#bound.kind === "absolute" && this.#bound.value <= 0
      ? {
          why: "no number of requests can prove a rate of 0",
          remedy: "Allow a small one, or decide by `[refute]` behind the gate",
        }
      : null;
  }
}

/** The bound as a number, after stable's value was filled in; null while there is none. */
export function limitOf(bound: Bound, baseline: number | null): number | null {
  if (bound.kind === "absolute") {
    return bound.value;
  }
  return baseline === null ? null : bound.factor * baseline + bound.offset;
}

const uncountedNan = "the source does not count NaN outputs";

const readers: Record<RateMetric, Reader> = {
  error_rate: (side) => readCounts(side, side.errors, "errors"),
  nan_rate: (side) => (side.nan === null ? uncountedNan : readCounts(side, side.nan, "requests with NaN")),
};

function readCounts(side: SideCounts, events: number, what: string): ReturnType<Reader> {
  return events > side.requests
    ? `ambiguous: ${events} ${what} among ${side.requests} requests`
    : { values: [side.requests, events], shape: what };
}

function tally([n = 0, x = 0]: readonly number[]): Tally {
  return { n, x };
}

function plus(left: Tally, right: Tally): Tally {
  return { n: left.n + right.n, x: left.x + right.x };
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
