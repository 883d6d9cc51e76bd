/** How many requests pods have counted until now, whatever became of them: who answers can be told by that where answers
 * do not name their server. */
import type { Api } from "@ml-actions/cluster/types";
import type { Page } from "./exposition.ts";
import { total } from "./family.ts";
import { type CountedPod, scrape } from "./scrape.ts";
import { pathLabels, processStart, requestCounters } from "./series-table.ts";

/** One pod's own. */
export interface RequestCount {
  pod: CountedPod;
  /** `process_start_time_seconds`; null: it does not say. */
  process: number | null;
  /** By the name of what counts: requests, but those to paths of probes. Those that count nothing yet are here with 0. */
  requests: ReadonlyMap<string, number>;
  /** Names of those that do not say which path was asked for: probes are among what they count. */
  pathless: ReadonlySet<string>;
}

const wanted = new Set([
  ...requestCounters.flatMap(({ requests }) => requests.map(({ series }) => series)),
  processStart,
]);
const answerWithinMs = 4_000;
const askedAtOnce = 16;

/**
 * The counts of each pod, or the reason of the first that gives none: of a share of some pods nobody can tell the share
 * of all.
 *
 * @param probePath a path that the kubelet asks for: requests to it are not counted
 */
export async function requestCounts(
  api: Pick<Api, "proxy">,
  pods: readonly CountedPod[],
  probePath: string,
): Promise<RequestCount[] | string> {
  const waiting = [...pods];
  const found: RequestCount[] = [];
  let fault: string | null = null;
  const next = async () => {
    for (let pod = waiting.shift(); pod !== undefined && fault === null; pod = waiting.shift()) {
      const { page, fault: why } = await scrape(api, pod, wanted, answerWithinMs);
      try {
        if (page === null) throw why;
        found.push(countOf(pod, page, probePath));
      } catch (error) {
        fault = `pod ${pod.name} gives no counts: ${(error as Error).message}`;
      }
    }
  };
  await Promise.all(Array.from({ length: askedAtOnce }, next));
  return fault ?? found;
}

/** @throws TelemetryError `not-a-number` */
function countOf(pod: CountedPod, { samples, declared }: Page, probePath: string): RequestCount {
  const asked = samples.filter(({ labels }) => !pathLabels.some((label) => labels.get(label) === probePath));
  const requests = new Map<string, number>();
  const pathless = new Set<string>();
  for (const { name, requests: parts } of requestCounters) {
    const names = new Set(parts.map(({ series }) => series));
    const own = samples.filter((sample) => names.has(sample.name));
    const isDeclared = [...names].some(
      (series) => declared.has(series) || declared.has(series.replace(/_(count|total)$/, "")),
    );
    if (own.length === 0 && !isDeclared) continue;
    requests.set(name, total(parts, asked));
    if (own.some(({ labels }) => !pathLabels.some((label) => labels.has(label)))) pathless.add(name);
  }
  const started = samples.find(({ name }) => name === processStart)?.value;
  return {
    pod,
    process: started !== undefined && Number.isFinite(started) ? started : null,
    requests,
    pathless,
  };
}
