import type { Numbers } from "./numbers.ts";

/** Finite scores of rows, and the row numbers in ascending order of score. */
export interface OrderedScores {
  scores: Numbers;
  order: Uint32Array;
}

/** Where the distribution functions of two models' scores lie farthest apart. */
export interface ScoreShift {
  /** |F − G| there, F of the first, G of the second: the Kolmogorov-Smirnov distance. */
  distance: number;
  /** The score up to which both count there. */
  score: number;
  /** 1 where more of the first lie below, −1 where more of the second do. */
  sign: number;
}

/** The largest distance between the distribution functions of two finite scores of the same n > 0 rows, drawn by
 * their `weights`; of equal distances the lowest score's. O(n). */
export function largestShift(a: OrderedScores, b: OrderedScores, weights: Float64Array | null): ScoreShift {
  const { scores: first, order } = a;
  const { scores: second, order: orderOfSecond } = b;
  const n = first.length;
  const weightOf = (row: number): number => (weights === null ? 1 : (weights[row] as number));
  let total = 0;
  for (let row = 0; row < n; row++) {
    total += weightOf(row);
  }
  const found: ScoreShift = { distance: 0, score: first[order[0] as number] as number, sign: 1 };
  let [i, j, below, belowOfSecond] = [0, 0, 0, 0];
  while (i < n && j < n) {
    const score = Math.min(first[order[i] as number] as number, second[orderOfSecond[j] as number] as number);
    for (; i < n && (first[order[i] as number] as number) <= score; i++) {
      below += weightOf(order[i] as number);
    }
    for (; j < n && (second[orderOfSecond[j] as number] as number) <= score; j++) {
      belowOfSecond += weightOf(orderOfSecond[j] as number);
    }
    const gap = (below - belowOfSecond) / total;
    if (Math.abs(gap) > found.distance) {
      found.distance = Math.abs(gap);
      found.score = score;
      found.sign = Math.sign(gap);
    }
  }
  return found;
}
