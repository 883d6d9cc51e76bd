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
 * Rows of equal weight in every cell that know its weight as well: drawing rows of a cell with Poisson counts gives its
 * weight the mean S = Σw and the variance Q = Σw². Drawing n = S²/Q rows (rounded) and counting each for S/n gives it
 * the same mean and, but for rounding, variance. Without weights n is the rows, each counted once. An empty cell has
 * none, each counted for what is usual.
 */
export function effectiveCells({ sums, squares }: Tally): { counts: Float64Array; weights: Float64Array } {
  const counts = sums.map((sum, i) =>
    sum === 0 ? 0 : Math.max(1, Math.round(sum ** 2 / (squares[i] as number))),
  );
  const usual = total(sums) / total(counts);
  return { counts, weights: sums.map((sum, i) => (sum === 0 ? usual : sum / (counts[i] as number))) };
}

/**
 * Bootstrap of a statistic of the weights that fall into cells, which only their proportions may change: the multinomial
 * bootstrap of the cells' effective rows. That the draws add up to a fixed number takes away only variance in the
 * direction of the cells themselves, in which the statistic does not change. Weights are taken as fixed numbers that
 * belong to their rows.
 */
export function weightedCellBootstrap(
  cells: { name: string; tally: Tally; smoothing: number },
  statistic: (sums: Float64Array) => number,
  seed: number,
): Uncertainty {
  const { counts, weights } = effectiveCells(cells.tally);
  const weighed = new Float64Array(counts.length);
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
