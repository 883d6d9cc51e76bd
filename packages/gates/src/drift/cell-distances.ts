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

/** Cells that replicates and permutations work on, about. */
const coarseCells = 64;

/**
 * The line in about a hundred cells, each at the mean of its rows' places: what draws by the thousand can afford. A cell
 * takes neighbours while it holds few of the rows of both tables and they do not lie far out: an outlier keeps a cell of
 * its own, and so do the infinities.
 */
export function coarseLine({ places, reference, current }: Line): Line {
  const rowsAt = (i: number): number => (reference[i] as number) + (current[i] as number);
  const mostRows = (total(reference) + total(current)) / coarseCells;
  const mostMoved = spreadOf(places, rowsAt) / coarseCells;
  const cells: { rows: number; sum: number; start: number; reference: number; current: number }[] = [];
  places.forEach((place, i) => {
    if (rowsAt(i) === 0) return;
    let cell = cells.at(-1);
    const rows = (cell?.rows ?? 0) + rowsAt(i);
    // False for infinite places, whose distance from anything is infinite or NaN.
    const joins = cell !== undefined && rows <= mostRows && rows * (place - cell.start) <= mostMoved;
    if (cell === undefined || !joins) {
      cell = { rows: 0, sum: 0, start: place, reference: 0, current: 0 };
      cells.push(cell);
    }
    cell.rows += rowsAt(i);
    cell.sum += rowsAt(i) * place;
    cell.reference += reference[i] as number;
    cell.current += current[i] as number;
  });
  return {
    places: Float64Array.from(cells, ({ sum, rows }) => sum / rows),
    reference: Float64Array.from(cells, (cell) => cell.reference),
    current: Float64Array.from(cells, (cell) => cell.current),
  };
}

/** Sum of the rows' distances from their median, the infinite left out. */
function spreadOf(places: Float64Array, rowsAt: (i: number) => number): number {
  const rows = places.reduce((sum, _, i) => sum + rowsAt(i), 0);
  let below = 0;
  let middle = 0;
  while (middle < places.length - 1 && below + rowsAt(middle) < rows / 2) below += rowsAt(middle++);
  return places.reduce((sum, place, i) => {
    const distance = Math.abs(place - (places[middle] as number));
    return sum + (Number.isFinite(distance) ? rowsAt(i) * distance : 0);
  }, 0);
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
