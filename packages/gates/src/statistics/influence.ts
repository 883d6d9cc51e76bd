/** An estimate with what each row contributes to it: to first order estimate − truth = mean of the influences. */
export interface Linearised {
  value: number;
  /** One a row; their mean is 0. */
  influence: Float64Array;
}

/** The mean of row values: influence xᵢ − x̄. */
export function mean(values: Float64Array): Linearised {
  const value = meanOf(values);
  return { value, influence: values.map((x) => x - value) };
}

/** Root of the mean of non-negative row values: influence (xᵢ − x̄) / (2·sqrt x̄), 0 where all values are 0. */
export function rootMean(values: Float64Array): Linearised {
  const { value: square, influence } = mean(values);
  const value = Math.sqrt(square);
  return { value, influence: influence.map((x) => (value === 0 ? 0 : x / (2 * value))) };
}

/** R² = 1 − A/S for A the mean squared error and S the variance of the labels (divisor n): influence
 * −(aᵢ − A)/S + A·(sᵢ − S)/S². NaN for constant labels. */
export function explainedShare(labels: Float64Array, squaredErrors: Float64Array): Linearised {
  const centre = meanOf(labels);
  const spread = mean(labels.map((label) => (label - centre) ** 2));
  const errors = mean(squaredErrors);
  const ratio = errors.value / spread.value;
  return {
    value: 1 - ratio,
    influence: errors.influence.map((x, i) => (ratio * (spread.influence[i] as number) - x) / spread.value),
  };
}

function meanOf(values: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) {
    sum += values[i] as number;
  }
  return sum / values.length;
}

/**
 * Standard error of a − factor·b on the same rows, or of a alone: sqrt(Σ(uᵢ − ū)² / (n(n − 1))) with
 * u = IF(a) − factor·IF(b).
 * Source: A. W. van der Vaart, "Asymptotic Statistics" (1998), chapter 20 (the infinitesimal jackknife of B. Efron
 * 1982). Needs some 30 rows; exact for means in large samples.
 *
 * Where all rows agree the formula says 0, which on few rows is more than they show: then it is that of one row off
 * by the largest influence seen, or by `scale`, the width of the metric's range where that is finite.
 */
export function influenceSe(a: Linearised, b: Linearised | null, factor: number, scale: number): number {
  const n = a.influence.length;
  if (n < 2) {
    return Number.POSITIVE_INFINITY;
  }
  const difference =
    b === null ? a.influence : a.influence.map((x, i) => x - factor * (b.influence[i] as number));
  const centre = meanOf(difference);
  let squares = 0;
  let largest = 0;
  for (let i = 0; i < n; i++) {
    squares += ((difference[i] as number) - centre) ** 2;
    largest = Math.max(largest, Math.abs(a.influence[i] as number));
  }
  const se = Math.sqrt(squares / (n - 1) / n);
  return se > largest * 1e-12 ? se : (largest || scale) / n;
}
