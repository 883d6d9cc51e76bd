/**
 * What the judge saw, look by look, as a statement keeps it: every count as its growth since the look before, histograms
 * by runs. Nothing is thinned out: what comes back is what the judge was given, as far as the gates read it.
 */
import type { Gate, Observation, SideCounts } from "@ml-actions/gates/types";
import { z } from "zod";
import { packed, packHistogram, unpackHistogram } from "./histogram-runs.ts";

/** What stands for a count that is no count, and for a histogram that is none. */
const broken = "?";
const count = z.union([z.int().nonnegative(), z.literal(broken)]);
const histogram = z.union([packed, z.literal(broken)]).nullable();
const side = z.tuple([count, count, count.nullable(), histogram, histogram]);
const problem = z.enum(["outage", "no-traffic", "ambiguous", "not-a-number"]);

const look = z.union([
  z.tuple([z.number(), side, side]),
  z.tuple([z.number(), side, side, z.literal("anew")]),
  z.tuple([z.number(), problem, z.string().max(1000)]),
]);

export const windowsSchema = z.object({
  /** Milliseconds since 1970, from which the first look's time counts. */
  start: z.number(),
  /** The first number of a packed histogram says which of these it has. */
  bounds: z.array(z.array(z.number()).min(1).max(10_000)).max(1000),
  /** Milliseconds since the look before, then what stable's and the candidate's counts grew by since: requests, errors,
   * requests with NaN, latency, scores (null: there is none, or no gate reads it). `anew`: since nothing, because a
   * count fell. Or the problem that there was, and its detail. */
  looks: z.array(look).max(1_000_000),
});

export type Windows = z.output<typeof windowsSchema>;
type PackedSide = z.output<typeof side>;
type PackedHistogram = z.output<typeof histogram>;
type Histogram = NonNullable<SideCounts["scores"]>;

/** One side's counts with both histograms in one form. */
interface Counts {
  requests: number;
  errors: number;
  nan: number | null;
  latency: Histogram | null;
  scores: Histogram | null;
}

interface Sides {
  stable: Counts;
  candidate: Counts;
}

const nothing: Counts = { requests: 0, errors: 0, nan: 0, latency: null, scores: null };
const brokenHistogram: Histogram = { bounds: [], counts: [] };

/** @param gates decide what is kept: a histogram that none of them reads changes no verdict */
export function packWindows(gates: readonly Gate[], observations: readonly Observation[]): Windows {
  const start = observations[0]?.at ?? 0;
  const reads = (name: string) => gates.some(({ metric }) => metric.startsWith(name));
  const read = { nan: reads("nan_rate"), latency: reads("latency."), scores: reads("score_drift") };
  const dictionary = new Dictionary();
  let at = start;
  let last: Sides = { stable: nothing, candidate: nothing };
  const looks = observations.map((observation): Windows["looks"][number] => {
    const elapsedMs = observation.at - at;
    at = observation.at;
    if (!observation.ok) {
      return [elapsedMs, observation.problem, observation.detail.slice(0, 1000).toWellFormed()];
    }
    const now = { stable: kept(observation.stable, read), candidate: kept(observation.candidate, read) };
    const stable = grownSide(last.stable, now.stable, dictionary);
    const candidate = grownSide(last.candidate, now.candidate, dictionary);
    last = now;
    if (stable !== null && candidate !== null) return [elapsedMs, stable, candidate];
    const anew = (counts: Counts) => grownSide(nothing, counts, dictionary) as PackedSide;
    return [elapsedMs, anew(now.stable), anew(now.candidate), "anew"];
  });
  return { start, bounds: dictionary.bounds, looks };
}

/** A day looked at every second with 240 buckets a side has 41 million. */
const mostCounts = 64_000_000;

/** The observations that were packed; a text that says where it cannot be. */
export function unpackWindows({ start, bounds, looks }: Windows): Observation[] | string {
  if (countsIn(looks, bounds) > mostCounts) {
    return `looks unpack to more than ${mostCounts / 1e6} million counts`;
  }
  const observations: Observation[] = [];
  let at = start;
  let last: Sides = { stable: nothing, candidate: nothing };
  for (const [index, look] of looks.entries()) {
    at += look[0];
    if (typeof look[1] === "string") {
      observations.push({ at, ok: false, problem: look[1], detail: String(look[2]) });
      continue;
    }
    const base = look[3] === "anew" ? { stable: nothing, candidate: nothing } : last;
    const stable = summed(base.stable, look[1], bounds);
    const candidate = summed(base.candidate, look[2] as PackedSide, bounds);
    if (stable === null || candidate === null) {
      return `looks[${index}] has a histogram with bounds or buckets that there are none of`;
    }
    last = { stable, candidate };
    observations.push({ at, ok: true, stable: sideCounts(stable), candidate: sideCounts(candidate) });
  }
  return observations;
}

