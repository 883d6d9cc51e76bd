/** Examples of what drift has to report. */
import type { FeatureDrift } from "@ml-actions/gates/drift/types";
import type { DriftReportInput } from "../inputs.ts";
import { run, verdict } from "./evaluations.ts";
import { random } from "./rows.ts";

const rows = { reference: 165_081, current: 28_312 };

function feature(changes: Partial<FeatureDrift> & Pick<FeatureDrift, "feature">): FeatureDrift {
  return {
    kind: "numeric",
    rows,
    missing: { reference: 0, current: 0 },
    unseen: { rows: 0, names: [] },
    psi: 0.004,
    kl: 0.002,
    js: 0.031,
    chi2: 214.2,
    ks: 0.018,
    wasserstein: 0.72,
    p: 0.2,
    pAdjusted: 0.41,
    test: "chi-square",
    bins: bins(
      ["[0, 8)", "[8, 13)", "[13, 16)", "[16, 19)", "[19, 24)"],
      [20, 21, 19, 20, 20],
      [21, 20, 19, 20, 20],
    ),
    importance: null,
    drifted: false,
    notes: [],
    ...changes,
  };
}

/** From percentages. */
function bins(labels: readonly string[], reference: readonly number[], current: readonly number[]) {
  return labels.map((label, index) => ({
    label,
    reference: Math.round((rows.reference * (reference[index] ?? 0)) / 100),
    current: Math.round((rows.current * (current[index] ?? 0)) / 100),
  }));
}

const temperatures = [
  "< 32.0",
  "[32.0, 37.9)",
  "[37.9, 42.1)",
  "[42.1, 48.0)",
  "[48.0, 55.0)",
  "[55.0, 61.0)",
  "[61.0, 66.9)",
  "[66.9, 73.0)",
  "[73.0, 78.1)",
  "≥ 78.1",
  "missing",
];

export const driftFail: DriftReportInput = {
  reference: {
    name: "flights-2013-01-06.profile.json",
    digest: `sha256:${"a".repeat(64)}`,
    rows: rows.reference,
  },
  current: { name: "flights-2013-07.parquet", digest: `sha256:${"b".repeat(64)}`, rows: rows.current },
  confidence: 0.95,
  gates: [
    verdict({
      gate: "psi <= 0.2",
      rule: "refute",
      verdict: "fail",
      observed: 2.914,
      baseline: null,
      bound: 0.2,
      interval: null,
      n: rows.current,
      reason: "2 of 16 features drifted: temp (PSI 2.91, p < 0.0001), carrier (0.274, p < 0.0001).",
    }),
    verdict({
      gate: "missing_rate{feature=wind_gust} <= 0.9",
      rule: "refute",
      observed: 0.778,
      baseline: null,
      bound: 0.9,
      interval: [0.773, 0.783],
      n: rows.current,
      reason: "77.8 % is at most 90 %.",
    }),
    verdict({
      gate: "estimated_f1 >= 0.35",
      rule: "refute",
      observed: 0.381,
      baseline: null,
      bound: 0.35,
      interval: [0.364, 0.398],
      n: rows.current,
      reason: "0.381 is at least 0.35.",
    }),
  ],
  features: [
    feature({
      feature: "temp",
      psi: 2.914,
      kl: 1.32,
      js: 0.52,
      ks: 0.681,
      wasserstein: 28.1,
      chi2: 91_022,
      p: 0,
      pAdjusted: 0,
      drifted: true,
      importance: 0.11,
      bins: bins(
        temperatures,
        [10, 10, 10, 10, 10, 10, 10, 10, 10, 9.9, 0.1],
        [0, 0, 0, 0, 0.1, 0.9, 6.2, 22.1, 30.4, 40.1, 0.2],
      ),
      notes: ["quantile bins of the reference"],
    }),
    feature({
      feature: "carrier",
      kind: "categorical",
      psi: 0.274,
      kl: 0.12,
      ks: null,
      wasserstein: null,
      p: 1e-40,
      pAdjusted: 9e-40,
      drifted: true,
      importance: 0.09,
      unseen: {
        rows: 612,
        names: [
          { name: "ZZ", rows: 600 },
          { name: "YY", rows: 12 },
        ],
      },
      bins: bins(
        ["UA", "B6", "EV", "DL", "AA", "MQ", "US", "9E", "WN", "VX", "FL", "unseen"],
        [17, 16, 16, 14, 10, 8, 6, 5, 4, 2, 2, 0],
        [24, 12, 10, 15, 11, 6, 6, 4, 5, 3, 1.8, 2.2],
      ),
    }),
    feature({
      feature: "wind_gust",
      psi: 0.231,
      p: 0.08,
      pAdjusted: 0.18,
      rows: { reference: 164, current: 40 },
      missing: { reference: 0.741, current: 0.778 },
      importance: 0.01,
      notes: ["few rows: bins were merged, and the chance is by permutation"],
      test: "permutation",
    }),
    ...[
      "sched_dep_time",
      "distance",
      "dep_delay",
      "humid",
      "wind_speed",
      "precip",
      "pressure",
      "visib",
      "hour",
      "month_day",
      "seats",
    ].map((name, index) =>
      feature({ feature: name, psi: 0.09 / (index + 1), importance: 0.05 / (index + 1) }),
    ),
    feature({
      feature: "origin",
      kind: "categorical",
      psi: 0.0007,
      ks: null,
      wasserstein: null,
      bins: bins(["EWR", "JFK", "LGA"], [36, 33, 31], [35, 34, 31]),
    }),
    feature({
      feature: "engine_hours",
      psi: null,
      kl: null,
      js: null,
      chi2: null,
      ks: null,
      wasserstein: null,
      p: null,
      pAdjusted: null,
      test: null,
      missing: { reference: 0.02, current: 1 },
      bins: [],
      notes: ["every current value is missing"],
    }),
  ],
  estimated: [
    { metric: "estimated_f1", value: 0.381, interval: [0.364, 0.398] },
    {
      metric: "estimated_auc",
      value: null,
      interval: null,
      refused: "the scores are badly calibrated on the reference (ECE 0.14)",
    },
  ],
  actions: ["alert sent to Slack", "no retrain: cooldown until 2026-11-23 06:00 UTC"],
  notes: ["The reference is a profile: KS and Wasserstein are from its cells."],
  run,
};

export const driftNone: DriftReportInput = {
  ...driftFail,
  gates: [
    verdict({
      gate: "psi <= 0.2",
      rule: "refute",
      observed: 0.09,
      baseline: null,
      bound: 0.2,
      interval: null,
      n: rows.current,
      reason: "no feature is beyond 0.2: the largest is sched_dep_time (0.09).",
    }),
  ],
  features: driftFail.features.filter(({ psi }) => psi !== null && psi < 0.1),
  estimated: [],
  actions: [],
  notes: [],
};

/** As wide as tables get. */
export function driftOfMany(columns: number): DriftReportInput {
  const next = random(5);
  const features = Array.from({ length: columns }, (_, index) => {
    const psi = 0.4 * next() ** 3;
    const drifted = psi > 0.2 && next() < 0.8;
    return feature({
      feature: `sensor_${String(index).padStart(3, "0")}_mean_of_last_15_minutes`,
      psi,
      drifted,
      pAdjusted: drifted ? 1e-9 : next(),
      importance: next(),
    });
  }).toSorted((a, b) => (b.psi ?? 0) - (a.psi ?? 0));
  return { ...driftFail, features };
}
