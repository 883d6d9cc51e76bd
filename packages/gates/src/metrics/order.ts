import type { Numbers } from "./numbers.ts";
import { release } from "./release.ts";

/** Below this, comparing beats counting: the counting tables alone have 3 × 2,048 entries. */
const countingFrom = 2_000;

/** Bits of a digit: three of them make the 32 bits of a key, and a table of 2,048 counts stays in the fastest cache. */
const digitBits = 11;
const digitValues = 1 << digitBits;

/** Rows that agree in their first 24 bits are put in order by insertion up to this many, else by comparing. */
const insertionUpTo = 32;

/** Row numbers in ascending order of finite scores; rows of equal score (−0 equals 0) stay in their order. */
export function ascendingOrder(scores: Numbers): Uint32Array {
  return ascending(scores).order;
}

/**
 * The ascending order, with 1 in `tieEnd` where the row at the next place has another score, and at the last place.
 *
 * O(n): least significant digit radix sort (Knuth, TAOCP 3, 5.2.5) on the scores rounded to 32-bit floats, which keeps
 * their order, in three digits of 11 bits, digits that all rows share left out. Rows that rounding has made equal, few
 * as a rule and none where scores came as such floats, are then put in order by their doubles. Beside the result it
 * holds 12 bytes a row while it sorts.
 */
export function ascending(scores: Numbers): { order: Uint32Array; tieEnd: Uint8Array } {
  const n = scores.length;
  const tieEnd = new Uint8Array(n);
  if (n < countingFrom) {
    const order = inOrder(scores, rowNumbers(n));
    markTies(scores, order, tieEnd, 0, n);
    return { order, tieEnd };
  }
  const { rows, keys, exact } = byRoundedScore(scores);
  for (let start = 0, end = 1; start < n; start = end, end++) {
    while (end < n && keys[end] === keys[start]) {
      end++;
    }
    if (!exact && end - start > 1) {
      settle(scores, rows, start, end);
      markTies(scores, rows, tieEnd, start, end);
    }
    tieEnd[end - 1] = 1;
  }
  release(keys);
  return { order: rows, tieEnd };
}

function markTies(scores: Numbers, order: Uint32Array, tieEnd: Uint8Array, start: number, end: number): void {
  for (let i = start; i < end; i++) {
    const last = i + 1 === end;
    tieEnd[i] = last || scores[order[i] as number] !== scores[order[i + 1] as number] ? 1 : 0;
  }
}

/** A loop, because `Uint32Array.from` with a function takes as long as the sort. */
function rowNumbers(n: number): Uint32Array {
  const rows = new Uint32Array(n);
  for (let row = 0; row < n; row++) {
    rows[row] = row;
  }
  return rows;
}

function inOrder(scores: Numbers, rows: Uint32Array): Uint32Array {
  return rows.sort((a, b) => (scores[a] as number) - (scores[b] as number) || a - b);
}

/** Orders the rows at the places from `start` to before `end`, whose rounded scores are equal. */
function settle(scores: Numbers, rows: Uint32Array, start: number, end: number): void {
  let ascending = true;
  for (let i = start + 1; i < end && ascending; i++) {
    ascending = (scores[rows[i - 1] as number] as number) <= (scores[rows[i] as number] as number);
  }
  if (ascending) {
    return;
  }
  if (end - start > insertionUpTo) {
    inOrder(scores, rows.subarray(start, end));
    return;
  }
  for (let i = start + 1; i < end; i++) {
    const row = rows[i] as number;
    const score = scores[row] as number;
    let place = i;
    while (place > start && (scores[rows[place - 1] as number] as number) > score) {
      rows[place] = rows[place - 1] as number;
      place--;
    }
    rows[place] = row;
  }
}

/** What a pass moves: the keys go along with the rows, because fetching them by row would miss the cache. */
interface Keyed {
  rows: Uint32Array;
  keys: Uint32Array;
}

/** `exact` when no score was changed by rounding. */
function byRoundedScore(scores: Numbers): Keyed & { exact: boolean } {
  const n = scores.length;
  const { keys, exact } = sortableBits(scores);
  let from: Keyed = { rows: rowNumbers(n), keys };
  let to: Keyed = { rows: new Uint32Array(n), keys: new Uint32Array(n) };
  const starts = new Uint32Array(digitValues);
  for (let shift = 0; shift < 32; shift += digitBits) {
    if (countDigits(from.keys, shift, starts)) {
      continue;
    }
    distribute(from, to, shift, starts);
    [from, to] = [to, from];
  }
  release(to.rows);
  release(to.keys);
  return { ...from, exact };
}

function distribute(from: Keyed, to: Keyed, shift: number, starts: Uint32Array): void {
  const { rows, keys } = from;
  const [rowsTo, keysTo] = [to.rows, to.keys];
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i] as number;
    const digit = (key >>> shift) & (digitValues - 1);
    const place = starts[digit] as number;
    starts[digit] = place + 1;
    rowsTo[place] = rows[i] as number;
    keysTo[place] = key;
  }
}

/** Fills `starts` with the first place of every digit value; true when all rows share one value. */
function countDigits(keys: Uint32Array, shift: number, starts: Uint32Array): boolean {
  const n = keys.length;
  starts.fill(0);
  for (let i = 0; i < n; i++) {
    const digit = ((keys[i] as number) >>> shift) & (digitValues - 1);
    starts[digit] = (starts[digit] as number) + 1;
  }
  if (starts[((keys[0] as number) >>> shift) & (digitValues - 1)] === n) {
    return true;
  }
  let place = 0;
  for (let digit = 0; digit < digitValues; digit++) {
    const count = starts[digit] as number;
    starts[digit] = place;
    place += count;
  }
  return false;
}

/** The bits of the scores as 32-bit floats, arranged so that unsigned order is numeric order: all bits of negatives
 * turned over, the sign bit of the others. What no such float holds becomes an infinity, which keeps the order too. */
function sortableBits(scores: Numbers): { keys: Uint32Array; exact: boolean } {
  const rounded = new Float32Array(scores.length);
  let exact = true;
  for (let i = 0; i < scores.length; i++) {
    // −0 + 0 is 0.
    const score = (scores[i] as number) + 0;
    rounded[i] = score;
    exact = exact && rounded[i] === score;
  }
  const keys = new Uint32Array(rounded.buffer);
  for (let i = 0; i < keys.length; i++) {
    const word = keys[i] as number;
    keys[i] = word ^ (-(word >>> 31) | 0x80000000);
  }
  return { keys, exact };
}
