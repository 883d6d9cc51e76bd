/** How the counts of one side are read from series: the shape of a family, and its reader. `series-table.ts` has them. */
import type { SideCounts } from "@ml-actions/gates/types";
import { quoted, TelemetryError } from "./error.ts";
import type { Page, Sample } from "./exposition.ts";

/** A condition on a label: the first of these names that the sample has. Without any of them `is` does not hold, and
 * `not` does. */
export interface Where {
  label: readonly string[];
  is?: RegExp;
  not?: RegExp;
}

export interface Part {
  series: string;
  where?: readonly Where[];
}

export type Unit = "s" | "ms" | "us";

/** What tells the sides apart in Prometheus: the pods' names, or a label that holds a name of the side. */
export type SideLabel =
  | { by: "pod" }
  | { by: "workload" | "revision" | "backend"; label: string; namespace: string | null };

/** Series of one kind of server or proxy. Sums of parts; no part counts what another does. */
export interface Family {
  /** For people. */
  name: string;
  /** Where they are had. */
  from: readonly ("pods" | "prometheus")[];
  side: SideLabel;
  /** Labels of the series themselves; any other says who was asked. */
  own: RegExp;
  requests: readonly Part[];
  errors: readonly Part[];
  /** Labels of which one says how a request ended: without it nobody counts failures. Empty where failures have a
   * series of their own. */
  outcome: readonly string[];
  /** Requests with NaN or infinite outputs. */
  nan: readonly Part[];
  /** Without `_bucket`. */
  latency: (Part & { unit: Unit }) | null;
  /** Without `_bucket`. */
  scores: Part | null;
}

/** Names of all series that are read for a family. */
export function seriesOf({ requests, errors, nan, latency, scores }: Family): string[] {
  const histograms = [latency, scores].flatMap((one) => (one === null ? [] : [`${one.series}_bucket`]));
  return [...new Set([...requests, ...errors, ...nan].map(({ series }) => series).concat(histograms))];
}

/** Whether who wrote this page counts in this family, if only nothing so far. A family whose requests do not say how
 * they ended counts no failures. */
export function speaks(family: Family, { samples, declared }: Page): boolean {
  const names = new Set(family.requests.map(({ series }) => series));
  const found = samples.filter(({ name }) => names.has(name));
  if (found.length > 0) {
    const { outcome } = family;
    return outcome.length === 0 || found.every(({ labels }) => outcome.some((label) => labels.has(label)));
  }
  return [...names].some((name) => declared.has(name) || declared.has(name.replace(/_(count|total)$/, "")));
}

/** The counts on a page; whole numbers all.
 * @throws TelemetryError `not-a-number`, `ambiguous` */
export function readFamily(family: Family, samples: readonly Sample[]): SideCounts {
  const { latency, scores } = family;
  const times = latency && readHistogram(latency, samples);
  return {
    requests: total(family.requests, samples),
    errors: total(family.errors, samples),
    nan: counts(family.nan, samples) ? total(family.nan, samples) : null,
    latency: times && latency && inMs(latency, times),
    scores: scores && readHistogram(scores, samples),
  };
}

/** NaN outputs are counted where the series is there: it is from the start, at 0. */
function counts(parts: readonly Part[], samples: readonly Sample[]): boolean {
  return parts.some(({ series }) => samples.some(({ name }) => name === series));
}

function matching({ series, where = [] }: Part, samples: readonly Sample[], suffix = ""): Sample[] {
  return samples.filter(
    ({ name, labels }) => name === series + suffix && where.every((one) => holds(one, labels)),
  );
}

function holds({ label, is, not }: Where, labels: ReadonlyMap<string, string>): boolean {
  const name = label.find((one) => labels.has(one));
  const value = name === undefined ? undefined : labels.get(name);
  if (value === undefined) return is === undefined;
  return (is === undefined || is.test(value)) && (not === undefined || !not.test(value));
}

/** The sum of those parts' samples.
 * @throws TelemetryError `not-a-number` */
export function total(parts: readonly Part[], samples: readonly Sample[]): number {
  let sum = 0;
  for (const part of parts) {
    for (const sample of matching(part, samples)) sum += wholeCount(sample);
  }
  return sum;
}

