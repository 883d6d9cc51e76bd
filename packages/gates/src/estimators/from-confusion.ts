import { type Confusion, confusionOf } from "../metrics/confusion.ts";
import type { Uncertainty } from "../statistics/interval.ts";
import { type Among, weightedProportion } from "../statistics/proportion.ts";
import { emptyTally, type Tally, weightedCellBootstrap } from "../statistics/weighted-cells.ts";
import { firstUnmet, type Requirement } from "./requirements.ts";
import type { Estimator, Side } from "./side.ts";

interface ConfusionMetric {
  name: string;
  value: (cells: Confusion) => number;
  needs?: readonly Requirement[];
  /** Where the metric is a plain proportion, the cells that it counts and those that it counts them among: its own
   * interval is then exact. */
  proportion?: { of: readonly (keyof Confusion)[]; among: readonly (keyof Confusion)[] };
}

/** A binary metric that depends on the confusion matrix alone. Against a baseline: the paired bootstrap over the
 * eight cells of (label, candidate's class, baseline's class). */
export function fromConfusion({ name, value, needs = [], proportion }: ConfusionMetric): Estimator {
  return {
    undefinedFor: firstUnmet(needs),
    value: ({ labels, scores, threshold, weights }) => value(confusionOf(labels, scores, threshold, weights)),
    uncertainty(candidate, baseline, factor, seed) {
      if (baseline !== null) {
        return ofDifference(name, value, candidate, baseline, factor, seed);
      }
      const tally = cellsOf(candidate);
      const known = proportion === undefined ? null : sharesOf(tally, proportion);
      return known !== null && known.total > 0 ? weightedProportion(known) : ofOne(name, value, tally, seed);
    },
  };
}

/** Places of the cells of one model. */
const places: readonly (keyof Confusion)[] = ["tn", "fp", "fn", "tp"];

function sharesOf(tally: Tally, { of, among }: NonNullable<ConfusionMetric["proportion"]>): Among {
  const sum = (from: Float64Array, names: readonly (keyof Confusion)[]): number =>
    names.reduce((total, name) => total + (from[places.indexOf(name)] as number), 0);
  return {
    count: sum(tally.sums, of),
    total: sum(tally.sums, among),
    countSquares: sum(tally.squares, of),
    totalSquares: sum(tally.squares, among),
  };
}

function ofOne(name: string, value: ConfusionMetric["value"], tally: Tally, seed: number): Uncertainty {
  return weightedCellBootstrap(
    { name, tally, smoothing: 0.5 },
    (c) => value({ tn: c[0] as number, fp: c[1] as number, fn: c[2] as number, tp: c[3] as number }),
    seed,
  );
}

function ofDifference(
  name: string,
  value: ConfusionMetric["value"],
  candidate: Side,
  baseline: Side,
  factor: number,
  seed: number,
): Uncertainty {
  const cells = { name: `${name} ${factor}`, tally: pairedCells(candidate, baseline), smoothing: 0.5 };
  return weightedCellBootstrap(cells, (c) => value(ofCandidate(c)) - factor * value(ofBaseline(c)), seed);
}

/** Rows by 2·label + class. */
function cellsOf({ labels, scores, threshold, weights }: Side): Tally {
  const tally = emptyTally(4);
  for (let i = 0; i < labels.length; i++) {
    const cell = 2 * (labels[i] as number) + ((scores[i] as number) >= threshold ? 1 : 0);
    const weight = weights === null ? 1 : (weights[i] as number);
    tally.sums[cell] = (tally.sums[cell] as number) + weight;
    tally.squares[cell] = (tally.squares[cell] as number) + weight * weight;
  }
  return tally;
}

/** Rows by 4·label + 2·candidate's class + baseline's class. */
export function pairedCells({ labels, scores, threshold, weights }: Side, baseline: Side): Tally {
  const tally = emptyTally(8);
  for (let i = 0; i < labels.length; i++) {
    const a = (scores[i] as number) >= threshold ? 2 : 0;
    const b = (baseline.scores[i] as number) >= threshold ? 1 : 0;
    const cell = 4 * (labels[i] as number) + a + b;
    const weight = weights === null ? 1 : (weights[i] as number);
    tally.sums[cell] = (tally.sums[cell] as number) + weight;
    tally.squares[cell] = (tally.squares[cell] as number) + weight * weight;
  }
  return tally;
}

function ofCandidate(c: Float64Array): Confusion {
  return {
    tn: (c[0] as number) + (c[1] as number),
    fp: (c[2] as number) + (c[3] as number),
    fn: (c[4] as number) + (c[5] as number),
    tp: (c[6] as number) + (c[7] as number),
  };
}

function ofBaseline(c: Float64Array): Confusion {
  return {
    tn: (c[0] as number) + (c[2] as number),
    fp: (c[1] as number) + (c[3] as number),
    fn: (c[4] as number) + (c[6] as number),
    tp: (c[5] as number) + (c[7] as number),
  };
}
