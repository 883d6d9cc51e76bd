import { GatesError } from "./error.ts";
import type { Gate, Task } from "./types.ts";

/** Where a metric can be had: `offline` from rows with labels, `online` from counts of live requests, `drift` from
 * two samples of features. */
export type Place = "offline" | "online" | "drift";

/** `proportion` may be written with `%`, `ms` with `us`, `ms` or `s`. */
export type Unit = "proportion" | "ms" | "number";

export interface Metric {
  /** As written in a gate. A family has `pNN` in the catalog and the number in what `findMetric` gives back. */
  name: string;
  /** Empty: not a question of labels and scores. */
  tasks: readonly Task[];
  places: readonly Place[];
  better: "higher" | "lower";
  unit: Unit;
  /** Smallest and largest value that the metric can take. */
  range: readonly [number, number];
  description: string;
  /** What others call it. Only used to suggest our name. */
  aliases: readonly string[];
}

const classification: readonly Task[] = ["binary", "multiclass"];
const binary: readonly Task[] = ["binary"];
const multiclass: readonly Task[] = ["multiclass"];
const regression: readonly Task[] = ["regression"];
const every: readonly Task[] = ["binary", "multiclass", "regression"];

type Row = [
  name: string,
  tasks: readonly Task[],
  better: "higher" | "lower",
  unit: Unit,
  range: readonly [number, number],
  description: string,
  aliases?: readonly string[],
];

const labelled: readonly Row[] = [
  [
    "accuracy",
    classification,
    "higher",
    "proportion",
    [0, 1],
    "Share of rows whose class is predicted right",
    ["acc"],
  ],
  [
    "balanced_accuracy",
    classification,
    "higher",
    "proportion",
    [0, 1],
    "Mean of the recalls of the classes that the labels have",
    ["bacc", "macro_recall"],
  ],
  [
    "precision",
    binary,
    "higher",
    "proportion",
    [0, 1],
    "Share of predicted positives that are positive; 0 when none is predicted",
    ["ppv"],
  ],
  [
    "recall",
    binary,
    "higher",
    "proportion",
    [0, 1],
    "Share of positives that are predicted positive",
    ["tpr", "sensitivity"],
  ],
  [
    "specificity",
    binary,
    "higher",
    "proportion",
    [0, 1],
    "Share of negatives that are predicted negative",
    ["tnr"],
  ],
  [
    "f1",
    binary,
    "higher",
    "proportion",
    [0, 1],
    "Harmonic mean of precision and recall",
    ["f1_score", "f_score", "fscore"],
  ],
  [
    "mcc",
    binary,
    "higher",
    "number",
    [-1, 1],
    "Matthews correlation of label and predicted class",
    ["phi", "matthews"],
  ],
  [
    "auc",
    binary,
    "higher",
    "proportion",
    [0, 1],
    "Area under the ROC curve: chance that a positive scores above a negative, ties half",
    ["roc_auc", "auroc", "gini"],
  ],
  [
    "average_precision",
    binary,
    "higher",
    "proportion",
    [0, 1],
    "Area under the precision-recall steps, not interpolated",
    ["ap", "pr_auc", "auprc"],
  ],
  [
    "log_loss",
    classification,
    "lower",
    "number",
    [0, Infinity],
    "Mean negative log likelihood of the label, natural logarithm",
    ["logloss", "cross_entropy"],
  ],
  [
    "brier",
    binary,
    "lower",
    "proportion",
    [0, 1],
    "Mean squared difference of score and label",
    ["brier_score"],
  ],
  [
    "ece",
    binary,
    "lower",
    "proportion",
    [0, 1],
    "Expected calibration error, 15 bins of equal width; biased upward on few rows",
    ["calibration_error"],
  ],
  [
    "ks",
    binary,
    "higher",
    "proportion",
    [0, 1],
    "Largest distance between the score distributions of positives and negatives",
    ["ks_statistic"],
  ],
  ["macro_f1", multiclass, "higher", "proportion", [0, 1], "Mean of the F1 of every class", ["f1_macro"]],
  [
    "weighted_f1",
    multiclass,
    "higher",
    "proportion",
    [0, 1],
    "Mean of the F1 of every class, weighted by its rows",
    ["f1_weighted"],
  ],
  [
    "top3_accuracy",
    multiclass,
    "higher",
    "proportion",
    [0, 1],
    "Share of rows whose class is among the three highest scores",
    ["top_3_accuracy", "top3"],
  ],
  [
    "mae",
    regression,
    "lower",
    "number",
    [0, Infinity],
    "Mean absolute error, in the unit of the label",
    ["mean_absolute_error"],
  ],
  [
    "rmse",
    regression,
    "lower",
    "number",
    [0, Infinity],
    "Root of the mean squared error, in the unit of the label",
    ["mse", "root_mean_squared_error"],
  ],
  [
    "mape",
    regression,
    "lower",
    "proportion",
    [0, Infinity],
    "Mean absolute error relative to the label; undefined when a label is 0",
    [],
  ],
  [
    "r2",
    regression,
    "higher",
    "number",
    [-Infinity, 1],
    "Share of the label's variance that is explained",
    ["r_squared", "rsquared"],
  ],
];

