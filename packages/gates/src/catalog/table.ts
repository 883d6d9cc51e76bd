import type { Task } from "../types.ts";
import { type Family, familyOf } from "./families.ts";

/** Where a metric can be had: `offline` from rows with labels, `online` from counts of live requests, `drift` from
 * two samples of features. */
export type Place = "offline" | "online" | "drift";

/** `proportion` may be written with `%`, `ms` with `us`, `ms` or `s`. */
export type Unit = "proportion" | "ms" | "number";

export interface Metric {
  /** As written in a gate. A family has `N` or `NN` in the catalog and the number in what `findMetric` gives back. */
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
  /** Set where the name stands for many metrics that differ in one number. */
  family?: Family;
  /** The metric is of the candidate and the baseline together, so that no bound can speak of the baseline's own. */
  comparesModels?: true;
}

const classification: readonly Task[] = ["binary", "multiclass"];
const binary: readonly Task[] = ["binary"];
const multiclass: readonly Task[] = ["multiclass"];
const regression: readonly Task[] = ["regression"];
const ranking: readonly Task[] = ["ranking"];
const every: readonly Task[] = ["binary", "multiclass", "regression", "ranking"];

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
    ["bacc"],
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
    "fN",
    binary,
    "higher",
    "proportion",
    [0, 1],
    "F-measure in which recall counts N times as much as precision: f2, f0.5",
    ["fbeta", "f_beta", "fbeta_score"],
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
    "ece_mass",
    binary,
    "lower",
    "proportion",
    [0, 1],
    "Expected calibration error, 15 bins of equal numbers of rows; biased upward on few rows",
    ["adaptive_ece", "ace"],
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
    "micro_f1",
    multiclass,
    "higher",
    "proportion",
    [0, 1],
    "F1 over the pooled rows of all classes; of one class a row it is the accuracy",
    ["f1_micro", "micro_precision", "micro_recall"],
  ],
  [
    "macro_precision",
    multiclass,
    "higher",
    "proportion",
    [0, 1],
    "Mean of the precision of every class that labels or predictions have",
    ["precision_macro"],
  ],
  [
    "macro_recall",
    multiclass,
    "higher",
    "proportion",
    [0, 1],
    "Mean of the recall of every class that labels or predictions have",
    ["recall_macro"],
  ],
  [
    "weighted_precision",
    multiclass,
    "higher",
    "proportion",
    [0, 1],
    "Mean of the precision of every class, weighted by its rows",
    ["precision_weighted"],
  ],
  [
    "weighted_recall",
    multiclass,
    "higher",
    "proportion",
    [0, 1],
    "Mean of the recall of every class, weighted by its rows; it is the accuracy",
    ["recall_weighted"],
  ],
  [
    "topN_accuracy",
    multiclass,
    "higher",
    "proportion",
    [0, 1],
    "Share of rows whose class is among the N highest scores: top3_accuracy",
    ["top_k_accuracy", "top_3_accuracy", "top_5_accuracy", "top3", "top5"],
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
  [
    "quantile_loss.pNN",
    regression,
    "lower",
    "number",
    [0, Infinity],
    "Mean pinball loss of a score that predicts the quantile NN, in the unit of the label: quantile_loss.p90",
    ["pinball", "pinball_loss", "quantile_loss", "mean_pinball_loss"],
  ],
  [
    "ndcg@N",
    ranking,
    "higher",
    "proportion",
    [0, 1],
    "Mean over queries of the discounted gain of the first N rows against the best order's, ties averaged: ndcg@10",
    ["ndcg", "ndcg_at_10", "ndcg_10"],
  ],
  [
    "mrr",
    ranking,
    "higher",
    "proportion",
    [0, 1],
    "Mean over queries of 1 / rank of the first row with relevance above 0, ties averaged; 0 where there is none",
    ["mean_reciprocal_rank", "reciprocal_rank"],
  ],
];

type DriftRow = [
  name: string,
  better: "higher" | "lower",
  unit: Unit,
  range: readonly [number, number],
  description: string,
  aliases: readonly string[],
];

