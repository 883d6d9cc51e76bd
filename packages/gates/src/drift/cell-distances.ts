import type { AlignedCells } from "./aligned-cells.ts";
import { rangeOf } from "./numeric-sketch.ts";
import type { NumericProfile } from "./profile.ts";

/** Numbers on a line in ascending order, infinities included, and the rows of both tables at each. */
export interface Line {
  places: Float64Array;
  reference: Float64Array;
  current: Float64Array;
}

/** The middle of each bucket stands for its rows; the outermost do not reach beyond what was seen. */
export function lineOf(cells: AlignedCells, reference: NumericProfile, current: NumericProfile): Line {
  const least = Math.min(reference.minimum ?? Infinity, current.minimum ?? Infinity);
  const most = Math.max(reference.maximum ?? -Infinity, current.maximum ?? -Infinity);
  const middles = Array.from(cells.keys, (key) => {
    const range = rangeOf(key, cells.level);
    return Math.max(range.least, least) / 2 + Math.min(range.most, most) / 2;
  });
  return {
    places: Float64Array.of(-Infinity, ...middles, Infinity),
    reference: Float64Array.of(reference.negativeInfinity, ...cells.reference, reference.positiveInfinity),
    current: Float64Array.of(current.negativeInfinity, ...cells.current, current.positiveInfinity),
  };
}

/** Largest distance of the distribution functions; from cells, at most the largest cell's share below the exact one.
 * NaN when a table has no number. */
export function ksOfCells(reference: Float64Array, current: Float64Array): number {
  const [n, m] = [total(reference), total(current)];
  let [below, belowNow, largest] = [0, 0, 0];
  for (let i = 0; i < reference.length; i++) {
    below += reference[i] as number;
    belowNow += current[i] as number;
    largest = Math.max(largest, Math.abs(below / n - belowNow / m));
  }
  return n === 0 || m === 0 ? Number.NaN : largest;
}

/** Mean distance that rows have to move, ∫ |F − G| (L. N. Vaserstein 1969; W₁), in the unit of the places. NaN when a
 * table has no number, Infinity when they have different shares of infinite ones. */
export function wassersteinOfCells(
  places: Float64Array,
  reference: Float64Array,
  current: Float64Array,
): number {
  const [n, m] = [total(reference), total(current)];
  let [below, belowNow, sum] = [0, 0, 0];
  for (let i = 0; i + 1 < places.length; i++) {
    below += reference[i] as number;
    belowNow += current[i] as number;
    const gap = Math.abs(below / n - belowNow / m);
    if (gap > 0) sum += gap * ((places[i + 1] as number) - (places[i] as number));
  }
  return n === 0 || m === 0 ? Number.NaN : sum;
}

function total(counts: Float64Array): number {
  return counts.reduce((sum, rows) => sum + rows, 0);
}
