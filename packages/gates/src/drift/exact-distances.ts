import { sortNumbers } from "./sort-numbers.ts";
import type { FeatureColumn } from "./types.ts";

/** The numbers of a column in ascending order; what is missing or NaN is left out. */
export function sortedNumbers({ values, missing }: FeatureColumn & { kind: "number" }): Float64Array {
  const numbers = new Float64Array(values.length);
  let count = 0;
  for (let row = 0; row < values.length; row++) {
    const value = values[row] as number;
    if (missing?.[row] !== 1 && !Number.isNaN(value)) numbers[count++] = value;
  }
  return sortNumbers(numbers.subarray(0, count));
}

/** Kolmogorov-Smirnov distance and W₁ of two ascending samples, in one pass over both. NaN when one is empty;
 * W₁ is Infinity when they have different shares of infinite numbers. */
export function distancesOf(a: Float64Array, b: Float64Array): { ks: number; wasserstein: number } {
  if (a.length === 0 || b.length === 0) return { ks: Number.NaN, wasserstein: Number.NaN };
  let [i, j, ks, wasserstein] = [0, 0, 0, 0];
  while (i < a.length || j < b.length) {
    const x = i < a.length ? (a[i] as number) : Number.POSITIVE_INFINITY;
    const y = j < b.length ? (b[j] as number) : Number.POSITIVE_INFINITY;
    const here = Math.min(x, y);
    while (i < a.length && (a[i] as number) <= here) i++;
    while (j < b.length && (b[j] as number) <= here) j++;
    const gap = Math.abs(i / a.length - j / b.length);
    if (gap > ks) ks = gap;
    const next = Math.min(a[i] ?? Number.POSITIVE_INFINITY, b[j] ?? Number.POSITIVE_INFINITY);
    if (gap > 0 && (i < a.length || j < b.length)) wasserstein += gap * (next - here);
  }
  return { ks, wasserstein };
}
