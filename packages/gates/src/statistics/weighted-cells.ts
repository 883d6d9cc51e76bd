import { cellBootstrap } from "./cell-bootstrap.ts";
import type { Uncertainty } from "./interval.ts";

/** Rows counted by cell. */
export interface Tally {
  /** Σ w of the rows of each cell: their number without weights. */
  sums: Float64Array;
  /** Σ w²: the same without weights. */
  squares: Float64Array;
}

export function emptyTally(cells: number): Tally {
  return { sums: new Float64Array(cells), squares: new Float64Array(cells) };
}

/**
 * Bootstrap of a statistic of the weights that fall into cells, which only their proportions may change. Drawing rows
 * of a cell with Poisson counts gives its weight the mean S = Σw and the variance Q = Σw². Drawing n = S²/Q (its
 * effective rows, rounded) and counting each for S/n gives it the same mean and, but for rounding, variance; that the
 * draws add up to a fixed number takes away only variance in the direction of the cells themselves, in which the
 * statistic does not change. Without weights S = Q and this is the multinomial bootstrap of rows. Weights are taken as
 * fixed numbers that belong to their rows.
 */
export function weightedCellBootstrap(
  cells: { name: string; tally: Tally; smoothing: number },
  statistic: (sums: Float64Array) => number,
  seed: number,
): Uncertainty {
  const { sums, squares } = cells.tally;
  const counts = sums.map((sum, i) =>
    sum === 0 ? 0 : Math.max(1, Math.round(sum ** 2 / (squares[i] as number))),
  );
  const usual = total(sums) / total(counts);
  const weights = sums.map((sum, i) => (sum === 0 ? usual : sum / (counts[i] as number)));
  const weighed = new Float64Array(sums.length);
  const ofCounts = (drawn: Float64Array): number => {
    for (let i = 0; i < drawn.length; i++) {
      weighed[i] = (drawn[i] as number) * (weights[i] as number);
    }
    return statistic(weighed);
  };
  return cellBootstrap({ name: cells.name, counts, smoothing: cells.smoothing }, ofCounts, seed);
}

function total(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0);
}
