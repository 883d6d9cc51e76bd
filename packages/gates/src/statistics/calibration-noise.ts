import { calibrationBins as bins } from "../metrics/calibration.ts";
import type { Numbers } from "../metrics/numbers.ts";
import { fillNormal } from "../random/normal.ts";
import { hashNumbers, xoshiro128 } from "../random/xoshiro.ts";

/** What one model says of the rows, and the bin of 15 that puts each row in. */
export interface BinnedScores {
  scores: Numbers;
  bins: Uint8Array;
}

/** The calibration gaps of a model, with replicates of what chance has added to them. */
export interface NoisyGaps {
  /** Σ w·(label − score) / Σ w of the rows of every bin. */
  gaps: Float64Array;
  /** `replicates` × 15. */
  noise: Float64Array;
}

/** Replicates; they know the 5 % quantile to .7 percentage points. */
export const replicates = 1000;

/** Sums over the rows of a cell: a bin of the first and a bin of the second model. r: label − score. */
interface Cells {
  /** Σ w·r, of the first and the second model. */
  first: Float64Array;
  second: Float64Array;
  /** Σ w²·(r², r·r′, r′²). */
  squares: Float64Array;
  products: Float64Array;
  squaresOfSecond: Float64Array;
  total: number;
}

/**
 * Replicates of the sampling errors of one or two models' gaps on the same rows. The Poisson bootstrap of rows adds to the
 * sums of a cell an error of mean 0 and covariance Σ w²·(r, r′)(r, r′)ᵀ, drawn here as a normal of that covariance:
 * O(225) a replicate, and the same for any order of the rows. That it adds to Σ w too is left out, which makes the
 * errors a little larger: by the squares of the gaps against the variance of a row.
 */
export function noisyGaps(
  { labels, weights }: { labels: Numbers; weights: Float64Array | null },
  [first, second]: readonly [BinnedScores, BinnedScores | null],
  seeds: readonly number[],
): [NoisyGaps, NoisyGaps] {
  const cells = cellsOf(labels, weights, first, second ?? first);
  // To 32-bit floats, because the last digits of sums depend on the order of the rows.
  const random = xoshiro128(...seeds, hashNumbers(cells.squares.map(Math.fround)));
  const models: [NoisyGaps, NoisyGaps] = [
    { gaps: gapsOf(cells.first, cells.total, (cell) => Math.floor(cell / bins)), noise: blank() },
    { gaps: gapsOf(cells.second, cells.total, (cell) => cell % bins), noise: blank() },
  ];
  const occupied = [...cells.squares.keys()].filter((cell) => (cells.squares[cell] as number) > 0);
  const normals = new Float64Array(2 * occupied.length);
  for (let replicate = 0; replicate < replicates; replicate++) {
    fillNormal(random, normals);
    occupied.forEach((cell, k) => {
      const [u, v] = [normals[2 * k] as number, normals[2 * k + 1] as number];
      const root = Math.sqrt(cells.squares[cell] as number);
      const shared = (cells.products[cell] as number) / root;
      const rest = Math.max(0, (cells.squaresOfSecond[cell] as number) - shared * shared);
      add(models[0].noise, replicate * bins + Math.floor(cell / bins), (root * u) / cells.total);
      add(
        models[1].noise,
        replicate * bins + (cell % bins),
        (shared * u + Math.sqrt(rest) * v) / cells.total,
      );
    });
  }
  return models;
}

function blank(): Float64Array {
  return new Float64Array(replicates * bins);
}

function add(to: Float64Array, place: number, value: number): void {
  to[place] = (to[place] as number) + value;
}

function cellsOf(labels: Numbers, weights: Float64Array | null, a: BinnedScores, b: BinnedScores): Cells {
  const make = (): Float64Array => new Float64Array(bins * bins);
  const [first, second, squares, products, squaresOfSecond] = [make(), make(), make(), make(), make()];
  let total = 0;
  for (let i = 0; i < labels.length; i++) {
    const weight = weights === null ? 1 : (weights[i] as number);
    const cell = (a.bins[i] as number) * bins + (b.bins[i] as number);
    const ofA = weight * ((labels[i] as number) - (a.scores[i] as number));
    const ofB = weight * ((labels[i] as number) - (b.scores[i] as number));
    first[cell] = (first[cell] as number) + ofA;
    second[cell] = (second[cell] as number) + ofB;
    squares[cell] = (squares[cell] as number) + ofA * ofA;
    products[cell] = (products[cell] as number) + ofA * ofB;
    squaresOfSecond[cell] = (squaresOfSecond[cell] as number) + ofB * ofB;
    total += weight;
  }
  return { first, second, squares, products, squaresOfSecond, total };
}

function gapsOf(sums: Float64Array, total: number, binOf: (cell: number) => number): Float64Array {
  const gaps = new Float64Array(bins);
  sums.forEach((sum, cell) => {
    add(gaps, binOf(cell), sum / total);
  });
  return gaps;
}
