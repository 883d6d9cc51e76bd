import { normalTail } from "../drift/chi-square-tail.ts";
import { areaUnderRoc, placementsOf } from "../metrics/auc.ts";
import { rankingOf } from "../metrics/ranking.ts";
import { delongSe } from "./delong.ts";
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
  const [a, b] = [placed(first), placed({ ...first, scores: second })];
  return resultOf(a.auc - b.auc, delongSe(a.rows, b.rows.placements, 1), confidence);
}

/** The same for two models, or one, on different rows: the variances of both add up. */
export function delongUnpaired(first: ScoredRows, second: ScoredRows, confidence: number): DelongResult {
  const [a, b] = [placed(first), placed(second)];
  return resultOf(
    a.auc - b.auc,
    Math.hypot(delongSe(a.rows, null, 1), delongSe(b.rows, null, 1)),
    confidence,
  );
}

function placed({
  labels,
  scores,
  weights = null,
}: Omit<ScoredRows, "weights"> & { weights?: Float64Array | null }) {
  const ranking = rankingOf(labels, scores);
  const placements = placementsOf(ranking, weights);
  return { auc: areaUnderRoc(ranking, weights), rows: { labels, weights, placements } };
}

function resultOf(difference: number, se: number, confidence: number): DelongResult {
  const z = difference === 0 ? 0 : difference / se;
  const interval = normalUncertainty(difference, se).at(confidence);
  return { difference, se, z, p: 2 * normalTail(Math.abs(z)), interval };
}
