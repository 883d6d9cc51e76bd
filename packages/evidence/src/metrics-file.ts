/**
 * The metrics file: what the actions write for machines, and what eval-gate takes as `baseline:`. Its published JSON
 * Schema is made from the schema here.
 */
import type { Verdict } from "@ml-actions/gates/types";
import { z } from "zod";
import { EvidenceError } from "./error.ts";
import { gateResult, gateResultOf, metricValues } from "./figures.ts";
import { parseJson, type Source, shown, validate } from "./read-json.ts";

export const metricsSchemaId = "ml-actions/metrics/v1";

const sides = z.object({ stable: z.int().nonnegative(), candidate: z.int().nonnegative() });

const step = z.object({
  weight: z.number().min(0).max(100).describe("The candidate's share of requests, in percent"),
  from: z.iso.datetime().describe("When the split was proven, UTC"),
  to: z.iso.datetime().describe("When this weight was left, UTC"),
  requests: sides.describe("Requests within this step"),
  failures: sides.describe("Requests within this step that the user saw fail"),
  gates: z.array(gateResult),
});

export const metricsSchema = z
  .object({
    schema: z.literal(metricsSchemaId),
    candidate: metricValues,
    baseline: metricValues.nullable().default(null).describe("null: there was nothing to compare with"),
    gates: z.array(gateResult).default([]),
    steps: z.array(step).optional().describe("Only of a rollout: its weights in order"),
  })
  .meta({ title: "ml-actions metrics file" });

export type MetricsFile = z.output<typeof metricsSchema>;

export interface MetricsInput {
  candidate: Readonly<Record<string, number>>;
  baseline: Readonly<Record<string, number>> | null;
  verdicts: readonly Verdict[];
  /** Of a rollout. Times in milliseconds since 1970. */
  steps?: readonly MetricsStep[];
}

export interface MetricsStep {
  weightPercent: number;
  from: number;
  to: number;
  requests: { stable: number; candidate: number };
  failures: { stable: number; candidate: number };
  verdicts: readonly Verdict[];
}

/**
 * Metrics that are not finite are left out: a file never says NaN, and a missing value is never read as zero.
 *
 * @throws EvidenceError `invalid-result` for anything else that the schema does not allow.
 */
export function metricsFile({ candidate, baseline, verdicts, steps }: MetricsInput): MetricsFile {
  const file = {
    schema: metricsSchemaId,
    candidate: finiteOnly(candidate),
    baseline: baseline === null ? null : finiteOnly(baseline),
    gates: verdicts.map(gateResultOf),
    ...(steps === undefined ? {} : { steps: steps.map(stepOf) }),
  };
  const source = {
    place: "The result",
    expected: "fit for a metrics file",
    remedy: "This is a bug: please report it.",
  };
  return validate(metricsSchema, file, source, "invalid-result");
}

/** The text of the file: two spaces, a newline at the end, keys in the order of the documentation. */
export function formatMetrics(file: MetricsFile): string {
  return `${JSON.stringify(file, null, 2)}\n`;
}

/**
 * Reads a metrics file from outside.
 *
 * @param place how to name it in an error: its path.
 * @throws EvidenceError `not-json`, `wrong-schema` or `malformed`, naming every place (ten at most).
 */
export function readMetrics(text: string, place: string): MetricsFile {
  const source: Source = {
    place,
    expected: "a metrics file",
    remedy: `Give the metrics file that eval-gate wrote (output "metrics"), or write {"schema": "${metricsSchemaId}", "candidate": {"f1": 0.41}}.`,
  };
  const value = parseJson(text, source);
  const schema = typeof value === "object" && value !== null && "schema" in value ? value.schema : undefined;
  if (schema !== metricsSchemaId) {
    const has =
      schema === undefined ? "has no field schema" : `has schema ${shown(JSON.stringify(schema), 80)}`;
    throw new EvidenceError(
      "wrong-schema",
      `${shown(place)} ${has}; expected "${metricsSchemaId}".`,
      source.remedy,
    );
  }
  return validate(metricsSchema, value, source);
}

/** The published JSON Schema (draft 2020-12) of what is written and read. */
export function metricsJsonSchema(): Record<string, unknown> {
  return { ...z.toJSONSchema(metricsSchema, { io: "input" }) };
}

function finiteOnly(metrics: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(metrics).filter(([, value]) => Number.isFinite(value)));
}

function stepOf({ weightPercent, from, to, requests, failures, verdicts }: MetricsStep) {
  return {
    weight: weightPercent,
    from: isoTime(from),
    to: isoTime(to),
    requests,
    failures,
    gates: verdicts.map(gateResultOf),
  };
}

/** ISO 8601 in UTC. Text that is no time for what Date cannot hold: the schema then names the place. */
export function isoTime(at: number): string {
  const date = new Date(at);
  return Number.isNaN(date.getTime()) ? String(at) : date.toISOString();
}
