import type { RowValues } from "../metrics/losses.ts";
import type { Numbers } from "../metrics/numbers.ts";

/** An estimate with what each row contributes to it: to first order estimate − truth = weighted mean of the influences
 * ψ, whose own weighted mean is 0. */
export interface Linearised {
  value: number;
  /** Rows. */
  n: number;
  /** n; null where every row counts once. */
  weights: Float64Array | null;
  influences: RowValues;
}

/** How many rows there are, and how often each counts. */
export type Sample = Pick<Linearised, "n" | "weights">;

/** Rows computed at a time: few enough to stay in the cache, many enough that the call costs nothing. */
const blockRows = 4096;

/** Calls `visit` with the row values, block by block, in buffers that the next block overwrites. */
function eachBlock(
  n: number,
  values: readonly RowValues[],
  visit: (from: number, ...blocks: Float64Array[]) => void,
): void {
  const buffers = values.map(() => new Float64Array(Math.min(blockRows, n)));
  for (let from = 0; from < n; from += blockRows) {
    const blocks = buffers.map((buffer) => buffer.subarray(0, Math.min(blockRows, n - from)));
    values.forEach((fill, k) => {
      fill(from, blocks[k] as Float64Array);
    });
    visit(from, ...blocks);
  }
}

/** The rows' values from an array of them. */
export function held(values: Numbers): RowValues {
  return (from, out) => out.set(values.subarray(from, from + out.length));
}

/** The weighted mean of row values: ψ = x − x̄. */
export function mean({ n, weights }: Sample, values: RowValues): Linearised {
  let [sum, total] = [0, 0];
  eachBlock(n, [values], (from, block) => {
    let [blockSum, blockTotal] = [0, 0];
    for (let i = 0; i < (block as Float64Array).length; i++) {
      const weight = weights === null ? 1 : (weights[from + i] as number);
      blockSum += weight * ((block as Float64Array)[i] as number);
      blockTotal += weight;
    }
    sum += blockSum;
    total += blockTotal;
  });
  const value = sum / total;
  return { value, n, weights, influences: shifted(values, value, 1) };
}

/** (x − centre)·factor of every row. */
function shifted(values: RowValues, centre: number, factor: number): RowValues {
  return (from, out) => {
    values(from, out);
    for (let i = 0; i < out.length; i++) {
      out[i] = ((out[i] as number) - centre) * factor;
    }
  };
}

/** Root of the mean of non-negative row values: ψ = (x − x̄) / (2·sqrt x̄), 0 where all values are 0. */
export function rootMean(sample: Sample, values: RowValues): Linearised {
  const square = mean(sample, values).value;
  const value = Math.sqrt(square);
  const { n, weights } = sample;
  return { value, n, weights, influences: shifted(values, square, value === 0 ? 0 : 1 / (2 * value)) };
}

/** R² = 1 − A/S for A the mean squared error and S the variance of the labels (divisor n): ψ = −(a − A)/S +
 * A·(s − S)/S². NaN for constant labels. */
export function explainedShare(sample: Sample, labels: Numbers, squaredErrors: RowValues): Linearised {
  const centre = mean(sample, held(labels)).value;
  const squares: RowValues = (from, out) => {
    for (let i = 0; i < out.length; i++) {
      const distance = (labels[from + i] as number) - centre;
      out[i] = distance * distance;
    }
  };
  const spread = mean(sample, squares).value;
  const errors = mean(sample, squaredErrors).value;
  const ratio = errors / spread;
  return {
    value: 1 - ratio,
    n: sample.n,
    weights: sample.weights,
    influences(from, out) {
      squaredErrors(from, out);
      for (let i = 0; i < out.length; i++) {
        const distance = (labels[from + i] as number) - centre;
        out[i] = (ratio * (distance * distance - spread) - ((out[i] as number) - errors)) / spread;
      }
    },
  };
}

/** (Σw)²/Σw²: how many rows of equal weight know a mean as well (L. Kish, "Survey Sampling" (1965), section 11.7). */
export function effectiveRows({ n, weights }: Sample): number {
  if (weights === null) {
    return n;
  }
  let [sum, squares] = [0, 0];
  for (let i = 0; i < n; i++) {
    const weight = weights[i] as number;
    sum += weight;
    squares += weight * weight;
  }
  return squares === 0 ? 0 : (sum * sum) / squares;
}

/**
 * Standard error of a − factor·b on the same rows, or of a alone: sqrt(Σ w²u² / (Σw)² · m/(m − 1)) with
 * u = ψ(a) − factor·ψ(b) and m the effective rows, which without weights is sqrt(Σu² / (n(n − 1))).
 * Source: A. W. van der Vaart, "Asymptotic Statistics" (1998), chapter 20 (the infinitesimal jackknife of B. Efron
 * 1982). Needs some 30 rows; exact for means in large samples.
 *
 * Where all rows agree the formula says 0, which on few rows is more than they show: then it is that of one row off
 * by the largest influence seen, or by `scale`, the width of the metric's range where that is finite.
 */
export function influenceSe(a: Linearised, b: Linearised | null, factor: number, scale: number): number {
  const { n, weights } = a;
  const rows = effectiveRows(a);
  if (n < 2 || rows < 1 + 1e-9) {
    return Number.POSITIVE_INFINITY;
  }
  let [squares, total, largest] = [0, 0, 0];
  eachBlock(n, b === null ? [a.influences] : [a.influences, b.influences], (from, ofA, ofB) => {
    for (let i = 0; i < (ofA as Float64Array).length; i++) {
      const weight = weights === null ? 1 : (weights[from + i] as number);
      const own = (ofA as Float64Array)[i] as number;
      const difference = weight * (ofB === undefined ? own : own - factor * (ofB[i] as number));
      squares += difference * difference;
      total += weight;
      largest = Math.max(largest, Math.abs(own));
    }
  });
  const se = Math.sqrt((squares * rows) / (rows - 1)) / total;
  return se > largest * 1e-12 ? se : (largest || scale) / rows;
}
