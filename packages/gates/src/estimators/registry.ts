import { expectedCalibrationError } from "../metrics/calibration.ts";
import * as binary from "../metrics/confusion.ts";
import * as losses from "../metrics/losses.ts";
import * as classes from "../metrics/multiclass.ts";
import { averagePrecision, ksDistance } from "../metrics/threshold-curves.ts";
import { explainedShare, mean, rootMean } from "../statistics/influence.ts";
import type { Task } from "../types.ts";
import { auc } from "./auc.ts";
import { fromClasses } from "./from-classes.ts";
import { fromConfusion } from "./from-confusion.ts";
import { fromLosses } from "./from-losses.ts";
import { differingLabels, negatives, nonZeroLabels, positives, probabilities } from "./requirements.ts";
import { resampled } from "./resampled.ts";
import type { Estimator, Side } from "./side.ts";

const logLossOf = ({ labels, scores }: Side) => mean(losses.logLosses(labels, scores));
const squared = ({ labels, scores }: Side) => losses.squaredErrors(labels, scores);

/** How each metric of labels and scores is estimated; a test holds this against the catalog. */
export const estimators: Record<Task, Readonly<Record<string, Estimator>>> = {
  binary: {
    accuracy: fromConfusion({
      name: "accuracy",
      value: binary.accuracy,
      proportion: ({ tp, fp, fn, tn }) => [tp + tn, tp + fp + fn + tn],
    }),
    balanced_accuracy: fromConfusion({
      name: "balanced_accuracy",
      value: binary.balancedAccuracy,
      needs: [positives, negatives],
    }),
    precision: fromConfusion({
      name: "precision",
      value: binary.precision,
      proportion: ({ tp, fp }) => [tp, tp + fp],
    }),
    recall: fromConfusion({
      name: "recall",
      value: binary.recall,
      needs: [positives],
      proportion: ({ tp, fn }) => [tp, tp + fn],
    }),
    specificity: fromConfusion({
      name: "specificity",
      value: binary.specificity,
      needs: [negatives],
      proportion: ({ tn, fp }) => [tn, tn + fp],
    }),
    f1: fromConfusion({ name: "f1", value: binary.f1, needs: [positives] }),
    mcc: fromConfusion({ name: "mcc", value: binary.mcc, needs: [positives, negatives] }),
    auc,
    average_precision: resampled({
      name: "average_precision",
      value: ({ ranking }, weights) => averagePrecision(ranking, weights),
      needs: [positives],
    }),
    log_loss: fromLosses({ estimate: logLossOf, needs: [probabilities], scale: 0 }),
    brier: fromLosses({ estimate: (side) => mean(squared(side)), needs: [probabilities], scale: 1 }),
    ece: resampled({
      name: "ece",
      value: ({ labels, scores }, weights) => expectedCalibrationError(labels, scores, weights),
      needs: [probabilities],
    }),
    ks: resampled({
      name: "ks",
      value: ({ ranking }, weights) => ksDistance(ranking, weights),
      needs: [positives, negatives],
    }),
  },
  multiclass: {
    accuracy: fromClasses("accuracy", classes.accuracyOfClasses),
    balanced_accuracy: fromClasses("balanced_accuracy", classes.balancedAccuracyOfClasses),
    macro_f1: fromClasses("macro_f1", classes.macroF1),
    weighted_f1: fromClasses("weighted_f1", classes.weightedF1),
    log_loss: fromLosses({
      estimate: ({ labels, scores, classes: k }) => mean(losses.logLossesOfClasses(labels, scores, k)),
      needs: [probabilities],
      scale: 0,
    }),
    top3_accuracy: fromLosses({
      estimate: ({ labels, scores, classes: k }) => mean(losses.top3Hits(labels, scores, k)),
      scale: 1,
    }),
  },
  regression: {
    mae: fromLosses({
      estimate: ({ labels, scores }) => mean(losses.absoluteErrors(labels, scores)),
      scale: 0,
    }),
    rmse: fromLosses({ estimate: (side) => rootMean(squared(side)), scale: 0 }),
    mape: fromLosses({
      estimate: ({ labels, scores }) => mean(losses.relativeErrors(labels, scores)),
      needs: [nonZeroLabels],
      scale: 0,
    }),
    r2: fromLosses({
      estimate: (side) => explainedShare(side.labels, squared(side)),
      needs: [differingLabels],
      scale: 0,
    }),
  },
  ranking: {},
};
