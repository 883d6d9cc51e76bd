/** Below this, comparing beats counting: the counting tables alone have 4 × 65,536 entries. */
const countingFrom = 20_000;

/**
 * Row numbers in ascending order of finite scores; rows of equal score (−0 equals 0) stay in their order.
 * O(n): least significant digit radix sort on the bits of the doubles (Knuth, TAOCP 3, 5.2.5), four digits of 16
 * bits, digits that all rows share left out. 1,000,000 rows take a tenth of a second.
 */
export function ascendingOrder(scores: Float64Array): Uint32Array {
  return scores.length < countingFrom ? byComparing(scores) : byCounting(scores);
}

/** A loop, because `Uint32Array.from` with a function takes as long as the sort. */
function rowNumbers(n: number): Uint32Array {
  const rows = new Uint32Array(n);
  for (let row = 0; row < n; row++) {
    rows[row] = row;
  }
  return rows;
}

function byComparing(scores: Float64Array): Uint32Array {
  return rowNumbers(scores.length).sort((a, b) => (scores[a] as number) - (scores[b] as number) || a - b);
}

/** What a pass moves: the keys go along with the rows, because fetching them by row would miss the cache. */
interface Keyed {
  rows: Uint32Array;
  low: Uint32Array;
  high: Uint32Array;
}

function byCounting(scores: Float64Array): Uint32Array {
  const n = scores.length;
  let from: Keyed = { rows: rowNumbers(n), ...sortableBits(scores) };
  let to: Keyed = { rows: new Uint32Array(n), low: new Uint32Array(n), high: new Uint32Array(n) };
  const starts = new Uint32Array(65536);
  for (let digit = 0; digit < 4; digit++) {
    const words = digit < 2 ? from.low : from.high;
    const shift = digit % 2 === 0 ? 0 : 16;
    if (countDigits(words, shift, starts)) {
      continue;
    }
    distribute(from, to, words, shift, starts);
    [from, to] = [to, from];
  }
  return from.rows;
}

function distribute(from: Keyed, to: Keyed, words: Uint32Array, shift: number, starts: Uint32Array): void {
  for (let i = 0; i < words.length; i++) {
    const value = ((words[i] as number) >>> shift) & 0xffff;
    const place = starts[value] as number;
    starts[value] = place + 1;
    to.rows[place] = from.rows[i] as number;
    to.low[place] = from.low[i] as number;
    to.high[place] = from.high[i] as number;
  }
}

/** Fills `starts` with the first place of every digit value; true when all rows share one value. */
function countDigits(words: Uint32Array, shift: number, starts: Uint32Array): boolean {
  const n = words.length;
  starts.fill(0);
  for (let i = 0; i < n; i++) {
    const value = ((words[i] as number) >>> shift) & 0xffff;
    starts[value] = (starts[value] as number) + 1;
  }
  if (starts[((words[0] as number) >>> shift) & 0xffff] === n) {
    return true;
  }
  let place = 0;
  for (let value = 0; value < starts.length; value++) {
    const count = starts[value] as number;
    starts[value] = place;
    place += count;
  }
  return false;
}

/** The doubles' bits, arranged so that unsigned order is numeric order: all bits of negatives turned over, the sign
 * bit of the others. */
function sortableBits(scores: Float64Array): { low: Uint32Array; high: Uint32Array } {
  const low = new Uint32Array(scores.length);
  const high = new Uint32Array(scores.length);
  const positiveZeros = new Float64Array(scores.length);
  for (let i = 0; i < scores.length; i++) {
    positiveZeros[i] = (scores[i] as number) + 0;
  }
  const words = new Uint32Array(positiveZeros.buffer);
  const little = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1;
  const [lowAt, highAt] = little ? [0, 1] : [1, 0];
  for (let i = 0; i < scores.length; i++) {
    const top = words[2 * i + highAt] as number;
    const ifNegative = -(top >>> 31);
    high[i] = top ^ (ifNegative | 0x80000000);
    low[i] = (words[2 * i + lowAt] as number) ^ ifNegative;
  }
  return { low, high };
}
