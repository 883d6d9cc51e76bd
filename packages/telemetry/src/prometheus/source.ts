/** Counts from Prometheus, or whatever speaks its API. */
import type { Observation } from "@ml-actions/gates/types";
import { listed, TelemetryError } from "../error.ts";
import type { Family } from "../family.ts";
import { once, type Watch, watching } from "../looks.ts";
import { type SideName, sideNames } from "../rollout-counts.ts";
import { families } from "../series-table.ts";
import type { Past, TelemetrySource } from "../source.ts";
import { ask, type Series } from "./answer.ts";
import { QueryWatch } from "./custom.ts";
import {
  FamilyWatch,
  type PodLabels,
  podLabels,
  type Sides,
  selector,
  sidesOf,
  valuesOf,
} from "./family-watch.ts";
import type { Queries } from "./queries.ts";
import type { Prometheus } from "./reach.ts";

export interface PrometheusTelemetryOptions {
  prometheus: Prometheus;
  /** How series name both sides, now. */
  sides: () => Promise<Sides>;
  /** Instead of the series that are known; from `parseQueries`. */
  queries?: Queries;
  /** Told what is lost or chosen, in a sentence: for the log. */
  note?: (message: string) => void;
  /** Hears once whose counts they are. */
  say?: (message: string) => void;
  /** Milliseconds since 1970. */
  now?: () => number;
}

/** A scrape is kept under the time that it began at, and comes in when it ends: up to its timeout later. */
const lateScrapeMs = 60_000;
/** Two scrapes a minute apart lie within. */
const leastWindowMs = 150_000;
/** After an outage of ours; what was scraped before is there as a sum, but for restarts between. */
const longestWindowMs = 3_600_000;

/**
 * Not `rate` or `increase`, which extrapolate to the edges of their window and give 1.07 requests for one: the raw
 * samples of the counters are asked for (a range selector in one instant query, so that everything is of one moment),
 * every scrape since the last look is read as the page that it was, and counted over restarts and over pods that come
 * and go as `podTelemetry` does. What a process counted between its last scrape and its end is lost.
 *
 * `outage`: no answer, not in time, a refusal, a part that is lacking; no scrape of one of the candidate's pods, or of
 * half of stable's, for two and a half minutes; no series that is known. `ambiguous`: a pod is there as several targets
 * (the message names the labels that differ), or a counter fell though its process is the same. Never rejects.
 */
export function prometheusTelemetry(options: PrometheusTelemetryOptions): TelemetrySource {
  const now = options.now ?? Date.now;
  const { queries, ...others } = { ...options, say: once(options.say) };
  return watching(now, (releases) =>
    queries === undefined
      ? new SeriesWatch(others, now)
      : new QueryWatch({ ...others, queries, releases }, now),
  );
}

interface Candidate {
  watch: FamilyWatch;
  labels: PodLabels;
}

/** Watches every family that stable has until one counts both sides; the first in the table's order is then taken. */
class SeriesWatch implements Watch {
  readonly #options: PrometheusTelemetryOptions;
  readonly #now: () => number;
  readonly #note: (message: string) => void;
  readonly #say: (message: string) => void;
  #possible: Candidate[] | null = null;
  #chosen: Candidate | null = null;
  #answeredAt = 0;
  readonly #pods: Record<SideName, Set<string>> = { stable: new Set(), candidate: new Set() };

  constructor(options: PrometheusTelemetryOptions, now: () => number) {
    this.#options = options;
    this.#now = now;
    this.#note = options.note ?? (() => {});
    this.#say = options.say ?? (() => {});
  }

