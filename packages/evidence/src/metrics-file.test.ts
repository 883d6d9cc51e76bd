import { readFileSync } from "node:fs";
import { Ajv2020 } from "ajv/dist/2020.js";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { EvidenceError } from "./error.ts";
import { verdict } from "./example.ts";
import {
  formatMetrics,
  type MetricsInput,
  metricsFile,
  metricsJsonSchema,
  readMetrics,
} from "./metrics-file.ts";

const evaluation: MetricsInput = {
  candidate: { f1: 0.412, "f1{carrier=UA}": 0.39, "latency.p95": 4.25 },
  baseline: { f1: 0.405 },
  verdicts: [verdict(), verdict({ observed: null, interval: null, verdict: "inconclusive", n: 0 })],
};
const at = Date.UTC(2026, 10, 22, 12, 0, 0);
const rollout: MetricsInput = {
  candidate: { error_rate: 0.001 },
  baseline: null,
  verdicts: [verdict({ gate: "error_rate <= 0.01", metric: "error_rate" })],
  steps: [
    {
      weightPercent: 10,
      from: at,
      to: at + 42_000,
      requests: { stable: 900, candidate: 100 },
      failures: { stable: 0, candidate: 1 },
      verdicts: [verdict({ interval: [0, Number.POSITIVE_INFINITY] })],
    },
  ],
};
const published = new URL("../../../docs/schemas/metrics.schema.json", import.meta.url);

function refusal(text: string): EvidenceError {
  try {
    readMetrics(text, "metrics.json");
  } catch (error) {
    if (error instanceof EvidenceError) return error;
    throw error;
  }
  throw new Error("it was accepted");
}

describe("the metrics file", () => {
  test.each([
    ["an evaluation", evaluation],
    ["a rollout", rollout],
  ])("of %s reads back to what was written", (_, input) => {
    const file = metricsFile(input);
    expect(readMetrics(formatMetrics(file), "metrics.json")).toEqual(file);
  });

  test("has times in UTC and open intervals as null", () => {
    const step = metricsFile(rollout).steps?.[0];
    expect(step).toMatchObject({
      weight: 10,
      from: "2026-11-22T12:00:00.000Z",
      to: "2026-11-22T12:00:42.000Z",
    });
    expect(step?.gates[0]?.interval).toEqual([0, null]);
  });

  test("leaves a metric out that could not be computed", () => {
    const { candidate } = metricsFile({ ...evaluation, candidate: { f1: Number.NaN, auc: 0.7 } });
    expect(candidate).toEqual({ auc: 0.7 });
  });

  test("may be written by hand with only what a baseline needs", () => {
    const text = '\ufeff{"schema": "ml-actions/metrics/v1", "candidate": {"f1": 0.41}}';
    expect(readMetrics(text, "x")).toEqual({
      schema: "ml-actions/metrics/v1",
      candidate: { f1: 0.41 },
      baseline: null,
      gates: [],
    });
  });
});

describe("a metrics file that is none", () => {
  test.each([
    ["", /metrics\.json is empty; expected a metrics file/],
    ["f1,0.4", /metrics\.json is not JSON that we read/],
    ['{"f1": 0.4}', /has no field schema; expected "ml-actions\/metrics\/v1"/],
    ['{"schema": "other\\n::error::x"}', /has schema "other\\n::error::x"/],
    ["[]", /has no field schema/],
  ])("%j is refused by name with a remedy", (text, message) => {
    expect(refusal(text).message).toMatch(message);
    expect(refusal(text).remedy).toMatch(/"candidate": \{"f1": 0\.41\}/);
  });

  test("is refused with every place at once", () => {
    const text = JSON.stringify({
      schema: "ml-actions/metrics/v1",
      candidate: { f1: "0.9", auc: null, "no such\nmetric": 1 },
      gates: [{ gate: "f1 >= 0", verdict: "yes" }],
    });
    const { message } = refusal(text);
    expect(message).toMatch(/candidate\.f1: .*it is "0\.9"/);
    expect(message).toMatch(/candidate\.auc: .*it is null/);
    expect(message).toMatch(/candidate\.no such metric/);
    expect(message).toMatch(/gates\[0\]\.verdict: .*it is "yes"/);
    expect(message.split("\n").every((line) => !line.startsWith("::"))).toBe(true);
  });

  test("cannot bring a __proto__", () => {
    const text = '{"schema":"ml-actions/metrics/v1","candidate":{"__proto__":{"f1":1}}}';
    expect(refusal(text).message).toMatch(/key __proto__ is not allowed/);
  });

  test("is always an EvidenceError, whatever the text", () => {
    const text = formatMetrics(metricsFile(rollout));
    const broken = fc
      .tuple(fc.nat(text.length), fc.nat(20), fc.string({ maxLength: 8 }))
      .map(([from, length, put]) => text.slice(0, from) + put + text.slice(from + length));
    fc.assert(
      fc.property(fc.oneof(broken, fc.json()), (any) => {
        try {
          readMetrics(any, "x");
        } catch (error) {
          expect(error).toBeInstanceOf(EvidenceError);
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe("the published JSON Schema", () => {
  const schema = JSON.parse(readFileSync(published, "utf8"));
  const validates = new Ajv2020({ formats: { "date-time": true } }).compile(schema);

  test("is the one that the code reads by (npm run generate writes it anew)", () => {
    expect(schema).toEqual(JSON.parse(JSON.stringify(metricsJsonSchema())));
  });

  test.each([
    ["an evaluation", evaluation],
    ["a rollout", rollout],
  ])("accepts what is written for %s", (_, input) => {
    expect(validates(JSON.parse(formatMetrics(metricsFile(input)))), JSON.stringify(validates.errors)).toBe(
      true,
    );
  });

  test("refuses what the reader refuses", () => {
    const spoilt = [
      { schema: "ml-actions/metrics/v2", candidate: {} },
      { schema: "ml-actions/metrics/v1" },
      { schema: "ml-actions/metrics/v1", candidate: { f1: "0.4" } },
      { schema: "ml-actions/metrics/v1", candidate: { "1f": 0.4 } },
      { schema: "ml-actions/metrics/v1", candidate: {}, gates: [{ gate: "f1 >= 0" }] },
    ];
    for (const value of spoilt) {
      expect(validates(value), JSON.stringify(value)).toBe(false);
      expect(() => readMetrics(JSON.stringify(value), "x")).toThrow(EvidenceError);
    }
  });
});
