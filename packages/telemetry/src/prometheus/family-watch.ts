/** One family's counts of both sides, from the raw samples that Prometheus has of it. */
import { TelemetryError } from "../error.ts";
import { type Family, seriesOf, speaks } from "../family.ts";
import { RolloutCounts, type SideName, sideNames } from "../rollout-counts.ts";
import { processStart } from "../series-table.ts";
import type { Series } from "./answer.ts";
import { oneOf } from "./promql.ts";
import { requireOneEach, type Scraped, scrapedFrom, seenIn } from "./scrapes.ts";

/** How series name a side. */
export interface SideNames {
  namespace: string;
  /** Of the Deployment that runs it: Istio's `destination_workload`. */
  workload: string;
  /** Those that serve now. */
  pods: readonly string[];
  /** Knative's. */
  revision?: string;
  /** Of the gateway's Envoy, for this side alone: `envoy_cluster_name`. */
  backend?: string;
}

export type Sides = Record<SideName, SideNames>;

/** @throws TelemetryError `outage` */
export async function sidesOf(options: { sides: () => Promise<Sides> }): Promise<Sides> {
  try {
    return await options.sides();
  } catch (error) {
    const why = (error as Error).message;
    throw new TelemetryError("outage", `The pods cannot be listed: ${why}`, "", { cause: error });
  }
}

/** Labels that a pod and its namespace have in Prometheus: of the operator and most configurations, of Prometheus' own
 * example, and of OpenTelemetry. */
export const podLabels = [
  { namespace: "namespace", pod: "pod" },
  { namespace: "kubernetes_namespace", pod: "kubernetes_pod_name" },
  { namespace: "k8s_namespace_name", pod: "k8s_pod_name" },
] as const;
export type PodLabels = (typeof podLabels)[number];

/** What one side's series are selected by; null: the side has no such name. */
export function valuesOf(family: Family, side: SideNames): readonly string[] | null {
  const { by } = family.side;
  if (by === "pod") return side.pods;
  const value = side[by];
  return value === undefined ? null : [value];
}

/** Selects the raw series of families that tell sides apart by the same label. null: there is nothing to ask for. */
export function selector(families: readonly Family[], labels: PodLabels, sides: Sides): string | null {
  const [first] = families;
  const values = first === undefined ? [] : sideNames.flatMap((side) => valuesOf(first, sides[side]) ?? []);
  if (first === undefined || values.length === 0) return null;
  const { side } = first;
  const names = [...families.flatMap(seriesOf), ...(side.by === "pod" ? [processStart] : [])];
  const namespaces = [...new Set(sideNames.map((name) => sides[name].namespace))];
  const spaceLabel = side.by === "pod" ? labels.namespace : side.namespace;
  return `{${[
    oneOf("__name__", [...new Set(names)]),
    ...(spaceLabel === null ? [] : [oneOf(spaceLabel, namespaces)]),
    oneOf(side.by === "pod" ? labels.pod : side.label, values),
  ].join(",")}}`;
}

interface Found {
  side: SideName;
  name: string;
  scraped: Scraped;
}

export class FamilyWatch {
  readonly family: Family;
  readonly #labels: PodLabels;
  readonly #counts: RolloutCounts;
  readonly #readUntil = new Map<string, number>();
  /** Sides that have ever had a sample. */
  readonly has: Record<SideName, boolean> = { stable: false, candidate: false };

  /** `series`: of the first look; what they come to is the zero. */
  constructor(
    family: Family,
    labels: PodLabels,
    first: { series: readonly Series[]; sides: Sides; startedAt: number; note: (message: string) => void },
  ) {
    this.family = family;
    this.#labels = labels;
    const found = this.#find(first.series, first.sides);
    this.#counts = new RolloutCounts(
      found.map(({ scraped }) => scraped.key),
      first.startedAt,
      first.note,
    );
    this.#take(found, true);
  }

  take(series: readonly Series[], sides: Sides): void {
    this.#take(this.#find(series, sides), false);
  }

  get counts(): RolloutCounts {
    return this.#counts;
  }

  /** Names of the side's pods with a scrape at most that much older than the newest of all. */
  fresh(series: readonly Series[], sides: Sides, side: SideName, withinSeconds: number): Set<string> {
    const found = this.#find(series, sides);
    const newest = ({ scraped }: Found) => scraped.scrapes.at(-1)?.atSeconds ?? -Infinity;
    const since = Math.max(...found.map(newest)) - withinSeconds;
    const fresh = found.filter((one) => one.side === side && newest(one) >= since);
    return new Set(fresh.map(({ scraped }) => scraped.labels.get(this.#labels.pod) ?? ""));
  }

  #find(series: readonly Series[], sides: Sides): Found[] {
    const { family } = this;
    return sideNames.flatMap((side) => {
      const values = new Set(valuesOf(family, sides[side]) ?? []);
      const label = family.side.by === "pod" ? this.#labels.pod : family.side.label;
      const names = new Set(seriesOf(family));
      const ours = series.filter(({ labels }) => {
        const name = labels.get("__name__") ?? "";
        const isSide = values.has(labels.get(label) ?? "");
        return isSide && (names.has(name) || (family.side.by === "pod" && name === processStart));
      });
      return scrapedFrom(family, ours)
        .filter(({ scrapes }) => scrapes.some((one) => this.#speaks(one.samples)))
        .map((scraped) => ({ side, scraped, name: `${side}: ${this.#nameOf(scraped)}` }));
    });
  }

  /** A server without a request yet has only series beside those of requests: any of the family's own will do. */
  #speaks(samples: readonly { name: string; labels: ReadonlyMap<string, string>; value: number }[]): boolean {
    const counted = samples.some(({ name }) => this.family.requests.some(({ series }) => series === name));
    return counted
      ? speaks(this.family, { samples, declared: new Set() })
      : samples.some(({ name }) => name !== processStart);
  }

  #nameOf({ labels }: Scraped): string {
    return labels.get(this.#labels.pod) ?? labels.get("instance") ?? "a target without a name";
  }

  #take(found: readonly Found[], isFirst: boolean): void {
    const byName = Map.groupBy(found, ({ name }) => name);
    for (const [name, same] of byName) {
      requireOneEach(
        name,
        same.map(({ scraped }) => scraped),
      );
    }
    const faults: TelemetryError[] = [];
    for (const { side, name, scraped } of found) {
      const { key, scrapes } = scraped;
      const until = this.#readUntil.get(`${side} ${key}`) ?? -Infinity;
      const unread = scrapes.filter(({ atSeconds }) => atSeconds > until);
      const taken = isFirst ? unread.slice(-1) : unread;
      this.has[side] ||= scrapes.length > 0;
      this.#readUntil.set(`${side} ${key}`, Math.max(until, scrapes.at(-1)?.atSeconds ?? until));
      try {
        const readings = taken.map((scrape) => ({ key, name, seen: seenIn(this.family, name, scrape) }));
        this.#counts.take(side, readings);
      } catch (error) {
        if (!(error instanceof TelemetryError)) throw error;
        faults.push(error);
      }
    }
    if (faults[0] !== undefined) throw faults[0];
  }
}
