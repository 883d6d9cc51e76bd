import type { NumericCells } from "./numeric-sketch.ts";
import { mostCells } from "./numeric-sketch.ts";
import { readVarints, writeVarints } from "./varints.ts";

/**
 * Cells as text. A bucket has the place `magnitude bits >> level` on its side of zero; places count up from the most
 * negative bucket there can be. Runs of neighbours are written as: places left out before it, its length, the rows of
 * each. 512 neighbouring buckets of a million rows take 1.4 kB.
 */
export function writeCells({ level, keys, counts }: NumericCells): string {
  return writeRuns(
    Array.from(keys, (key) => placeOf(key, level)),
    counts,
  );
}

/** Undefined for what `writeCells` does not write. */
export function readCells(text: string, level: number): NumericCells | undefined {
  const runs = readRuns(text, mostCells);
  const places = 2n * sideOf(level);
  if (runs === undefined || runs.places.some((place) => place >= places)) return undefined;
  const keys = Float64Array.from(runs.places, (place) => keyOf(place, level));
  const isNumber =
    keys.every((key) => Number.isFinite(key)) &&
    !(level === 0 && keys.includes(-0) && keys.some((key) => Object.is(key, -0)));
  return isNumber ? { level, keys, counts: runs.counts } : undefined;
}

export function writeRuns(places: readonly bigint[], counts: Float64Array): string {
  const numbers: bigint[] = [];
  let end = 0n;
  for (let i = 0; i < places.length; ) {
    let length = 1;
    while (i + length < places.length && places[i + length] === (places[i] as bigint) + BigInt(length))
      length++;
    numbers.push((places[i] as bigint) - end, BigInt(length));
    for (let j = i; j < i + length; j++) numbers.push(BigInt(counts[j] as number));
    end = (places[i] as bigint) + BigInt(length);
    i += length;
  }
  return writeVarints(numbers);
}

/** Places ascending and rows above 0, or undefined. */
export function readRuns(text: string, most: number): { places: bigint[]; counts: Float64Array } | undefined {
  const numbers = readVarints(text);
  if (numbers === undefined || numbers.length > 3 * most) return undefined;
  const places: bigint[] = [];
  const counts: number[] = [];
  let end = 0n;
  for (let i = 0; i < numbers.length; ) {
    const [gap, length] = [numbers[i] as bigint, Number(numbers[i + 1] ?? 0n)];
    const rows = numbers.slice(i + 2, i + 2 + length);
    // A run that touches the one before it would be another spelling of one run.
    if (length === 0 || rows.length !== length || (gap === 0n && i > 0)) return undefined;
    for (let j = 0; j < length; j++) {
      places.push(end + gap + BigInt(j));
      counts.push(Number(rows[j]));
    }
    end += gap + BigInt(length);
    i += 2 + length;
  }
  const fine = places.length <= most && counts.every((count) => count > 0 && Number.isSafeInteger(count));
  return fine ? { places, counts: Float64Array.from(counts) } : undefined;
}

/** Buckets on one side of zero. */
function sideOf(level: number): bigint {
  return 1n << BigInt(63 - level);
}

const bits = new DataView(new ArrayBuffer(8));
const magnitude = (1n << 63n) - 1n;

function placeOf(key: number, level: number): bigint {
  bits.setFloat64(0, key);
  const pattern = bits.getBigUint64(0);
  const offset = (pattern & magnitude) >> BigInt(level);
  return pattern > magnitude ? sideOf(level) - 1n - offset : sideOf(level) + offset;
}

function keyOf(place: bigint, level: number): number {
  const side = sideOf(level);
  const negative = place < side;
  const offset = negative ? side - 1n - place : place - side;
  bits.setBigUint64(0, (offset << BigInt(level)) | (negative ? 1n << 63n : 0n));
  return bits.getFloat64(0);
}
