/** Simulated traffic for tests and calibration runs: seeded, so the same figures everywhere. */
import type { Observation, SideCounts } from "../types.ts";

/** mulberry32 (T. Ettinger, public domain): 32-bit state, passes gjrand; enough for thousands of simulated runs. */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** A binomial draw by inversion, split in halves where (1 − p)^n would vanish. */
export function binomial(n: number, p: number, random: () => number): number {
  if (p <= 0 || n <= 0) {
    return 0;
  }
  if (p >= 1) {
    return n;
  }
  if (p > 0.5) {
    return n - binomial(n, 1 - p, random);
  }
  if (n * p > 300) {
    const half = Math.floor(n / 2);
    return binomial(half, p, random) + binomial(n - half, p, random);
  }
  let mass = (1 - p) ** n;
  let left = random();
  let x = 0;
  while (left > mass && x < n) {
    left -= mass;
    mass *= ((n - x) / (x + 1)) * (p / (1 - p));
    x++;
  }
  return x;
}

/** What one side does: shares of requests that fail, that carry NaN, log-normal latency, and scores whose logit is
 * normal. */
export interface Behaviour {
  errors: number;
  nan: number;
  medianMs: number;
  sigma: number;
  scores?: { mean: number; sd: number };
}

export const healthy: Behaviour = { errors: 0.002, nan: 0, medianMs: 20, sigma: 0.4 };

/** Bucket bounds 15 % apart, from 1 ms to about 5 s. */
export const fineBounds: readonly number[] = Array.from({ length: 62 }, (_, i) =>
  Number((1.15 ** i).toFixed(3)),
);

/** Bounds of score buckets: 100 of equal width. */
export const scoreBounds: readonly number[] = Array.from({ length: 99 }, (_, i) => (i + 1) / 100);

export interface Window {
  atMs: number;
  stable: number;
  candidate: number;
  /** Behaviour of both sides in this window. */
  behaviour: { stable: Behaviour; candidate: Behaviour };
}

/** Plays windows one after another and gives the cumulative observations. */
export function observe(
  windows: readonly Window[],
  random: () => number,
  boundsMs: readonly number[] = fineBounds,
): Observation[] {
  let stable = noCounts(boundsMs);
  let candidate = noCounts(boundsMs);
  return windows.map((window) => {
    stable = serve(stable, window.stable, window.behaviour.stable, random);
    candidate = serve(candidate, window.candidate, window.behaviour.candidate, random);
    return { at: window.atMs, ok: true, stable, candidate };
  });
}

export function noCounts(boundsMs: readonly number[] = fineBounds): SideCounts {
  return { requests: 0, errors: 0, nan: 0, latency: { boundsMs, counts: boundsMs.map(() => 0).concat(0) } };
}

/** Adds so many requests to one side's counts. */
export function serve(
  before: SideCounts,
  requests: number,
  how: Behaviour,
  random: () => number,
): SideCounts {
  const errors = binomial(requests, how.errors, random);
  const latency = before.latency as NonNullable<SideCounts["latency"]>;
  const slowness = (bound: number) => normal(Math.log(bound / how.medianMs) / how.sigma);
  const timed = scatter(requests - errors, latency.boundsMs, slowness, random);
  return {
    requests: before.requests + requests,
    errors: before.errors + errors,
    nan: (before.nan ?? 0) + binomial(requests - errors, how.nan, random),
    latency: { boundsMs: latency.boundsMs, counts: plus(latency.counts, timed) },
    ...(how.scores === undefined ? {} : { scores: scored(before, requests - errors, how.scores, random) }),
  };
}

function scored(
  before: SideCounts,
  answered: number,
  { mean, sd }: NonNullable<Behaviour["scores"]>,
  random: () => number,
): NonNullable<SideCounts["scores"]> {
  const share = (bound: number) => normal((Math.log(bound / (1 - bound)) - mean) / sd);
  const counts = scatter(answered, scoreBounds, share, random);
  return { bounds: scoreBounds, counts: plus(before.scores?.counts ?? counts.map(() => 0), counts) };
}

function plus(left: readonly number[], right: readonly number[]): number[] {
  return left.map((count, index) => count + (right[index] ?? 0));
}

/** Spreads so many draws over the buckets of a distribution function. */
function scatter(
  draws: number,
  bounds: readonly number[],
  distribution: (bound: number) => number,
  random: () => number,
): number[] {
  let left = draws;
  let below = 0;
  return [...bounds, null].map((bound) => {
    const upTo = bound === null ? 1 : distribution(bound);
    const here = binomial(left, below >= 1 ? 1 : Math.min(1, (upTo - below) / (1 - below)), random);
    left -= here;
    below = upTo;
    return here;
  });
}

/** Standard normal distribution function; Abramowitz & Stegun 26.2.17, error below 7.5e-8. */
function normal(z: number): number {
  const t = 1 / (1 + 0.2316419 * Math.abs(z));
  const tail =
    Math.exp((-z * z) / 2) *
    0.3989422804014327 *
    t *
    (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  return z >= 0 ? 1 - tail : tail;
}

/** Windows of a rollout: `perWindow` requests split by each step's weight, `windowsPerStep` windows a step. */
export function rollout(options: {
  weights: readonly number[];
  windowsPerStep: number;
  perWindow: number | ((window: number) => number);
  stable: Behaviour | ((window: number) => Behaviour);
  candidate: Behaviour | ((window: number) => Behaviour);
  intervalMs?: number;
}): Window[] {
  const { weights, windowsPerStep, perWindow, stable, candidate, intervalMs = 10_000 } = options;
  const of = <T>(value: T | ((window: number) => T), window: number): T =>
    typeof value === "function" ? (value as (window: number) => T)(window) : value;
  return weights.flatMap((weight, step) =>
    Array.from({ length: windowsPerStep }, (_, index): Window => {
      const window = step * windowsPerStep + index;
      const requests = of(perWindow, window);
      const toCandidate = Math.round((requests * weight) / 100);
      return {
        atMs: (window + 1) * intervalMs,
        stable: requests - toCandidate,
        candidate: toCandidate,
        behaviour: { stable: of(stable, window), candidate: of(candidate, window) },
      };
    }),
  );
}
