import { normalTail } from "../drift/chi-square-tail.ts";
import { areaUnderRoc, classTotals } from "../metrics/auc.ts";
import { rankingOf } from "../metrics/ranking.ts";
import { delongSe, delongSeOfOne } from "./delong.ts";
import { type Ends, normalUncertainty } from "./interval.ts";

/** Finite scores of rows with 0/1 labels, both classes present. */
export interface ScoredRows {
  labels: Float64Array;
  scores: Float64Array;
  /** n, above 0; every row counts once without. */
  weights?: Float64Array;
}

export interface DelongResult {
  /** AUC of the first − AUC of the second. */
  difference: number;
  /** Infinity with fewer than two rows of a class. */
  se: number;
  /** difference / se; 0 where the difference is 0. */
  z: number;
  /** Two-sided. */
  p: number;
  /** Each end one-sided at `confidence`: 0.975 has the usual 95 % interval. */
  interval: Ends;
}

/** DeLong's test of two models on the same rows: `second` are the other model's scores of `first`'s rows. Hypothesis:
 * both have the same AUC. Sources: `delongSe`. */
export function delongPaired(first: ScoredRows, second: Float64Array, confidence: number): DelongResult {
  const { labels } = first;
  const weights = first.weights ?? null;
  const ranked = (scores: Float64Array) => {
    const ranking = rankingOf(labels, scores, weights);
    return { ranking, auc: areaUnderRoc(ranking) };
  };
  const [a, b] = [ranked(first.scores), ranked(second)];
  return resultOf(a.auc - b.auc, delongSe({ labels, weights }, a, b, 1), confidence);
}

/** The same for two models, or one, on different rows: the variances of both add up. */
export function delongUnpaired(first: ScoredRows, second: ScoredRows, confidence: number): DelongResult {
  const alone = ({ labels, scores, weights }: ScoredRows) => {
    const ranking = rankingOf(labels, scores, weights ?? null);
    return { auc: areaUnderRoc(ranking), se: delongSeOfOne(ranking, classTotals(ranking)) };
  };
  const [a, b] = [alone(first), alone(second)];
  return resultOf(a.auc - b.auc, Math.hypot(a.se, b.se), confidence);
}

function resultOf(difference: number, se: number, confidence: number): DelongResult {
  const z = difference === 0 ? 0 : difference / se;
  const interval = normalUncertainty(difference, se).at(confidence);
  return { difference, se, z, p: 2 * normalTail(Math.abs(z)), interval };
}
