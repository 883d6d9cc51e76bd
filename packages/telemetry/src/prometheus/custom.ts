/** Counts by PromQL of the reader's own. */
import type { Observation, SideCounts } from "@ml-actions/gates/types";
import { listed, TelemetryError } from "../error.ts";
import { histogramOf, inMs, wholeCount } from "../family.ts";
import type { Watch } from "../looks.ts";
import { at, RolloutCounts, type SideName, sideNames } from "../rollout-counts.ts";
import { ask, type Series } from "./answer.ts";
import { type SideNames, type Sides, sidesOf } from "./family-watch.ts";
import { fill, type Queries, type QueryName, queryNames } from "./queries.ts";
import type { Prometheus } from "./reach.ts";
import { differingLabels } from "./scrapes.ts";

export interface QueryWatchOptions {
  prometheus: Prometheus;
  sides: () => Promise<Sides>;
  queries: Queries;
  releases: Record<SideName, string>;
  note?: (message: string) => void;
  /** Hears once whose counts they are. */
  say?: (message: string) => void;
}

/** The label by which one answer holds all queries: so they are evaluated at one moment. */
const part = "ml_actions_part";

/** One rollout's looks by queries. What they gave at the first look is the zero. */
export class QueryWatch implements Watch {
  readonly #options: QueryWatchOptions;
  readonly #counts: RolloutCounts;
  #isFirst = true;

  constructor(options: QueryWatchOptions, now: () => number) {
    this.#options = options;
    this.#counts = new RolloutCounts(sideNames, now(), options.note ?? (() => {}));
  }

  async look(startedAt: number): Promise<Observation> {
    const { prometheus, queries } = this.#options;
    const asked = this.#fill(await sidesOf(this.#options));
    const answers = await this.#ask(asked);
    for (const side of sideNames) {
      const counts = readSide(side, answers, queries);
      // Sums have no process that could be another.
      const seen = { process: 0, counts };
      try {
        this.#counts.take(side, [{ key: side, name: side, seen }]);
      } catch (error) {
        throw sumFell(side, error);
      }
    }
    if (this.#isFirst) this.#options.say?.(`counts are those of your queries, from ${prometheus.name}`);
    this.#isFirst = false;
    return this.#counts.observation(startedAt);
  }

  #fill(sides: Sides): Map<string, string> {
    const { queries, releases } = this.#options;
    const asked = new Map<string, string>();
    for (const side of sideNames) {
      requirePods(side, sides[side], queries);
      const { namespace, workload, pods } = sides[side];
      for (const [name, text] of Object.entries(queries.texts)) {
        asked.set(`${side} ${name}`, fill(text, { namespace, workload, pods, release: releases[side] }));
      }
    }
    return asked;
  }

  /** All at one moment; where that is refused, each alone, so that the message names the one that is at fault. */
  async #ask(asked: ReadonlyMap<string, string>): Promise<Map<string, Series[]>> {
    const { prometheus } = this.#options;
    // A line end behind each, which may end in a comment.
    const parts = [...asked].map(([key, text]) => `label_replace((${text}\n),"${part}","${key}","","")`);
    try {
      const all = await ask(prometheus, parts.join(" or "));
      return Map.groupBy(all, ({ labels }) => labels.get(part) ?? "");
    } catch (error) {
      for (const [index, key] of [...asked.keys()].entries()) {
        await ask(prometheus, parts[index] ?? "").catch((fault) => {
          throw at(key, fault);
        });
      }
      throw error;
    }
  }
}

/** A pattern of no pods would match series without a pod.
 * @throws TelemetryError */
function requirePods(side: SideName, { pods }: SideNames, { texts }: Queries): void {
  if (pods.length > 0 || !Object.values(texts).some((text) => /\{\{\s*pods\s*\}\}/.test(text))) return;
  throw new TelemetryError(side === "stable" ? "outage" : "no-traffic", `No pod of ${side} serves.`, "");
}

function readSide(
  side: SideName,
  answers: ReadonlyMap<string, Series[]>,
  { texts, unit }: Queries,
): SideCounts {
  const number = (name: QueryName) => {
    const found = onlyOne(side, name, answers.get(`${side} ${name}`) ?? []);
    return wholeNumber(side, name, found);
  };
  const buckets = (name: "latency" | "scores") =>
    name in texts ? histogram(side, name, answers.get(`${side} ${name}`) ?? []) : null;
  const latency = buckets("latency");
  try {
    return {
      requests: number("requests"),
      errors: number("errors"),
      nan: "nan" in texts ? number("nan") : null,
      latency: latency && inMs({ series: texts.latency ?? "", unit }, latency),
      scores: buckets("scores"),
    };
  } catch (error) {
    throw error instanceof TelemetryError ? error : at(side, error);
  }
}

function nothingCame(side: SideName, name: QueryName): TelemetryError {
  return new TelemetryError(
    "outage",
    `The query ${name} came back empty for ${side}.`,
    queryNames[name] === "number"
      ? "Check its names and labels; where its series begin with their first event, add `or vector(0)`."
      : "Check its names and labels.",
  );
}

function severalCame(
  side: SideName,
  name: QueryName,
  series: readonly Series[],
  but: string,
): TelemetryError {
  const labels = series.map((one) => new Map([...one.labels].filter(([label]) => label !== but)));
  return new TelemetryError(
    "ambiguous",
    `The query ${name} gave ${series.length} series for ${side}, which differ in ${listed(differingLabels(labels), 6) || "nothing"}.`,
    but === "le" ? "Add them up: sum by (le) (…)." : "Add them up: sum(…).",
  );
}

function onlyOne(side: SideName, name: QueryName, series: readonly Series[]): Series {
  const [only] = series;
  if (only === undefined) throw nothingCame(side, name);
  if (series.length > 1) throw severalCame(side, name, series, part);
  return only;
}

function wholeNumber(side: SideName, name: QueryName, { samples }: Series): number {
  const value = samples.at(-1)?.value ?? Number.NaN;
  try {
    return wholeCount({ name: `the query ${name} of ${side}`, value });
  } catch (error) {
    if (!(error instanceof TelemetryError)) throw error;
    const remedy = "Ask for sums of counters themselves; `rate` and `increase` estimate.";
    throw new TelemetryError("not-a-number", error.message, Number.isFinite(value) ? remedy : "");
  }
}

function histogram(side: SideName, name: QueryName, series: readonly Series[]) {
  if (series.length === 0) throw nothingCame(side, name);
  const buckets = new Map<number, { upTo: number; series: number }>();
  for (const one of series) {
    const le = one.labels.get("le") ?? "";
    const bound = le === "+Inf" ? Infinity : le === "" ? Number.NaN : Number(le);
    if (Number.isNaN(bound) || buckets.has(bound)) throw severalCame(side, name, series, "le");
    buckets.set(bound, { upTo: wholeNumber(side, name, one), series: 1 });
  }
  try {
    return histogramOf(`the query ${name}`, buckets);
  } catch (error) {
    throw at(side, error);
  }
}

/** Of a sum that fell nothing can be said but that a part of it is gone. */
function sumFell(side: SideName, error: unknown): unknown {
  if (!(error instanceof TelemetryError) || error.code !== "ambiguous") return error;
  return new TelemetryError(
    "ambiguous",
    `A count of ${side} is lower than before, or has other buckets: a series that it adds up is gone. What was counted since the last look is left out.`,
    "",
    { cause: error },
  );
}