  async look(startedAt: number): Promise<Observation> {
    const listedNow = await sidesOf(this.#options);
    const sides = this.#withGone(listedNow);
    if (this.#possible === null) {
      this.#possible = await this.#begin(sides, startedAt);
      this.#answeredAt = startedAt;
    } else await this.#goOn(sides, listedNow);
    this.#chosen ??= this.#choose(sides);
    return this.#chosen.watch.counts.observation(startedAt);
  }

  /** The first that counts stable: the candidate may not be counted yet. */
  get past(): Past | null {
    return (this.#chosen ?? this.#possible?.[0])?.watch.counts.past ?? null;
  }

  /** Pods that are gone may have been scraped since the last look. */
  #withGone(sides: Sides): Sides {
    const withGone = (side: SideName) => {
      for (const pod of sides[side].pods) this.#pods[side].add(pod);
      return { ...sides[side], pods: [...this.#pods[side]] };
    };
    return { stable: withGone("stable"), candidate: withGone("candidate") };
  }

  async #begin(sides: Sides, startedAt: number): Promise<Candidate[]> {
    const groups = groupsOf(families.filter(({ from }) => from.includes("prometheus")));
    const possible = await Promise.all(
      groups.map(async ({ families, labels }) => {
        const series = await this.#ask(selector(families, labels, sides), leastWindowMs);
        const first = { series, sides, startedAt, note: this.#note };
        return families.map((family) => ({ labels, watch: new FamilyWatch(family, labels, first) }));
      }),
    );
    const order = ({ watch }: Candidate) => families.indexOf(watch.family);
    return possible
      .flat()
      .filter(({ watch }) => watch.has.stable)
      .sort((left, right) => order(left) - order(right));
  }

  async #goOn(sides: Sides, listedNow: Sides): Promise<void> {
    const watched = this.#chosen === null ? (this.#possible ?? []) : [this.#chosen];
    const askedAt = this.#now();
    const windowMs = Math.min(
      Math.max(askedAt - this.#answeredAt + lateScrapeMs, leastWindowMs),
      longestWindowMs,
    );
    for (const { watch, labels } of watched) {
      const series = await this.#ask(selector([watch.family], labels, sides), windowMs);
      watch.take(series, sides);
      if (this.#chosen !== null) requireScrapes(watch, series, listedNow);
    }
    this.#answeredAt = askedAt;
  }

  #choose(sides: Sides): Candidate {
    const possible = this.#possible ?? [];
    const found = possible.find(({ watch }) => watch.has.candidate);
    if (found !== undefined) {
      this.#say(`counts are those of ${found.watch.family.name}, from ${this.#options.prometheus.name}`);
      return found;
    }
    if (possible.length > 0) {
      const names = listed(possible.map(({ watch }) => watch.family.name));
      throw new TelemetryError("no-traffic", `Stable is counted by ${names}; the candidate is not yet.`, "");
    }
    // Looked for again at the next look.
    this.#possible = null;
    const { namespace, workload, pods } = sides.stable;
    throw new TelemetryError(
      "outage",
      `Prometheus (${this.#options.prometheus.name}) has no series that count requests of stable and how they ended (namespace ${namespace}, workload ${workload}, pods ${listed(pods) || "none"}).`,
      "Have the pods, the mesh or the gateway scraped with labels `namespace` and `pod`, take the counts from the pods, or name them by `queries`.",
    );
  }

  async #ask(selected: string | null, windowMs: number): Promise<Series[]> {
    if (selected === null) return [];
    return ask(this.#options.prometheus, `${selected}[${Math.ceil(windowMs / 1000)}s]`);
  }
}

/** Families that are selected by the same labels are asked for together. */
function groupsOf(all: readonly Family[]): { families: Family[]; labels: PodLabels }[] {
  const groups = [...Map.groupBy(all, ({ side }) => (side.by === "pod" ? "pod" : side.label)).values()];
  return groups.flatMap((families) =>
    families[0]?.side.by === "pod"
      ? podLabels.map((labels) => ({ families, labels }))
      : [{ families, labels: podLabels[0] }],
  );
}

/** What a pod of the candidate served while it was not scraped may be just what failed; of stable's pods most will do.
 * @throws TelemetryError `outage` */
function requireScrapes(watch: FamilyWatch, series: readonly Series[], sides: Sides): void {
  for (const side of sideNames) {
    const fresh = watch.fresh(series, sides, side, leastWindowMs / 1000);
    const byPod = watch.family.side.by === "pod";
    const expected = byPod ? sides[side].pods : (valuesOf(watch.family, sides[side]) ?? []);
    // Of a mesh or a gateway we do not know who should count: some must, once any did.
    const silent = byPod
      ? expected.filter((pod) => !fresh.has(pod))
      : fresh.size > 0 || !watch.has[side]
        ? []
        : expected;
    const tooMany = side === "candidate" || !byPod ? silent.length > 0 : silent.length * 2 >= expected.length;
    if (silent.length > 0 && tooMany) {
      throw new TelemetryError(
        "outage",
        `Prometheus has no scrape of ${silent.length} of ${expected.length} of ${side} in the last ${leastWindowMs / 1000} s: ${listed(silent)}.`,
        "",
      );
    }
  }
}
