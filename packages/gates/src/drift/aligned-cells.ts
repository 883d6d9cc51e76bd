import { coarsen, type NumericCells } from "./numeric-sketch.ts";

/** Two numeric columns counted in the same buckets: every one that either uses. */
export interface AlignedCells {
  level: number;
  keys: Float64Array;
  reference: Float64Array;
  current: Float64Array;
}

/** Both at the higher of their levels. */
export function align(ofReference: NumericCells, ofCurrent: NumericCells): AlignedCells {
  const level = Math.max(ofReference.level, ofCurrent.level);
  const [a, b] = [coarsen(ofReference, level), coarsen(ofCurrent, level)];
  const keys: number[] = [];
  const reference: number[] = [];
  const current: number[] = [];
  let [i, j] = [0, 0];
  while (i < a.keys.length || j < b.keys.length) {
    const [x, y] = [a.keys[i], b.keys[j]];
    const takeA = y === undefined || (x !== undefined && isAtMost(x, y));
    const takeB = x === undefined || (y !== undefined && isAtMost(y, x));
    keys.push((takeA ? x : y) as number);
    reference.push(takeA ? (a.counts[i++] as number) : 0);
    current.push(takeB ? (b.counts[j++] as number) : 0);
  }
  return {
    level,
    keys: Float64Array.from(keys),
    reference: Float64Array.from(reference),
    current: Float64Array.from(current),
  };
}

/** −0 is another bucket than 0, and below it. */
function isAtMost(a: number, b: number): boolean {
  return a < b || Object.is(a, b) || (a === b && Object.is(a, -0));
}
