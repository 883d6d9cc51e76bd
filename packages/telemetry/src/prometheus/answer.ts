/** What Prometheus' HTTP API answers: https://prometheus.io/docs/prometheus/latest/querying/api/ */
import { z } from "zod";
import { quoted, TelemetryError } from "../error.ts";
import { numberOf } from "../exposition.ts";
import type { Prometheus } from "./reach.ts";

/** One series with its samples, oldest first; of an instant vector, one. */
export interface Series {
  labels: ReadonlyMap<string, string>;
  samples: readonly { atSeconds: number; value: number }[];
}

const pair = z.tuple([z.number(), z.string()]);
const labels = z.record(z.string(), z.string());
const answerSchema = z.object({
  status: z.enum(["success", "error"]),
  errorType: z.string().optional(),
  error: z.string().optional(),
  warnings: z.array(z.string()).optional(),
  data: z
    .discriminatedUnion("resultType", [
      z.object({
        resultType: z.literal("vector"),
        result: z.array(z.object({ metric: labels, value: pair.optional() })),
      }),
      z.object({
        resultType: z.literal("matrix"),
        result: z.array(z.object({ metric: labels, values: z.array(pair).optional() })),
      }),
      z.object({ resultType: z.literal("scalar"), result: pair }),
      z.object({ resultType: z.literal("string"), result: pair }),
    ])
    .optional(),
});

/** @throws TelemetryError `outage`: it does not answer, refuses, or says that it lacks a part of its data;
 * `ambiguous`: native histograms, which have no buckets of fixed bounds; `not-a-number` */
export async function ask(prometheus: Prometheus, promql: string): Promise<Series[]> {
  const outage = (what: string, remedy = "") =>
    new TelemetryError("outage", `Prometheus (${prometheus.name}) ${what}`, remedy);
  let answer: Awaited<ReturnType<Prometheus["query"]>>;
  try {
    answer = await prometheus.query(promql);
  } catch (error) {
    throw outage(`did not answer: ${quoted((error as Error).message)}.`);
  }
  const { status, text } = answer;
  const parsed = answerSchema.safeParse(jsonOf(text));
  if (status === 401 || status === 403) {
    throw outage(`refuses us (${status}).`, "Check the token, or the right to reach it.");
  }
  if (!parsed.success) {
    throw outage(`answered ${status} with something else than its API does: "${quoted(text)}".`);
  }
  const { data, error, errorType, warnings = [] } = parsed.data;
  if (status !== 200 || parsed.data.status === "error" || data === undefined) {
    throw outage(`refuses the query (${errorType ?? status}): ${quoted(error ?? "no reason given", 400)}`);
  }
  // Annotations about the query begin so; all else says that a part of the data could not be had.
  const lacking = warnings.find((warning) => !/^PromQL (info|warning)/.test(warning));
  if (lacking !== undefined) throw outage(`lacks a part of its data: ${quoted(lacking)}`);
  return seriesOf(data);
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function seriesOf(data: NonNullable<z.infer<typeof answerSchema>["data"]>): Series[] {
  if (data.resultType === "scalar" || data.resultType === "string") {
    return [{ labels: new Map(), samples: [sampleOf(data.result)] }];
  }
  return data.result.map((one): Series => {
    const pairs =
      "values" in one ? one.values : "value" in one && one.value !== undefined ? [one.value] : undefined;
    if (pairs === undefined) {
      throw new TelemetryError(
        "ambiguous",
        `${quoted(one.metric.__name__ ?? "a result")} is a native histogram, without buckets of fixed bounds.`,
        "Have it scraped as a classic histogram too (`always_scrape_classic_histograms`).",
      );
    }
    return { labels: new Map(Object.entries(one.metric)), samples: pairs.map(sampleOf) };
  });
}

function sampleOf([atSeconds, text]: readonly [number, string]): { atSeconds: number; value: number } {
  const value = numberOf(text);
  if (value !== null) return { atSeconds, value };
  throw new TelemetryError("not-a-number", `Prometheus gave the value "${quoted(text)}".`, "");
}
