import { hashNumbers, hashText, xoshiro128 } from "../random/xoshiro.ts";
import { multivariateHypergeometric } from "./hypergeometric.ts";

/** Draws at most; a p below its inverse is not told apart from it. */
export const mostDraws = 9_999;
/** Draws at least as extreme after which no more are made. */
const enough = 10;

interface Permutation {
  name: string;
  seed: number;
  draws?: number;
}

/**
 * p-value of a distance between two histograms when rows are exchangeable between the tables: rows are dealt out to
 * two tables of the same sizes, which needs only the counts of each cell (multivariate hypergeometric), O(cells) a
 * draw. Drawing stops after ten draws at least as far apart; p = (as far + 1)/(draws + 1), at most a tenth above what
 * would err in exactly that share of samples (J. Besag, P. Clifford, "Sequential Monte Carlo p-values", Biometrika 78
 * (1991)). Seeded by the counts.
 */
export function permutationP(
  reference: Float64Array,
  current: Float64Array,
  distance: (reference: Float64Array, current: Float64Array) => number,
  { name, seed, draws = mostDraws }: Permutation,
): number {
  const cells = reference.map((count, i) => count + (current[i] as number));
  const total = cells.reduce((sum, count) => sum + count, 0);
  const drawn = current.reduce((sum, count) => sum + count, 0);
  const random = xoshiro128(seed, hashText(name), hashNumbers(reference), hashNumbers(current));
  // Equal tables may differ in the last digit for another order of adding.
  const seen = distance(reference, current) * (1 - 1e-12);
  const now = new Float64Array(cells.length);
  const before = new Float64Array(cells.length);
  let extreme = 0;
  for (let draw = 1; draw <= draws; draw++) {
    multivariateHypergeometric(random, cells, total, drawn, now);
    for (let i = 0; i < cells.length; i++) before[i] = (cells[i] as number) - (now[i] as number);
    if (distance(before, now) >= seen) extreme++;
    if (extreme === enough) return (extreme + 1) / (draw + 1);
  }
  return (extreme + 1) / (draws + 1);
}
