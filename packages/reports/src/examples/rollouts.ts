/** Examples of what deploy and rollback have to report. */
import type {
  GateWealth,
  RollbackReportInput,
  RolloutObservation,
  RolloutReportInput,
  RolloutStep,
  SideObservation,
} from "../inputs.ts";
import { flights, flightsImage, run, verdict } from "./evaluations.ts";
import { random } from "./rows.ts";

const start = run.startedAt;

interface Leg {
  weightPercent: number;
  seconds: number;
}

/** 120 requests a second; from `badFrom` s on the candidate answers every 30th request with NaN. */
function observe(legs: readonly Leg[], badFrom: number): RolloutObservation[] {
  const next = random(3);
  const seen: RolloutObservation[] = [];
  const stable: SideObservation = { requests: 0, errors: 0, nan: 0, p50Ms: 2.1, p99Ms: 5.2 };
  const candidate: SideObservation = { requests: 0, errors: 0, nan: 0, p50Ms: 2.3, p99Ms: 6.0 };
  let second = 4;
  for (const leg of legs) {
    for (let tick = 0; tick < leg.seconds; tick += 2, second += 2) {
      const share = Math.round(240 * (leg.weightPercent / 100));
      candidate.requests += share;
      stable.requests += 240 - share;
      if (next() < 0.1) stable.errors += 1;
      if (second >= badFrom) candidate.nan = (candidate.nan ?? 0) + Math.round((share / 17) * 2 * next());
      candidate.p99Ms = 6 + next();
      stable.p99Ms = 5 + next();
      if (second === 20) {
        seen.push({
          at: start + second * 1000,
          weightPercent: leg.weightPercent,
          problem: "outage",
          detail: "connection refused",
        });
      } else {
        seen.push({
          at: start + second * 1000,
          weightPercent: leg.weightPercent,
          stable: { ...stable },
          candidate: { ...candidate },
        });
      }
    }
  }
  return seen;
}

function step(
  weightPercent: number,
  from: number,
  seconds: number,
  failed: number,
  verdicts: RolloutStep["verdicts"],
): RolloutStep {
  const requests = seconds * 120;
  const candidate = Math.round((requests * weightPercent) / 100);
  return {
    weightPercent,
    from: start + from * 1000,
    to: start + (from + seconds) * 1000,
    requests: { stable: requests - candidate, candidate },
    failures: { stable: 1, candidate: failed },
    verdicts,
  };
}

const goodGates = (n: number) => [
  verdict({
    gate: "error_rate <= baseline + 0.01",
    rule: "refute",
    observed: 0.0003,
    baseline: 0.0004,
    bound: 0.0104,
    interval: [0, 0.0041],
    n,
    reason: "0.03 % is at most 1.04 %.",
  }),
  verdict({
    gate: "latency.p99 <= baseline * 1.5",
    rule: "refute",
    observed: 6.4,
    baseline: 5.5,
    bound: 8.25,
    interval: [5.9, 7.6],
    n,
    reason: "6.4 ms is at most 8.25 ms.",
  }),
  verdict({
    gate: "nan_rate <= 0.001",
    rule: "refute",
    observed: 0,
    baseline: null,
    bound: 0.001,
    interval: [0, 0.0009],
    n,
    reason: "no NaN in so many answers.",
  }),
];

const badGates = [
  verdict({
    gate: "nan_rate <= 0.001",
    rule: "refute",
    verdict: "fail",
    observed: 0.0271,
    baseline: null,
    bound: 0.001,
    interval: [0.0121, 0.0574],
    n: 480,
    reason: "13 of 480 answers held NaN (2.71 %); at most 0.1 % is allowed, and 1.21 % is proven.",
  }),
  verdict({
    gate: "error_rate <= baseline + 0.01",
    rule: "refute",
    verdict: "inconclusive",
    observed: 0,
    baseline: 0.0004,
    bound: 0.0104,
    interval: [0, 0.0182],
    n: 480,
    reason: "0 % is below 1.04 %, but 480 requests cannot settle it.",
    settle: "about 900 more requests",
  }),
  verdict({
    gate: "latency.p99 <= baseline * 1.5",
    rule: "refute",
    observed: 6.4,
    baseline: 5.5,
    bound: 8.25,
    interval: [5.9, 7.6],
    n: 480,
    reason: "6.4 ms is at most 8.25 ms.",
  }),
];

