/** Rows counted in a grid: a scatter plot of a million rows is a blot, and as large as the data. */
export interface Density {
  columns: number;
  rows: number;
  /** Row by row from the lowest y, `columns` × `rows` counts. */
  counts: Float64Array;
  largest: number;
}

/** Points outside the ranges are counted at the edge. */
export function density(
  x: Float64Array,
  y: Float64Array,
  [x0, x1]: readonly [number, number],
  [y0, y1]: readonly [number, number],
  [columns, rows]: readonly [number, number],
  weights: Float64Array | null = null,
): Density {
  const counts = new Float64Array(columns * rows);
  const place = (value: number, from: number, to: number, cells: number) =>
    Math.max(0, Math.min(cells - 1, Math.floor(((value - from) / (to - from)) * cells)));
  let largest = 0;
  for (let index = 0; index < x.length; index++) {
    const cell = place(y[index] ?? 0, y0, y1, rows) * columns + place(x[index] ?? 0, x0, x1, columns);
    const count = (counts[cell] ?? 0) + (weights === null ? 1 : (weights[index] ?? 0));
    counts[cell] = count;
    if (count > largest) largest = count;
  }
  return { columns, rows, counts, largest };
}
