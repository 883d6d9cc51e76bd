/** One service with its users, seeded: the same arrivals and the same troubles whoever rolls out in it. */
import {
  type Behaviour,
  binomial,
  healthy,
  noCounts,
  randomFrom,
} from "../../../packages/gates/src/judge/traffic.testing.ts";
import type { SideCounts } from "../../../packages/gates/src/types.ts";
import { MemoryPlace } from "../../../packages/rollout/src/memory.testing.ts";
import { candidate, stable } from "../../../packages/rollout/src/play.testing.ts";

/** What holds at a moment, in seconds since the rollout began. */
export interface Moment {
  /** Requests a second in the mean. */
  rate: number;
  stable: Behaviour;
  candidate: Behaviour;
  /** Nobody can read the counts. */
  blind: boolean;
}

/** `begin` is drawn once a rollout, in [0, 1): when a trouble comes. */
export type Scenario = (second: number, begin: number) => Moment;

export const usual: Behaviour = { ...healthy, errors: 0.001 };

/** Counts are kept at this grain; it divides every interval and window of all contenders. */
const grainSeconds = 5;

/** Bucket bounds a quarter apart, from 5 ms to 800 ms: coarser than most exporters can be asked for. */
const boundsMs: readonly number[] = Array.from(
  { length: 24 },
  (_, index) => Math.round(50 * 1.25 ** index) / 10,
);

export interface Outcome {
  ended: "promoted" | "refuted" | "undecided";
  seconds: number;
  /** Requests that users sent to the candidate and that failed. */
  bad: number;
}

export class World {
  readonly place: MemoryPlace;
  readonly #startedAtMs: number;
  #past: { atMs: number; counts: SideCounts }[] = [];
  blind = false;

  constructor(scenario: Scenario, seed: number) {
    // Two streams, so that a contender that splits otherwise meets the same arrivals.
    const arrivals = randomFrom(seed * 2 + 1);
    const begin = arrivals();
    this.place = new MemoryPlace(stable, seed * 2);
    const { clock } = this.place;
    this.#startedAtMs = clock.now();
    const pass = clock.onPass;
    const grainMs = grainSeconds * 1000;
    let servedMs = this.#startedAtMs;
    // Whole grains, when they are over: so nobody's arrivals depend on how often he wakes.
    clock.onPass = (_, toMs) => {
      for (; servedMs + grainMs <= toMs; servedMs += grainMs) {
        const moment = scenario((servedMs - this.#startedAtMs) / 1000, begin);
        this.place.load = poisson(moment.rate * grainSeconds, arrivals) / grainSeconds;
        this.place.behaviours = { [stable.label]: moment.stable, [candidate.label]: moment.candidate };
        pass(servedMs, servedMs + grainMs);
        this.blind = moment.blind;
        this.place.outage = moment.blind ? { problem: "outage", detail: "Prometheus is down" } : null;
        this.#past.push({ atMs: servedMs + grainMs, counts: this.place.counts.candidate });
      }
    };
    this.#answerQuickly();
    const prepare = this.place.prepare.bind(this.place);
    this.place.prepare = async (release) => {
      await prepare(release);
      this.place.counts = { stable: noCounts(boundsMs), candidate: noCounts(boundsMs) };
    };
  }

  /** Nobody changes what he is given here, so nothing is copied: half of the time of a rollout of hours. */
  #answerQuickly(): void {
    const { place } = this;
    place.read = async () => place.situation;
    place.observe = async () => {
      const at = place.clock.now();
      return place.outage === null ? { at, ok: true, ...place.counts } : { at, ok: false, ...place.outage };
    };
  }

  get seconds(): number {
    return (this.place.clock.now() - this.#startedAtMs) / 1000;
  }

  sleep(seconds: number): Promise<void> {
    return this.place.clock.sleep(seconds * 1000);
  }

  /** What the candidate served in the last so many seconds, exactly: no scrape is late and no edge is extrapolated. */
  window(seconds: number): SideCounts {
    const now = this.place.counts.candidate;
    const sinceMs = this.place.clock.now() - seconds * 1000;
    const before = this.#past.findLast(({ atMs }) => atMs <= sinceMs)?.counts;
    return before === undefined ? now : difference(now, before);
  }

  outcome(ended: Outcome["ended"]): Outcome {
    return { ended, seconds: this.seconds, bad: this.place.counts.candidate.errors };
  }
}

function difference(now: SideCounts, before: SideCounts): SideCounts {
  const latency = now.latency && {
    boundsMs: now.latency.boundsMs,
    counts: now.latency.counts.map((count, bucket) => count - (before.latency?.counts[bucket] ?? 0)),
  };
  return {
    requests: now.requests - before.requests,
    errors: now.errors - before.errors,
    nan: null,
    latency,
  };
}

/** A binomial of many rare chances: within 1/1000 of a Poisson draw in every probability. */
function poisson(mean: number, random: () => number): number {
  const chances = Math.max(1000, Math.ceil(mean * 1000));
  return binomial(chances, mean / chances, random);
}
