/** Raw series as what they were once: pages, scraped from somebody at a moment. */
import { listed, TelemetryError } from "../error.ts";
import type { Sample } from "../exposition.ts";
import { type Family, readFamily } from "../family.ts";
import type { Seen } from "../process-counts.ts";
import { at } from "../rollout-counts.ts";
import { processStart } from "../series-table.ts";
import type { Series } from "./answer.ts";

export interface Scrape {
  atSeconds: number;
  samples: readonly Sample[];
}

/** Whoever was scraped, by the labels that Prometheus gave it. */
export interface Scraped {
  key: string;
  labels: ReadonlyMap<string, string>;
  /** Oldest first. */
  scrapes: readonly Scrape[];
}

/** All samples of one scrape carry its time, so what has the same labels of the target and the same time was one page. */
export function scrapedFrom(family: Family, series: readonly Series[]): Scraped[] {
  const found = new Map<string, { labels: Map<string, string>; pages: Map<number, Sample[]> }>();
  for (const { labels, samples } of series) {
    const name = labels.get("__name__") ?? "";
    const target = new Map([...labels].filter(([label]) => label !== "__name__" && !family.own.test(label)));
    const key = JSON.stringify([...target].sort(([left], [right]) => (left < right ? -1 : 1)));
    const one = found.get(key) ?? { labels: target, pages: new Map<number, Sample[]>() };
    found.set(key, one);
    for (const { atSeconds, value } of samples) {
      const page = one.pages.get(atSeconds) ?? [];
      one.pages.set(atSeconds, page);
      page.push({ name, labels, value });
    }
  }
  return [...found].map(([key, { labels, pages }]) => ({
    key,
    labels,
    scrapes: [...pages]
      .sort(([left], [right]) => left - right)
      .map(([atSeconds, samples]) => ({ atSeconds, samples })),
  }));
}

/** @throws TelemetryError with the name of whoever was scraped */
export function seenIn(family: Family, name: string, { samples }: Scrape): Seen {
  try {
    const started = samples.find((sample) => sample.name === processStart)?.value;
    const process = started !== undefined && Number.isFinite(started) ? started : null;
    return { process, counts: readFamily(family, samples) };
  } catch (error) {
    throw at(name, error);
  }
}

/** The same pod twice at one time would be counted twice.
 * @throws TelemetryError `ambiguous`, with the labels that differ */
export function requireOneEach(what: string, scraped: readonly Scraped[]): void {
  const sorted = scraped
    .filter(({ scrapes }) => scrapes.length > 0)
    .sort((left, right) => startOf(left) - startOf(right));
  for (const [index, one] of sorted.entries()) {
    const before = sorted[index - 1];
    if (before === undefined || (before.scrapes.at(-1)?.atSeconds ?? 0) < startOf(one)) continue;
    const differing = differingLabels(sorted.map(({ labels }) => labels));
    throw new TelemetryError(
      "ambiguous",
      `${what} is in Prometheus as ${sorted.length} targets, which differ in ${listed(differing, 6)}.`,
      "Have it scraped once, or name the counts by `queries`.",
    );
  }
}

function startOf({ scrapes }: Scraped): number {
  return scrapes[0]?.atSeconds ?? 0;
}

/** Labels that are not the same in all. */
export function differingLabels(all: readonly ReadonlyMap<string, string>[]): string[] {
  const names = new Set(all.flatMap((labels) => [...labels.keys()]));
  return [...names].filter((name) => new Set(all.map((labels) => labels.get(name))).size > 1).sort();
}
