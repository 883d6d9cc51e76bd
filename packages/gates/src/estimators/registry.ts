import { memberOf } from "../catalog/families.ts";
import * as binary from "../metrics/confusion.ts";
import * as losses from "../metrics/losses.ts";
import * as classes from "../metrics/multiclass.ts";
import { ndcgOfQueries, reciprocalRanks } from "../metrics/queries.ts";
import { explainedShare, mean, rootMean } from "../statistics/influence.ts";
import type { Task } from "../types.ts";
import { auc } from "./auc.ts";
import { precisionOverRecall } from "./average-precision.ts";
import { calibrationError } from "./calibration-error.ts";
import { fromClasses } from "./from-classes.ts";
import { fromConfusion } from "./from-confusion.ts";
import { fromInfluence } from "./from-influence.ts";
import { fromQueries } from "./from-queries.ts";
import { ks } from "./ks.ts";
import {
  differingLabels,
  fewerThanClasses,
  negatives,
  nonZeroLabels,
  positives,
  probabilities,
} from "./requirements.ts";
import type { Estimator } from "./side.ts";

type Named = Readonly<Record<string, Estimator>>;
/** Of the number in the metric's name. */
type Numbered = Readonly<Record<string, (parameter: number) => Estimator>>;

const named: Record<Task, Named> = {
  binary: {
    accuracy: fromConfusion({
      name: "accuracy",
      value: binary.accuracy,
      proportion: { of: ["tp", "tn"], among: ["tp", "fp", "fn", "tn"] },
      rightAmong: [0, 1],
    }),
    balanced_accuracy: fromConfusion({
      name: "balanced_accuracy",
      value: binary.balancedAccuracy,
      needs: [positives, negatives],
    }),
    precision: fromConfusion({
      name: "precision",
      value: binary.precision,
      proportion: { of: ["tp"], among: ["tp", "fp"] },
    }),
    recall: fromConfusion({
      name: "recall",
      value: binary.recall,
      needs: [positives],
      proportion: { of: ["tp"], among: ["tp", "fn"] },
      rightAmong: [1],
    }),
    specificity: fromConfusion({
      name: "specificity",
      value: binary.specificity,
      needs: [negatives],
      proportion: { of: ["tn"], among: ["tn", "fp"] },
      rightAmong: [0],
    }),
    f1: fromConfusion({ name: "f1", value: binary.f1, needs: [positives] }),
    mcc: fromConfusion({ name: "mcc", value: binary.mcc, needs: [positives, negatives] }),
    auc,
    average_precision: precisionOverRecall,
    log_loss: fromInfluence({
      estimate: (side) => mean(side, losses.logLosses(side)),
      needs: [probabilities],
      scale: 0,
    }),
    brier: fromInfluence({
      estimate: (side) => mean(side, losses.squaredErrors(side)),
      needs: [probabilities],
      scale: 1,
    }),
    ece: calibrationError("width"),
    ece_mass: calibrationError("mass"),
    ks,
  },
  multiclass: {
    accuracy: fromClasses("accuracy", classes.accuracyOfClasses),
    balanced_accuracy: fromClasses("balanced_accuracy", classes.balancedAccuracyOfClasses),
    macro_f1: fromClasses("macro_f1", classes.macroAverage(classes.f1OfClass)),
    weighted_f1: fromClasses("weighted_f1", classes.weightedAverage(classes.f1OfClass)),
    // Of one class a row, every wrong row is one false positive and one false negative: 2 TP / (2 TP + 2 wrong).
    micro_f1: fromClasses("micro_f1", classes.accuracyOfClasses),
    macro_precision: fromClasses("macro_precision", classes.macroAverage(classes.precisionOfClass)),
    macro_recall: fromClasses("macro_recall", classes.macroAverage(classes.recallOfClass)),
    weighted_precision: fromClasses("weighted_precision", classes.weightedAverage(classes.precisionOfClass)),
    weighted_recall: fromClasses("weighted_recall", classes.weightedAverage(classes.recallOfClass)),
    log_loss: fromInfluence({
      estimate: (side) => mean(side, losses.logLossesOfClasses(side, side.classes)),
      needs: [probabilities],
      scale: 0,
    }),
  },
  regression: {
    mae: fromInfluence({ estimate: (side) => mean(side, losses.absoluteErrors(side)), scale: 0 }),
    rmse: fromInfluence({ estimate: (side) => rootMean(side, losses.squaredErrors(side)), scale: 0 }),
    mape: fromInfluence({
      estimate: (side) => mean(side, losses.relativeErrors(side)),
      needs: [nonZeroLabels],
      scale: 0,
    }),
    r2: fromInfluence({
      estimate: (side) => explainedShare(side, side.labels, losses.squaredErrors(side)),
      needs: [differingLabels],
      scale: 0,
    }),
  },
  ranking: {
    mrr: fromQueries(reciprocalRanks),
  },
};

const numbered: Record<Task, Numbered> = {
  binary: {
    fN: (beta) =>
      fromConfusion({ name: `f${beta}`, value: (cells) => binary.fBeta(cells, beta), needs: [positives] }),
  },
  multiclass: {
    topN_accuracy: (top) =>
      fromInfluence({
        estimate: (side) => mean(side, losses.topHits(side, side.classes, top)),
        needs: [fewerThanClasses(top)],
        scale: 1,
      }),
  },
  regression: {
    "quantile_loss.pNN": (q) =>
      fromInfluence({ estimate: (side) => mean(side, losses.pinballLosses(side, q)), scale: 0 }),
  },
  ranking: {
    "ndcg@N": (top) => fromQueries((side, queries) => ndcgOfQueries(side, queries, top)),
  },
};

/** How a metric of labels and scores is estimated; undefined where the task has none of this name. */
export function estimatorFor(task: Task, name: string): Estimator | undefined {
  const member = memberOf(name);
  if (member === undefined) {
    return Object.hasOwn(named[task], name) ? named[task][name] : undefined;
  }
  const { family, parameter } = member;
  return Object.hasOwn(numbered[task], family) ? numbered[task][family]?.(parameter) : undefined;
}

/** Names that `estimatorFor` knows, families by their catalog name. */
export function estimatedNames(task: Task): string[] {
  return [...Object.keys(named[task]), ...Object.keys(numbered[task])];
}
