import type { Side } from "../estimators/side.ts";
import type { Numbers } from "../metrics/numbers.ts";
import { ascendingOrder } from "../metrics/order.ts";
import { largestShift, type OrderedScores } from "../metrics/score-shift.ts";
import type { Uncertainty } from "../statistics/interval.ts";
import { weightedProportion } from "../statistics/proportion.ts";
import { scoreShiftUncertainty } from "../statistics/score-shift.ts";
import { countRows, fewestRows, type Instrument, type Reading, spoiltReading, unread } from "./instrument.ts";
import type { ModelRows, Rows } from "./rows.ts";

/** The share of weight that rows of 1 have, and how well it is known. */
export function shareOf(
  chosen: Uint8Array,
  weights: Float64Array | null,
): { value: number; uncertainty(): Uncertainty } {
  const sums = { count: 0, total: 0, countSquares: 0, totalSquares: 0 };
  for (let i = 0; i < chosen.length; i++) {
    const weight = weights === null ? 1 : (weights[i] as number);
    sums.total += weight;
    sums.totalSquares += weight * weight;
    sums.count += chosen[i] === 1 ? weight : 0;
    sums.countSquares += chosen[i] === 1 ? weight * weight : 0;
  }
  return { value: sums.count / sums.total, uncertainty: () => weightedProportion(sums) };
}

/** A metric of both models' scores. It belongs to the candidate: the baseline has none of its own. */
function betweenModels(of: {
  value(candidate: Side, baseline: Side): number;
  uncertainty(candidate: Side, baseline: Side, seed: number): Uncertainty;
}): Instrument {
  return {
    read(model, rows) {
      return readPair(model, rows) ?? { ok: true, value: of.value(...scoredPair(rows)) };
    },
    uncertainty: (rows, _against, seed) => of.uncertainty(...scoredPair(rows), seed),
    count: countRows,
    fewest: () => fewestRows,
  };
}

/** Why a pair of models has no such metric; undefined when it has. */
function readPair(model: ModelRows, rows: Rows): Reading | undefined {
  const { candidate, baseline, n } = rows;
  if (baseline === null) {
    return unread("it compares with the baseline's scores of the same rows, and there are none");
  }
  if (model === baseline) {
    return unread("it is of both models");
  }
  if (n === 0) {
    return unread("there are no rows");
  }
  const ofBaseline = spoiltReading(baseline, rows);
  return (
    spoiltReading(candidate, rows) ??
    (ofBaseline &&
      unread(`nothing to compare with: of the baseline, ${(ofBaseline as { reason: string }).reason}`))
  );
}

function scoredPair({ candidate, baseline }: Rows): [Side, Side] {
  if (candidate.scored === null || !baseline?.scored) {
    throw new TypeError("two models were compared of which one could not be read");
  }
  return [candidate.scored, baseline.scored];
}

/** Share of rows for which both models predict the same class, with the exact interval of a proportion. */
export const agreement: Instrument = betweenModels({
  value: (candidate, baseline) => shareOf(agreeing(candidate, baseline), candidate.weights).value,
  uncertainty: (candidate, baseline) =>
    shareOf(agreeing(candidate, baseline), candidate.weights).uncertainty(),
});

/** 1 where both models predict the same class. */
function agreeing(candidate: Side, baseline: Side): Uint8Array {
  const same = new Uint8Array(candidate.n);
  const { threshold } = candidate;
  if (candidate.classes === 2) {
    for (let i = 0; i < same.length; i++) {
      const positive = (candidate.scores[i] as number) >= threshold;
      same[i] = positive === (baseline.scores[i] as number) >= threshold ? 1 : 0;
    }
    return same;
  }
  const [ofCandidate, ofBaseline] = [candidate.predicted, baseline.predicted];
  for (let i = 0; i < same.length; i++) {
    same[i] = ofCandidate[i] === ofBaseline[i] ? 1 : 0;
  }
  return same;
}

/** Kolmogorov-Smirnov distance between the distributions of the models' scores on the same rows. */
export const scoreDrift: Instrument = betweenModels({
  value: (candidate, baseline) =>
    largestShift(inOrder(candidate), inOrder(baseline), candidate.weights).distance,
  uncertainty: (candidate, baseline, seed) =>
    scoreShiftUncertainty(inOrder(candidate), inOrder(baseline), candidate.weights, seed),
});

/** A binary model's scores have been put in order once for all metrics. */
function inOrder(side: Side): OrderedScores {
  const scores = oneScore(side);
  return { scores, order: side.classes === 2 ? side.ranking.order : ascendingOrder(scores) };
}

/** The score of every row, of several classes the highest. */
function oneScore(side: Side): Numbers {
  if (side.scores.length === side.n) {
    return side.scores;
  }
  const { scores, classes } = side;
  return Float64Array.from(side.predicted, (c, row) => scores[row * classes + c] as number);
}