const latency: Metric = {
  name: "latency.pNN",
  tasks: every,
  places: ["offline", "online"],
  better: "lower",
  unit: "ms",
  range: [0, Infinity],
  description: "Quantile of the time of one prediction: latency.p50, latency.p95, latency.p99.9",
  aliases: ["latency", "latency_p95", "p95", "p99", "latency.mean"],
};

/** Every metric that a gate can speak of, in the order of the documentation. */
export const catalog: readonly Metric[] = [
  ...labelled.map(
    ([name, tasks, better, unit, range, description, aliases = []]): Metric => ({
      name,
      tasks,
      places: ["offline"],
      better,
      unit,
      range,
      description,
      aliases,
    }),
  ),
  latency,
  {
    name: "nan_rate",
    tasks: every,
    places: ["offline", "online"],
    better: "lower",
    unit: "proportion",
    range: [0, 1],
    description:
      "Offline: share of rows whose score is not a finite number. Online: share of requests with such an output",
    aliases: ["nan", "nans", "nan_ratio"],
  },
  {
    name: "error_rate",
    tasks: [],
    places: ["online"],
    better: "lower",
    unit: "proportion",
    range: [0, 1],
    description: "Share of requests that the user saw fail: 5xx, reset, timeout",
    aliases: ["errors", "failure_rate", "5xx_rate"],
  },
  {
    name: "psi",
    tasks: [],
    places: ["drift"],
    better: "lower",
    unit: "number",
    range: [0, Infinity],
    description: "Population stability index of a feature against its reference",
    aliases: ["population_stability_index"],
  },
  {
    name: "kl",
    tasks: [],
    places: ["drift"],
    better: "lower",
    unit: "number",
    range: [0, Infinity],
    description: "Kullback-Leibler divergence of a feature from its reference",
    aliases: ["kl_divergence"],
  },
];

const byName = new Map(catalog.map((metric) => [metric.name, metric]));

/** At most three decimals: p99.999 is one request in 100,000. No leading and no trailing zeros: one name a quantile. */
const quantileName = /^latency\.p([1-9]?\d(?:\.\d{0,2}[1-9])?)$/;

/** The metric of this exact name, or undefined. Resolves families: `latency.p95` has the entry of `latency.pNN`
 * under its own name. */
export function findMetric(name: string): Metric | undefined {
  if (latencyQuantile(name) !== undefined) {
    return { ...latency, name };
  }
  return name === latency.name ? undefined : byName.get(name);
}

/** The quantile that a latency metric asks for, above 0 and below 1; undefined for any other name. */
export function latencyQuantile(name: string): number | undefined {
  const percent = Number(quantileName.exec(name)?.[1]);
  return percent > 0 ? percent / 100 : undefined;
}

/** What an action offers to gates. `task` is known once a model or predictions are read. */
export interface Offer {
  place: Place;
  task?: Task;
}

const homes: Record<Place, string> = {
  offline: "eval-gate and, with labels, shadow",
  online: "deploy and shadow",
  drift: "drift",
};

/** Refuses, all at once, the gates whose metric cannot be had here: another action's, or another task's.
 * @throws GatesError `metric-not-here` */
export function assertGatesApply(gates: readonly Gate[], offer: Offer): void {
  const problems = gates.flatMap((gate) => {
    const why = whyNotHere(gate.metric, offer);
    return why === undefined ? [] : [`"${gate.text}": ${why}`];
  });
  if (problems.length > 0) {
    throw new GatesError(
      "metric-not-here",
      `${problems.length === 1 ? "A gate asks" : `${problems.length} gates ask`} for a metric that cannot be had here:\n${problems.map((line) => `  - ${line}`).join("\n")}`,
      `Remove the gate or choose one of: ${namesFor(offer).join(", ")}.`,
    );
  }
}

function whyNotHere(name: string, { place, task }: Offer): string | undefined {
  const metric = findMetric(name);
  if (metric === undefined) {
    return `unknown metric ${name}`;
  }
  if (!metric.places.includes(place)) {
    return `${name} belongs to ${metric.places.map((where) => homes[where]).join(" and ")}`;
  }
  if (place === "offline" && task !== undefined && !metric.tasks.includes(task)) {
    return `${name} is for ${metric.tasks.join(" and ")} models, this one is ${task}`;
  }
  return undefined;
}

/** Names of the metrics that can be had, families by their catalog name. */
export function namesFor({ place, task }: Offer): string[] {
  return catalog
    .filter((metric) => metric.places.includes(place))
    .filter((metric) => place !== "offline" || task === undefined || metric.tasks.includes(task))
    .map((metric) => metric.name);
}