/** What a judge might have had on a gate: bets that go the way of the truth, a little uneven. */
function wealthOf(gate: string, seconds: number, drift: { fail: number; pass: number }): GateWealth {
  const next = random(gate.length);
  let [fail, pass] = [0, 0];
  const points = Array.from({ length: Math.floor(seconds / 2) }, (_, index) => {
    fail += drift.fail + 0.3 * (next() - 0.5);
    pass += drift.pass + 0.3 * (next() - 0.5);
    return { at: start + (4 + index * 2) * 1000, requests: 24 * (index + 1), fail, pass };
  });
  return { gate, needed: { fail: Math.log(60), pass: Math.log(20) }, points };
}

const goodWealth = [
  wealthOf("error_rate <= baseline + 0.01", 94, { fail: -0.08, pass: 0.09 }),
  wealthOf("latency.p99 <= baseline * 1.5", 94, { fail: -0.02, pass: 0.03 }),
  wealthOf("nan_rate <= 0.001", 94, { fail: -0.01, pass: 0.05 }),
];

const badWealth = [
  wealthOf("nan_rate <= 0.001", 40, { fail: 0.24, pass: -0.2 }),
  wealthOf("error_rate <= baseline + 0.01", 40, { fail: -0.03, pass: 0.04 }),
  { gate: "auc >= 0.6", needed: { fail: 0, pass: 0 }, points: [] },
];

export const rolloutPromoted: RolloutReportInput = {
  target: "local",
  resource: "flights",
  url: "http://127.0.0.1:8080",
  stable: flights("1"),
  candidate: flights("2"),
  rule: "refute",
  confidence: 0.95,
  plannedPercents: [10, 25, 50, 100],
  steps: [
    step(10, 4, 40, 0, goodGates(480)),
    step(25, 44, 24, 0, goodGates(1200)),
    step(50, 68, 16, 1, goodGates(2160)),
    step(100, 84, 14, 0, goodGates(3840)),
  ],
  observations: observe(
    [
      { weightPercent: 10, seconds: 40 },
      { weightPercent: 25, seconds: 24 },
      { weightPercent: 50, seconds: 16 },
      { weightPercent: 100, seconds: 14 },
    ],
    Number.POSITIVE_INFINITY,
  ),
  wealth: goodWealth,
  journal: [
    { at: start, text: "begin: flights-2 against flights-1, steps 10, 25, 50, 100" },
    { at: start + 1_200, text: "prepare" },
    { at: start + 4_000, text: "split 10 %" },
    { at: start + 44_000, text: "split 25 %" },
    { at: start + 68_000, text: "split 50 %" },
    { at: start + 84_000, text: "split 100 %" },
    { at: start + 98_000, text: "promote" },
    { at: start + 99_400, text: "end: promoted, pass" },
  ],
  outcome: {
    stage: "promoted",
    verdict: "pass",
    reason: "Every gate passed at every step.",
    at: start + 99_000,
  },
  run: { ...run, finishedAt: start + 100_000 },
};

export const rolloutRestored: RolloutReportInput = {
  ...rolloutPromoted,
  candidate: flights("treacherous"),
  steps: [step(10, 4, 40, 0, badGates)],
  observations: observe([{ weightPercent: 10, seconds: 40 }], 24),
  wealth: badWealth,
  journal: [
    { at: start, text: "begin: flights-treacherous against flights-1, steps 10, 25, 50, 100" },
    { at: start + 1_200, text: "prepare" },
    { at: start + 4_000, text: "split 10 %" },
    { at: start + 44_000, text: "restore by judge: nan_rate <= 0.001 failed" },
    { at: start + 44_600, text: "end: restored, fail" },
  ],
  outcome: {
    stage: "restored",
    verdict: "fail",
    reason: "nan_rate <= 0.001 failed at 10 %.",
    at: start + 44_400,
  },
  run: { ...run, finishedAt: start + 46_000 },
};

const { configuration: _, ...unjudged } = run;

export const rollbackDone: RollbackReportInput = {
  target: "local",
  resource: "flights",
  url: "http://127.0.0.1:8080",
  from: flights("2"),
  to: flightsImage("1"),
  asked: "previous",
  interrupted: null,
  history: [
    { release: flightsImage("1"), promotedAt: start + 2_000, how: "rollback" },
    { release: flights("2"), promotedAt: start - 3_600_000, how: "passed its canary" },
    { release: flightsImage("1"), promotedAt: start - 86_400_000, how: "first release" },
  ],
  run: { ...unjudged, finishedAt: start + 2_400 },
};
