/** Rows (or their weights) by true class (row) and predicted class (column). */
export interface ConfusionMatrix {
  names: string[];
  counts: number[][];
  /** Classes beyond the cap, merged into the last row and column; 0 when all are shown. */
  merged: number;
}

const classesShown = 15;

/** The predicted class is the one of the highest score, the first among equals; rows with NaN are left out. Beyond 15
 * classes those with the fewest rows are merged into "other". */
export function confusionMatrix(
  labels: Float64Array,
  scores: Float64Array,
  classes: readonly string[],
  weights: Float64Array | null = null,
): ConfusionMatrix {
  const size = classes.length;
  const full = Array.from({ length: size }, () => new Float64Array(size));
  for (let row = 0; row < labels.length; row++) {
    const label = labels[row] ?? -1;
    const predicted = highest(scores, row * size, size);
    const line = full[label];
    if (predicted >= 0 && line !== undefined)
      line[predicted] = (line[predicted] ?? 0) + (weights === null ? 1 : (weights[row] ?? 0));
  }
  if (size <= classesShown) {
    return { names: [...classes], counts: full.map((line) => [...line]), merged: 0 };
  }
  return merge(full, classes);
}

/** The same with the class that the baseline predicts in place of the true one. */
export function agreementMatrix(
  baseline: Float64Array,
  candidate: Float64Array,
  classes: readonly string[],
  weights: Float64Array | null = null,
): ConfusionMatrix {
  const rows = classes.length === 0 ? 0 : Math.floor(baseline.length / classes.length);
  const predicted = Float64Array.from({ length: rows }, (_, row) =>
    highest(baseline, row * classes.length, classes.length),
  );
  return confusionMatrix(predicted, candidate, classes, weights);
}

/** Index of the highest of `size` scores from `start`; −1 when one of them is not a number. */
function highest(scores: Float64Array, start: number, size: number): number {
  let best = 0;
  for (let index = 0; index < size; index++) {
    const score = scores[start + index] ?? Number.NaN;
    if (Number.isNaN(score)) return -1;
    if (score > (scores[start + best] ?? 0)) best = index;
  }
  return best;
}

function merge(full: readonly Float64Array[], classes: readonly string[]): ConfusionMatrix {
  const totals = full.map((line) => line.reduce((sum, count) => sum + count, 0));
  const largest = totals
    .map((total, index) => ({ total, index }))
    .toSorted((a, b) => b.total - a.total || a.index - b.index)
    .slice(0, classesShown - 1)
    .map(({ index }) => index)
    .toSorted((a, b) => a - b);
  const place = new Map(largest.map((index, at) => [index, at]));
  const counts = Array.from({ length: classesShown }, () => new Array<number>(classesShown).fill(0));
  full.forEach((line, truth) => {
    const target = counts[place.get(truth) ?? classesShown - 1];
    line.forEach((count, predicted) => {
      const column = place.get(predicted) ?? classesShown - 1;
      if (target !== undefined) target[column] = (target[column] ?? 0) + count;
    });
  });
  const merged = classes.length - largest.length;
  return { names: [...largest.map((index) => classes[index] ?? ""), `${merged} others`], counts, merged };
}
