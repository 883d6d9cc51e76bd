/** The ways in which good data go bad, and what must become of the gates. */
import { type DecisionRule, decisionRules, type Task } from "../types.ts";
import type { Evaluation } from "./evaluation.ts";
import { type Asked, type Models, rows, tasks } from "./good-data.testing.ts";

export interface Spoiled {
  what: string;
  tasks: readonly Task[];
  rules: readonly DecisionRule[];
  spoil(models: Models): Evaluation;
  /** Whether the metric has no honest value left, or no interval for the rules. */
  touches(asked: Asked): boolean;
  /** What becomes of the gates on such metrics. */
  verdict: "fail" | "inconclusive" | "no pass";
}

const isLatency = ({ name }: Asked) => name.startsWith("latency");
const needsScores = (asked: Asked) => !isLatency(asked) && asked.name !== "nan_rate";
const needsLabels = (asked: Asked) => needsScores(asked) && asked.metric.comparesModels !== true;
const named =
  (...names: string[]) =>
  (asked: Asked) =>
    names.includes(asked.name);
const ofPositives = named(
  ...["recall", "f1", "f2", "auc", "average_precision", "mcc", "ks", "balanced_accuracy"],
);
const ofNegatives = named("specificity", "auc", "mcc", "ks", "balanced_accuracy");

const first = (n: number) => (values: Float64Array, by: (own: number) => number) =>
  values.map((own, i) => (i < n ? by(own) : own));

function shortened(models: Models, n: number): Evaluation {
  const width = models.candidate.length / rows;
  const { groups, slices: _, ...rest } = models;
  return {
    ...rest,
    ...(groups === undefined ? {} : { groups: groups.subarray(0, n) }),
    labels: models.labels.subarray(0, n),
    candidate: models.candidate.subarray(0, n * width),
    baseline: models.baseline.subarray(0, n * width),
    latencyMs: {
      candidate: models.latencyMs.candidate.subarray(0, n),
      baseline: models.latencyMs.baseline.subarray(0, n),
    },
  };
}

const all = { tasks, rules: decisionRules };
const binary = { tasks: ["binary"] as const, rules: decisionRules };
const byInterval = ["refute", "prove"] as const;

const scores: readonly Spoiled[] = [Number.NaN, Infinity, -Infinity].map((value) => ({
  ...all,
  what: `one score is ${value}`,
  spoil: (models) => ({ ...models, candidate: models.candidate.with(7, value) }),
  touches: needsScores,
  verdict: "fail",
}));

const labels: readonly Spoiled[] = [
  {
    ...all,
    what: "one label is missing",
    spoil: (models) => ({ ...models, labels: models.labels.with(7, Number.NaN) }),
    touches: needsLabels,
    verdict: "inconclusive",
  },
  {
    ...all,
    what: "all labels are missing",
    spoil: (models) => ({ ...models, labels: models.labels.map(() => Number.NaN) }),
    touches: needsLabels,
    verdict: "inconclusive",
  },
  {
    ...binary,
    what: "no label is positive",
    spoil: (models) => ({ ...models, labels: models.labels.map(() => 0) }),
    touches: ofPositives,
    verdict: "inconclusive",
  },
  {
    ...binary,
    what: "no label is negative",
    spoil: (models) => ({ ...models, labels: models.labels.map(() => 1) }),
    touches: ofNegatives,
    verdict: "inconclusive",
  },
  {
    ...binary,
    rules: byInterval,
    what: "nine labels are positive",
    spoil: (models) => ({ ...models, labels: models.labels.map((_, i) => (i < 9 ? 1 : 0)) }),
    touches: ofPositives,
    verdict: "inconclusive",
  },
  {
    ...binary,
    rules: byInterval,
    what: "nine labels are negative",
    spoil: (models) => ({ ...models, labels: models.labels.map((_, i) => (i < 9 ? 0 : 1)) }),
    touches: ofNegatives,
    verdict: "inconclusive",
  },
  {
    ...all,
    tasks: ["regression"],
    what: "a label is 0",
    spoil: (models) => ({ ...models, labels: models.labels.with(0, 0) }),
    touches: named("mape"),
    verdict: "inconclusive",
  },
  {
    ...all,
    tasks: ["regression"],
    what: "all labels are equal",
    spoil: (models) => ({ ...models, labels: models.labels.map(() => 7) }),
    touches: named("r2"),
    verdict: "inconclusive",
  },
];

const numbers: readonly Spoiled[] = [
  {
    ...all,
    what: "every score is NaN",
    spoil: (models) => ({ ...models, candidate: models.candidate.map(() => Number.NaN) }),
    touches: (asked) => !isLatency(asked),
    verdict: "fail",
  },
  {
    ...binary,
    what: "scores are no probabilities",
    spoil: (models) => ({ ...models, candidate: first(3)(models.candidate, () => 1.5) }),
    touches: named("log_loss", "brier", "ece", "ece_mass"),
    verdict: "inconclusive",
  },
  {
    ...all,
    tasks: ["regression"],
    what: "scores are too large to compute with",
    spoil: (models) => ({ ...models, candidate: models.candidate.map(() => 1e300) }),
    touches: needsLabels,
    verdict: "no pass",
  },
  ...[Number.NaN, -1, Infinity].map(
    (value): Spoiled => ({
      ...all,
      what: `a time is ${value}`,
      spoil: (models) => ({
        ...models,
        latencyMs: { ...models.latencyMs, candidate: models.latencyMs.candidate.with(3, value) },
      }),
      touches: isLatency,
      verdict: "inconclusive",
    }),
  ),
  {
    ...all,
    what: "no time was taken",
    spoil: ({ latencyMs: _, ...models }) => models,
    touches: isLatency,
    verdict: "inconclusive",
  },
];

const sizes: readonly Spoiled[] = [
  {
    ...all,
    what: "there are no rows",
    spoil: (models) => shortened(models, 0),
    touches: () => true,
    verdict: "inconclusive",
  },
  ...[1, 2, 29].map(
    (n): Spoiled => ({
      tasks,
      rules: byInterval,
      what: `there are ${n} rows`,
      spoil: (models) => shortened(models, n),
      touches: (asked) => needsScores(asked),
      verdict: "inconclusive",
    }),
  ),
  {
    tasks,
    rules: byInterval,
    what: "one query of 4 rows has nearly all weight",
    spoil: (models) => ({
      ...models,
      weights: Float64Array.from({ length: rows }, (_, i) => (i < 4 ? 1e6 : 1)),
    }),
    touches: needsScores,
    verdict: "inconclusive",
  },
];

export const kindsOfBadData: readonly Spoiled[] = [...scores, ...labels, ...numbers, ...sizes];
