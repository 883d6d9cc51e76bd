import type { Weighted } from "./rows.ts";

export interface Histogram {
  /** Lower edge of the first bin and upper edge of the last; all bins are equally wide. */
  from: number;
  to: number;
  /** Share of the values in each bin; values outside are counted in the outermost bins. */
  shares: number[];
}

/** Shares of the weight, which sum to 1, or are all 0 without values. */
export function histogram(
  { values, weights }: Weighted,
  [from, to]: readonly [number, number],
  bins: number,
): Histogram {
  const counts = new Float64Array(bins);
  const width = (to - from) / bins;
  let total = 0;
  for (let row = 0; row < values.length; row++) {
    const value = values[row] ?? 0;
    const weight = weights === null ? 1 : (weights[row] ?? 0);
    const bin = width > 0 ? Math.floor((value - from) / width) : 0;
    const place = Math.max(0, Math.min(bins - 1, bin));
    counts[place] = (counts[place] ?? 0) + weight;
    total += weight;
  }
  return {
    from,
    to,
    shares: Array.from(counts, (count) => (total > 0 ? count / total : 0)),
  };
}

/**
 * The range that holds the given share of all values (cut equally at both ends), so that one outlier of 1e9 does not
 * make a picture of a single bar. Quantiles of a systematic sample of at most 20,000 values.
 */
export function centralRange(series: readonly Float64Array[], share = 0.99): [number, number] {
  const sample: number[] = [];
  for (const values of series) {
    const step = Math.max(1, Math.floor(values.length / 10_000));
    for (let index = 0; index < values.length; index += step) sample.push(values[index] ?? 0);
  }
  if (sample.length === 0) return [0, 1];
  const sorted = Float64Array.from(sample).sort();
  const at = (quantile: number) => sorted[Math.round(quantile * (sorted.length - 1))] ?? 0;
  const [low, high] = [at((1 - share) / 2), at((1 + share) / 2)];
  return high > low ? [low, high] : [low - 0.5, low + 0.5];
}