/** How many counts the histograms unpack to: a run of a few characters may stand for thousands. */
function countsIn(looks: Windows["looks"], bounds: Windows["bounds"]): number {
  const packedOnes = looks.flatMap(([, stable, candidate]) =>
    [stable, candidate].flatMap((one) => (Array.isArray(one) ? [one[3], one[4]] : [])),
  );
  return packedOnes.reduce((sum: number, one) => {
    return sum + (Array.isArray(one) ? (bounds[one[0] ?? -1]?.length ?? 0) + 1 : 0);
  }, 0);
}

/** Each list of bounds once. */
class Dictionary {
  readonly bounds: number[][] = [];
  readonly #indexes = new Map<string, number>();

  indexOf(bounds: readonly number[]): number {
    const key = bounds.join();
    const known = this.#indexes.get(key) ?? this.bounds.push([...bounds]) - 1;
    this.#indexes.set(key, known);
    return known;
  }
}

function kept(side: SideCounts, read: { nan: boolean; latency: boolean; scores: boolean }): Counts {
  const { latency, scores = null } = side;
  return {
    requests: side.requests,
    errors: side.errors,
    nan: read.nan ? side.nan : null,
    latency: read.latency && latency !== null ? sound(latency.boundsMs, latency.counts) : null,
    scores: read.scores && scores !== null ? sound(scores.bounds, scores.counts) : null,
  };
}

/** A histogram that the judge would refuse comes back as another that it refuses. */
function sound(bounds: readonly number[], counts: readonly number[]): Histogram {
  const fits = bounds.length > 0 && counts.length === bounds.length + 1;
  return fits && bounds.every(Number.isFinite) && counts.every(isCount)
    ? { bounds, counts }
    : brokenHistogram;
}

function isCount(value: number | null): value is number {
  return Number.isSafeInteger(value) && (value ?? -1) >= 0;
}

/** null when a count fell. */
function grownSide(before: Counts, now: Counts, dictionary: Dictionary): PackedSide | null {
  const plain = (["requests", "errors", "nan"] as const).map((name) => grown(before[name], now[name]));
  const histograms = (["latency", "scores"] as const).map((name) =>
    grownHistogram(before[name], now[name], dictionary),
  );
  return [...plain, ...histograms].includes(undefined)
    ? null
    : ([...plain, ...histograms] as unknown as PackedSide);
}

function grown(before: number | null, now: number | null): number | typeof broken | null | undefined {
  if (now === null) return null;
  if (!isCount(now)) return broken;
  const growth = now - (isCount(before) ? before : 0);
  return growth < 0 ? undefined : growth;
}

function grownHistogram(
  before: Histogram | null,
  now: Histogram | null,
  dictionary: Dictionary,
): PackedHistogram | undefined {
  if (now === null || now.bounds.length === 0) return now === null ? null : broken;
  const base = sameBounds(before, now.bounds) ? before?.counts : undefined;
  const growth = now.counts.map((value, bucket) => value - (base?.[bucket] ?? 0));
  return growth.some((value) => value < 0)
    ? undefined
    : packHistogram(dictionary.indexOf(now.bounds), growth);
}

function sameBounds(before: Histogram | null, bounds: readonly number[]): boolean {
  return before?.bounds.length === bounds.length && bounds.every((bound, i) => bound === before.bounds[i]);
}

function summed(before: Counts, growth: PackedSide, dictionary: Windows["bounds"]): Counts | null {
  const [requests, errors, nan, latency, scores] = growth;
  const plus = (base: number | null, more: number | typeof broken) =>
    more === broken ? Number.NaN : more + (isCount(base) ? base : 0);
  const histograms = [
    summedHistogram(before.latency, latency, dictionary),
    summedHistogram(before.scores, scores, dictionary),
  ];
  if (histograms.includes(undefined)) return null;
  return {
    requests: plus(before.requests, requests),
    errors: plus(before.errors, errors),
    nan: nan === null ? null : plus(before.nan, nan),
    latency: histograms[0] ?? null,
    scores: histograms[1] ?? null,
  };
}

function summedHistogram(
  before: Histogram | null,
  growth: PackedHistogram,
  dictionary: Windows["bounds"],
): Histogram | null | undefined {
  if (growth === null || growth === broken) return growth === null ? null : brokenHistogram;
  const bounds = dictionary[growth[0] ?? -1];
  const more = bounds === undefined ? null : unpackHistogram(growth, bounds.length + 1);
  if (bounds === undefined || more === null) return undefined;
  const base = sameBounds(before, bounds) ? before?.counts : undefined;
  return { bounds, counts: more.map((value, bucket) => value + (base?.[bucket] ?? 0)) };
}

function sideCounts({ requests, errors, nan, latency, scores }: Counts): SideCounts {
  return {
    requests,
    errors,
    nan,
    latency: latency === null ? null : { boundsMs: latency.bounds, counts: latency.counts },
    ...(scores === null ? {} : { scores }),
  };
}
