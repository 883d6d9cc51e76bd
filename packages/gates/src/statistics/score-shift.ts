import type { RowValues } from "../metrics/losses.ts";
import { largestShift, type OrderedScores } from "../metrics/score-shift.ts";
import { excessOfMaximum, shownAgain } from "./excess-of-maximum.ts";
import { influenceSe, mean } from "./influence.ts";
import { normalUncertainty, type Uncertainty } from "./interval.ts";
import { emptyTally, type Tally } from "./weighted-cells.ts";

/**
 * What is known of the Kolmogorov-Smirnov distance between the distributions of two models' scores on the same rows. At
 * the score of the largest distance, held fixed, it is the mean over rows of ±(1[first ≤ score] − 1[second ≤ score]),
 * which knows that the rows are the same; normal with the influences' standard error. Being the largest it exceeds the
 * truth on average: from the lower end the excess is taken off (`shownAgain`).
 */
export function scoreShiftUncertainty(
  a: OrderedScores,
  b: OrderedScores,
  weights: Float64Array | null,
  seed: number,
): Uncertainty {
  const { distance, score, sign } = largestShift(a, b, weights);
  const [first, second] = [a.scores, b.scores];
  const values: RowValues = (from, out) => {
    for (let i = 0; i < out.length; i++) {
      const [ofFirst, ofSecond] = [
        (first[from + i] as number) <= score,
        (second[from + i] as number) <= score,
      ];
      out[i] = ofFirst === ofSecond ? 0 : ofFirst ? sign : -sign;
    }
  };
  const se = influenceSe(mean({ n: first.length, weights }, values), null, 0, 1);
  const cells = cellsOf(a, b, weights);
  const excess = Math.max(
    0,
    excessOfMaximum(cells.tally, (sums) => largestOf(cells, sums), seed),
  );
  const plain = normalUncertainty(distance, se);
  return {
    se,
    at(confidence) {
      const { low, high } = plain.at(confidence);
      return { low: Math.max(0, low - excess / shownAgain), high };
    },
  };
}

/** Quantiles of either model's scores that replicates are binned by. */
const quantiles = 64;

/** Rows by the bins of both scores; only cells that occur. */
interface PairCells {
  first: Uint16Array;
  second: Uint16Array;
  tally: Tally;
  bins: number;
}

function cellsOf(a: OrderedScores, b: OrderedScores, weights: Float64Array | null): PairCells {
  const edges = Float64Array.from(new Set([...quantilesOf(a), ...quantilesOf(b)])).sort();
  const [first, second] = [a.scores, b.scores];
  const bins = edges.length + 1;
  const all = emptyTally(bins * bins);
  for (let i = 0; i < first.length; i++) {
    const cell = binOf(edges, first[i] as number) * bins + binOf(edges, second[i] as number);
    const weight = weights === null ? 1 : (weights[i] as number);
    all.sums[cell] = (all.sums[cell] as number) + weight;
    all.squares[cell] = (all.squares[cell] as number) + weight * weight;
  }
  const occupied = Uint32Array.from(all.sums.keys()).filter((cell) => (all.sums[cell] as number) > 0);
  const of = (from: Float64Array): Float64Array =>
    Float64Array.from(occupied, (cell) => from[cell] as number);
  return {
    first: Uint16Array.from(occupied, (cell) => Math.floor(cell / bins)),
    second: Uint16Array.from(occupied, (cell) => cell % bins),
    tally: { sums: of(all.sums), squares: of(all.squares) },
    bins,
  };
}

function quantilesOf({ scores, order }: OrderedScores): number[] {
  return Array.from(
    { length: quantiles },
    (_, q) => scores[order[Math.floor((q * order.length) / quantiles)] as number] as number,
  );
}

/** Edges below the score: a row counts up to an edge with those that score no more than it. */
function binOf(edges: Float64Array, score: number): number {
  let [low, high] = [0, edges.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((edges[middle] as number) < score) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

function largestOf({ first, second, bins }: PairCells, sums: Float64Array): number {
  const gaps = new Float64Array(bins);
  let total = 0;
  for (let cell = 0; cell < sums.length; cell++) {
    const sum = sums[cell] as number;
    gaps[first[cell] as number] = (gaps[first[cell] as number] as number) + sum;
    gaps[second[cell] as number] = (gaps[second[cell] as number] as number) - sum;
    total += sum;
  }
  let [gap, largest] = [0, 0];
  for (let bin = 0; bin < bins; bin++) {
    gap += gaps[bin] as number;
    largest = Math.max(largest, Math.abs(gap));
  }
  return largest / total;
}
