/** Examples of what shadow has to report. */
import type { ShadowReportInput } from "../inputs.ts";
import { flights, run, startedAt, verdict } from "./evaluations.ts";

export const shadowInconclusive: ShadowReportInput = {
  mode: "mirror",
  target: "local",
  resource: "flights",
  stable: flights("1"),
  candidate: flights("2"),
  requests: { sent: 742, compared: 740, labelled: 612 },
  minimumSamples: 1000,
  coverage: { eligible: 760, compared: 740, duplicates: 3, late: 41, unlabelled: 128, minimum: 0.9 },
  failures: { stable: 0, candidate: 1 },
  nan: { stable: 0, candidate: 0 },
  latency: {
    stable: { p50Ms: 2.1, p95Ms: 3.6, p99Ms: 5.2 },
    candidate: { p50Ms: 2.3, p95Ms: 3.9, p99Ms: 6.1 },
  },
  task: "binary",
  rule: "prove",
  confidence: 0.95,
  verdicts: [
    verdict({
      gate: "auc >= baseline - 0.01",
      rule: "prove",
      verdict: "inconclusive",
      observed: 0.688,
      baseline: 0.681,
      bound: 0.671,
      interval: [0.642, 0.734],
      n: 612,
      reason: "0.688 is above 0.671, but 612 rows cannot prove it.",
      settle: "need 4,120 labelled rows, have 612",
    }),
    verdict({
      gate: "nan_rate <= 0.001",
      observed: 0,
      baseline: 0,
      bound: 0.001,
      interval: [0, 0.004],
      n: 740,
      reason: "no NaN in 740 answers.",
    }),
  ],
  power: ["auc: this sample can prove a drop of 0.046 or more."],
  metrics: {
    candidate: { auc: 0.688, f1: 0.401, agreement: 0.962, score_drift: 0.041 },
    baseline: { auc: 0.681, f1: 0.397 },
  },
  notes: [],
  run: { ...run, finishedAt: startedAt + 600_000 },
};

/** Recorded requests, replayed in three versions of the contract. */
export const shadowReplay: ShadowReportInput = {
  ...shadowInconclusive,
  mode: "replay",
  rule: "refute",
  requests: { sent: 600, compared: 400, labelled: 0 },
  minimumSamples: 100,
  coverage: { eligible: 600, compared: 400, duplicates: 0, late: 0, unlabelled: 400, minimum: 0.9 },
  contract: {
    versions: [
      { version: "2013-01", requests: 200, differing: 0, fields: [] },
      {
        version: "2013-06",
        requests: 200,
        differing: 14,
        fields: [
          { field: "predictions[0]", differing: 14, example: "stable 0.3121, candidate 0.3348" },
          { field: "model.name", differing: 2, example: null },
        ],
      },
      {
        version: "2013-12",
        requests: 0,
        differing: 0,
        fields: [],
      },
    ],
  },
  verdicts: [
    verdict({
      gate: "agreement >= 0.95",
      rule: "refute",
      verdict: "inconclusive",
      observed: 0.962,
      baseline: null,
      bound: 0.95,
      interval: [0.941, 0.978],
      n: 400,
      reason: "coverage is 66.7 %, below the 90 % asked for.",
    }),
  ],
  power: [],
  notes: [],
};
