import { multinomial } from "../random/binomial.ts";
import { hashNumbers, hashText, xoshiro128 } from "../random/xoshiro.ts";
import type { Uncertainty } from "../statistics/interval.ts";
import { quantileOfSorted } from "../statistics/quantile.ts";

const mostReplicates = 1000;
const fewestReplicates = 200;
/** Cells drawn altogether, unless they are very many: ten milliseconds. */
const cellsDrawn = 100_000;

/**
 * What the counts tell of the true distance between two distributions. Both histograms are drawn anew from their own
 * shares (multinomial cells, as drawing rows). A distance comes out too large on few rows, once for the sample and once
 * more for the replicate, so that twice the bootstrap's bias is taken off its percentiles, and the ends stay above 0
 * (B. Efron, R. J. Tibshirani, "An Introduction to the Bootstrap" (1993), chapters 10 and 13). In our simulations the
 * upper end lies below the truth in at most the share asked for. Seeded by the counts.
 */
export function effectUncertainty(
  reference: Float64Array,
  current: Float64Array,
  distance: (reference: Float64Array, current: Float64Array) => number,
  { name, seed }: { name: string; seed: number },
): Uncertainty {
  const [n, m] = [total(reference), total(current)];
  const random = xoshiro128(seed, hashText(name), hashNumbers(reference), hashNumbers(current));
  const replicates = Math.max(
    fewestReplicates,
    Math.min(mostReplicates, Math.round(cellsDrawn / (2 * reference.length))),
  );
  const [p, q] = [new Float64Array(reference.length), new Float64Array(current.length)];
  const values = new Float64Array(replicates);
  for (let i = 0; i < replicates; i++) {
    multinomial(random, n, reference, n, p);
    multinomial(random, m, current, m, q);
    values[i] = distance(p, q);
  }
  values.sort();
  const seen = distance(reference, current);
  const mean = values.reduce((sum, value) => sum + value, 0) / replicates;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  const bias = Math.max(0, mean - seen);
  const end = (share: number): number => Math.max(0, quantileOfSorted(values, share) - 2 * bias);
  return {
    se: Math.sqrt(squares / (replicates - 1)),
    at: (confidence) => ({ low: end(1 - confidence), high: end(confidence) }),
  };
}

function total(counts: Float64Array): number {
  return counts.reduce((sum, count) => sum + count, 0);
}