/** Of one feature, `psi{feature=dep_delay}`, or of all. The estimated ones are of the model, without labels. */
const drift: readonly DriftRow[] = [
  [
    "psi",
    "lower",
    "number",
    [0, Infinity],
    "Population stability index of a feature against its reference",
    ["population_stability_index"],
  ],
  [
    "kl",
    "lower",
    "number",
    [0, Infinity],
    "Kullback-Leibler divergence of a feature from its reference",
    ["kl_divergence"],
  ],
  [
    "js",
    "lower",
    "number",
    [0, 0.8325546111576977],
    "Jensen-Shannon distance of a feature from its reference, natural logarithm: at most sqrt(ln 2)",
    ["js_distance", "jensen_shannon", "jensenshannon"],
  ],
  [
    "wasserstein",
    "lower",
    "number",
    [0, Infinity],
    "Mean distance that a numeric feature has moved from its reference, in the feature's unit",
    ["wasserstein_distance", "emd", "earth_mover"],
  ],
  [
    "ks_distance",
    "lower",
    "proportion",
    [0, 1],
    "Largest distance between the distribution functions of a numeric feature and its reference",
    ["ks_drift", "kolmogorov_smirnov"],
  ],
  [
    "chi2",
    "lower",
    "number",
    [0, Infinity],
    "Pearson's statistic of a feature's bins against its reference; grows with the rows",
    ["chi_square", "chisquare", "chi_squared"],
  ],
  [
    "missing_rate",
    "lower",
    "proportion",
    [0, 1],
    "Share of rows in which a feature is missing or NaN",
    ["missing", "null_rate", "missingness"],
  ],
  [
    "estimated_f1",
    "higher",
    "proportion",
    [0, 1],
    "F1 that calibrated scores promise, without labels",
    ["cbpe_f1"],
  ],
  [
    "estimated_auc",
    "higher",
    "proportion",
    [0, 1],
    "AUC that calibrated scores promise, without labels",
    ["cbpe_auc", "estimated_roc_auc"],
  ],
  [
    "estimated_accuracy",
    "higher",
    "proportion",
    [0, 1],
    "Accuracy that calibrated scores promise, without labels",
    ["cbpe_accuracy", "cbpe"],
  ],
];

function ofFamily(name: string): { family?: Family } {
  const family = familyOf(name);
  return family === undefined ? {} : { family };
}

const latency: Metric = {
  name: "latency.pNN",
  tasks: every,
  places: ["offline", "online"],
  better: "lower",
  unit: "ms",
  range: [0, Infinity],
  description: "Quantile of the time of one prediction: latency.p50, latency.p95, latency.p99.9",
  aliases: ["latency", "latency_p95", "p95", "p99", "latency.mean"],
  ...ofFamily("latency.pNN"),
};

/** Of the scores of both models on the same rows, no labels needed. */
const betweenModels: readonly Metric[] = [
  {
    name: "agreement",
    tasks: classification,
    places: ["offline"],
    better: "higher",
    unit: "proportion",
    range: [0, 1],
    description: "Share of rows for which candidate and baseline predict the same class; needs no labels",
    aliases: ["agreement_rate", "concordance"],
    comparesModels: true,
  },
  {
    name: "score_drift",
    tasks: every,
    places: ["offline", "online"],
    better: "lower",
    unit: "proportion",
    range: [0, 1],
    description:
      "Largest distance (Kolmogorov-Smirnov) between the distribution functions of the candidate's and the baseline's scores, of several classes the row's highest; needs no labels",
    aliases: ["prediction_drift", "output_drift", "score_ks"],
    comparesModels: true,
  },
];

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
      ...ofFamily(name),
    }),
  ),
  ...betweenModels,
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
  ...drift.map(
    ([name, better, unit, range, description, aliases]): Metric => ({
      name,
      tasks: [],
      places: ["drift"],
      better,
      unit,
      range,
      description,
      aliases,
    }),
  ),
];
