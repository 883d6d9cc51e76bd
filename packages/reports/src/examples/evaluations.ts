/** Examples of what eval-gate and shadow have to report. */
import type { Verdict } from "@ml-actions/gates/types";
import type { EvaluationReportInput, NamedRelease, RunFacts } from "../inputs.ts";

export const startedAt = Date.UTC(2026, 10, 22, 12, 0, 0);

export const run: RunFacts = {
  url: "https://github.com/example/flights/actions/runs/4711",
  tool: "ml-actions 0.1.0",
  startedAt,
  finishedAt: startedAt + 8_400,
  configuration: `sha256:${"c".repeat(64)}`,
};

export const flights = (version: string): NamedRelease => ({
  label: `flights-${version}`,
  digest: `sha256:${version.charCodeAt(0).toString(16).padStart(2, "0").repeat(32)}`,
});

/** The same, deployed from an image whose evidence was verified a day before. */
export const flightsImage = (version: string): NamedRelease => ({
  ...flights(version),
  image: `ghcr.io/example/flights@${flights(version).digest}`,
  verified: { at: startedAt - 86_460_000 },
});

export function verdict(changes: Partial<Verdict> & Pick<Verdict, "gate">): Verdict {
  return {
    metric: changes.gate.split(/\s*[<>]/, 1)[0] ?? "",
    verdict: "pass",
    rule: "estimate",
    observed: 0.412,
    baseline: 0.405,
    bound: 0.385,
    interval: [0.399, 0.425],
    n: 20_000,
    reason: "0.412 is at least 0.385.",
    ...changes,
  };
}

const carriers = ["UA", "B6", "EV", "DL", "AA", "MQ", "US", "9E", "WN", "VX", "FL", "AS"];

/** One gate on every carrier; `worse` of them fail. */
export function carrierGates(worse: number): Verdict[] {
  return carriers.map((carrier, index) => {
    const observed = 0.45 - index * 0.012 - (index < worse ? 0.09 : 0);
    const width = 0.02 + index * 0.006;
    const [baseline, bound] = [
      observed + (index < worse ? 0.07 : -0.01),
      observed + (index < worse ? 0.02 : -0.06),
    ];
    const small = index === carriers.length - 1;
    return verdict({
      gate: `f1{carrier=${carrier}} >= baseline - 0.05`,
      verdict: index < worse ? "fail" : small ? "inconclusive" : "pass",
      observed,
      baseline,
      bound,
      interval: [observed - width, observed + width],
      n: Math.round(4000 / (index + 1)),
      reason:
        index < worse
          ? `${observed.toFixed(3)} is below ${bound.toFixed(3)}.`
          : `${observed.toFixed(3)} is at least ${bound.toFixed(3)}.`,
      ...(small ? { settle: "need 1,546 rows, have 333" } : {}),
    });
  });
}

/** 200 stations against one bound; every tenth has too few rows to be judged. */
export function stationGates(): Verdict[] {
  return Array.from({ length: 200 }, (_, index) => {
    const observed = 0.72 - 0.3 * Math.abs(Math.sin(index * 12.9898)) ** 6;
    const n = 40 + ((index * 7919) % 900);
    const width = 1.2 / Math.sqrt(n);
    const small = index % 10 === 3;
    const failed = observed + width < 0.6;
    const name = small || observed < 0.62 ? "inconclusive" : "pass";
    return verdict({
      gate: `auc{station=S${String(index).padStart(3, "0")}} >= 0.6`,
      rule: "refute",
      verdict: failed && !small ? "fail" : name,
      observed: small ? null : observed,
      baseline: null,
      bound: 0.6,
      interval: small ? null : [observed - width, Math.min(1, observed + width)],
      n: small ? 11 : n,
      ...(small ? { unjudged: true as const } : {}),
      reason: small
        ? "11 rows are fewer than the 30 that a slice needs."
        : failed
          ? `${observed.toFixed(3)} is below 0.6.`
          : `${observed.toFixed(3)} with ${n} rows.`,
    });
  });
}

export const evaluationPass: EvaluationReportInput = {
  candidate: flights("2"),
  baseline: flights("1"),
  dataset: {
    name: "dataset_v20131231.parquet",
    version: "20131231",
    rows: 20_000,
    digest: `sha256:${"d".repeat(64)}`,
  },
  task: "binary",
  rule: "estimate",
  confidence: 0.95,
  verdicts: [
    verdict({ gate: "f1 >= baseline - 0.02" }),
    verdict({
      gate: "auc >= 0.65",
      observed: 0.691,
      baseline: 0.678,
      bound: 0.65,
      interval: [0.684, 0.698],
      reason: "0.691 is at least 0.65.",
    }),
    verdict({
      gate: "latency.p95 <= 50ms",
      observed: 3.82,
      baseline: 3.11,
      bound: 50,
      interval: [3.7, 4.05],
      n: 500,
      reason: "3.82 ms is at most 50 ms.",
    }),
    verdict({
      gate: "nan_rate <= 0.001",
      observed: 0,
      baseline: 0,
      bound: 0.001,
      interval: [0, 0.00015],
      reason: "0 % is at most 0.1 %.",
    }),
  ],
  power: ["f1: this sample can prove a drop of 0.013 or more; 33,800 rows would prove 0.01."],
  metrics: {
    candidate: {
      f1: 0.412,
      "f1{origin=EWR}": 0.441,
      "f1{origin=JFK}": 0.402,
      "f1{origin=LGA}": 0.371,
      auc: 0.691,
      accuracy: 0.742,
      precision: 0.391,
      recall: 0.436,
      brier: 0.166,
      ece: 0.021,
      ece_mass: 0.019,
      "latency.p95": 3.82,
      nan_rate: 0,
    },
    baseline: {
      f1: 0.405,
      "f1{origin=EWR}": 0.43,
      "f1{origin=JFK}": 0.391,
      "f1{origin=LGA}": 0.377,
      auc: 0.678,
      accuracy: 0.739,
      precision: 0.383,
      recall: 0.43,
      brier: 0.168,
      ece: 0.027,
      ece_mass: 0.024,
      "latency.p95": 3.11,
      nan_rate: 0,
    },
  },
  comparison: { auc: { difference: 0.013, interval: [0.008, 0.018] } },
  notes: ["Contract: 2 optional features were added (wind_gust, pressure); callers need not change."],
  run,
};

export const evaluationFail: EvaluationReportInput = {
  ...evaluationPass,
  candidate: flights("bad"),
  verdicts: [
    verdict({
      gate: "f1 >= baseline - 0.02",
      verdict: "fail",
      observed: 0.318,
      interval: [0.305, 0.331],
      reason: "0.318 is below 0.385: 0.067 less than allowed.",
    }),
    ...evaluationPass.verdicts.slice(1, 3),
    ...carrierGates(3),
  ],
  comparison: { auc: { difference: -0.058, interval: [-0.064, -0.052] } },
  notes: [],
};
