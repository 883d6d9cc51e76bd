/** The 1,000,000 rows of `fixtures/million.py`, made from row numbers and whole numbers alone, so that only figures about
 * them are committed. */
export const millionRows = 1_000_000;

export function million(): {
  labels: Float64Array;
  candidate: Float64Array;
  baseline: Float64Array;
  weights: Float64Array;
} {
  const make = (of: (row: number) => number): Float64Array => {
    const values = new Float64Array(millionRows);
    for (let row = 0; row < millionRows; row++) {
      values[row] = of(row);
    }
    return values;
  };
  const labels = make((row) => (bits(row, 1) % 1000 < 300 ? 1 : 0));
  return {
    labels,
    candidate: make((row) => ((labels[row] as number) * 200 + (bits(row, 2) % 825)) / 1024),
    baseline: make((row) => ((labels[row] as number) * 600_000_000 + (bits(row, 3) >>> 1)) / 2 ** 32),
    weights: make((row) => 1 + (bits(row, 4) % 4)),
  };
}

/** MurmurHash3's finaliser of row · 8 + stream: 32 bits. */
function bits(row: number, stream: number): number {
  let h = row * 8 + stream;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