/** @throws TelemetryError `not-a-number` */
export function wholeCount({ name, value }: Pick<Sample, "name" | "value">): number {
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw new TelemetryError("not-a-number", `${quoted(name)} is ${value}, which is no count of requests.`, "");
}

interface Histogram {
  bounds: readonly number[];
  counts: readonly number[];
}

/** null: there is no line of it. Prometheus' buckets are cumulative, ours are not. */
function readHistogram(part: Part, samples: readonly Sample[]): Histogram | null {
  const buckets = new Map<number, { upTo: number; series: number }>();
  for (const sample of matching(part, samples, "_bucket")) {
    const bound = boundOf(sample);
    const { upTo, series } = buckets.get(bound) ?? { upTo: 0, series: 0 };
    buckets.set(bound, { upTo: upTo + wholeCount(sample), series: series + 1 });
  }
  return buckets.size === 0 ? null : histogramOf(part.series, buckets);
}

function boundOf({ name, labels }: Sample): number {
  const text = labels.get("le") ?? "";
  const bound = text === "+Inf" ? Infinity : text.trim() === "" ? Number.NaN : Number(text);
  if (!Number.isNaN(bound)) return bound;
  throw new TelemetryError("not-a-number", `${quoted(name)} has a bucket up to "${quoted(text)}".`, "");
}

/** From cumulative buckets by their upper bounds; `series` were added up in each.
 * @throws TelemetryError `ambiguous`, `not-a-number` */
export function histogramOf(
  name: string,
  buckets: ReadonlyMap<number, { upTo: number; series: number }>,
): Histogram {
  const sorted = [...buckets].sort(([left], [right]) => left - right);
  const bounds = sorted.slice(0, -1).map(([bound]) => bound);
  if (sorted.at(-1)?.[0] !== Infinity || bounds.length === 0 || bounds[0] === -Infinity) {
    throw new TelemetryError("ambiguous", `${quoted(name)} has no bucket but +Inf, or not that one.`, "");
  }
  if (new Set(sorted.map(([, { series }]) => series)).size > 1) {
    throw new TelemetryError("ambiguous", `${quoted(name)} has other buckets under some of its labels.`, "");
  }
  const counts = sorted.map(([, { upTo }], index) => upTo - (sorted[index - 1]?.[1].upTo ?? 0));
  if (counts.some((count) => count < 0)) {
    throw new TelemetryError("not-a-number", `${quoted(name)} has a bucket below the one before it.`, "");
  }
  return { bounds, counts };
}

const msPer: Record<Unit, number> = { s: 1000, ms: 1, us: 0.001 };

/** @throws TelemetryError `ambiguous` when the bounds cannot be in that unit */
export function inMs(
  { series, unit }: { series: string; unit: Unit },
  { bounds, counts }: Histogram,
): NonNullable<SideCounts["latency"]> {
  const [least = 0, most = 0] = [bounds.find((bound) => bound > 0), bounds.at(-1)];
  // A series in s from 1 s to over 16 min, or in ms from below .1 to 60 ms: someone observed in the other unit.
  const wrong = (unit === "s" && least >= 1 && most >= 1000) || (unit === "ms" && least < 0.1 && most <= 60);
  if (wrong) {
    throw new TelemetryError(
      "ambiguous",
      `${quoted(series)} is in ${unit} by its name, but its buckets go from ${least} to ${most}: they look like ${unit === "s" ? "ms" : "s"}.`,
      "Correct the series, or ask for another by `queries`.",
    );
  }
  // No request takes no time: what buckets up to 0 or below count belongs to the first above.
  const first = Math.max(
    0,
    bounds.findIndex((bound) => bound > 0),
  );
  const below = counts.slice(0, first).reduce((sum, count) => sum + count, 0);
  const kept = counts.slice(first);
  return {
    // 0.07 s × 1000 is 70.00000000000001 in binary.
    boundsMs: bounds.slice(first).map((bound) => Number((bound * msPer[unit]).toPrecision(12))),
    counts: kept.map((count, index) => (index === 0 ? count + below : count)),
  };
}
