/** Shapes that the metrics file and the statement share. */
import type { Verdict } from "@ml-actions/gates/types";
import { z } from "zod";

/** As in the gate language, with or without a slice: `latency.p95`, `f1{carrier=UA}`. It also keeps `__proto__` out. */
const metricName = z
  .string()
  .max(1000)
  .regex(/^[A-Za-z][A-Za-z0-9_.@-]*(\{.+\})?$/u, "expected a metric's name such as f1 or f1{carrier=UA}")
  .describe("A metric as the gate language has it, with or without a slice: f1, latency.p95, f1{carrier=UA}");

/** Infinity and NaN are not JSON; a value that could not be had is left out. */
export const metricValues = z
  .record(metricName, z.number())
  .describe("Value of each metric, in the metric's unit");

export const digestText = z
  .string()
  .regex(/^sha256:[0-9a-f]{64}$/, "expected sha256: and 64 lower-case hexadecimal digits");

const bounded = z.number().nullable();

/** What one gate came to, as files have it. */
export const gateResult = z.object({
  gate: z.string().min(1).max(5000).describe("The gate as written, its slice filled in"),
  verdict: z.enum(["pass", "fail", "inconclusive"]),
  observed: bounded.describe("The candidate's value; null when it could not be had"),
  baseline: bounded.describe("The baseline's value; null without one"),
  bound: bounded.describe("The bound as a number in the metric's unit, after the baseline was filled in"),
  interval: z
    .tuple([z.number().nullable(), z.number().nullable()])
    .nullable()
    .describe("Confidence interval [low, high] on the metric's own scale; an end is null where it is open"),
  n: z
    .int()
    .nonnegative()
    .describe("Rows or requests that the verdict rests on: the smaller side of a comparison"),
  reason: z.string().max(10_000).describe("One sentence for a person"),
  unjudged: z
    .literal(true)
    .optional()
    .describe("A value found by {column=*} with too few rows to judge: left out of the overall verdict"),
});

export type GateResult = z.output<typeof gateResult>;

/** Drops what files do not carry; ends of an interval that are infinite become null (open). */
export function gateResultOf(verdict: Verdict): GateResult {
  const end = (value: number) => (value === Infinity || value === -Infinity ? null : value);
  const { gate, verdict: name, observed, baseline, bound, interval, n, reason } = verdict;
  return {
    gate,
    verdict: name,
    observed,
    baseline,
    bound,
    interval: interval === null ? null : [end(interval[0]), end(interval[1])],
    n,
    reason: reason.slice(0, 10_000).toWellFormed(),
    ...(verdict.unjudged === true ? { unjudged: true } : {}),
  };
}
