/** 0/1 labels with scores, the rows' ascending order (`ascendingOrder`), and how often each row counts. */
export interface RankedRows {
  labels: Float64Array;
  scores: Float64Array;
  order: Uint32Array;
  /** Without it every row counts once. */
  weights?: Uint8Array;
}

/**
 * Average precision: Σ (Rₙ − Rₙ₋₁)·Pₙ over the thresholds from the highest score down, rows of equal score entering
 * together (scikit-learn's definition, not the trapezoid). NaN without positives. O(n).
 */
export function averagePrecision(rows: RankedRows): number {
  const { scores, order } = rows;
  let [taken, hits, sum] = [0, 0, 0];
  for (let start = order.length - 1, end = start; start >= 0; start = end) {
    const score = scores[order[start] as number];
    let hitsHere = 0;
    for (; end >= 0 && scores[order[end] as number] === score; end--) {
      const row = order[end] as number;
      const weight = rows.weights === undefined ? 1 : (rows.weights[row] as number);
      taken += weight;
      hitsHere += rows.labels[row] === 1 ? weight : 0;
    }
    hits += hitsHere;
    if (hitsHere > 0) {
      sum += (hitsHere * hits) / taken;
    }
  }
  return sum / hits;
}

/** Kolmogorov-Smirnov distance: the largest gap between the distribution functions of the scores of positives and of
 * negatives. NaN when a class is missing. O(n). */
export function ksDistance(rows: RankedRows): number {
  const { scores, order, labels } = rows;
  let [positives, negatives] = [0, 0];
  for (let row = 0; row < labels.length; row++) {
    const weight = rows.weights === undefined ? 1 : (rows.weights[row] as number);
    labels[row] === 1 ? (positives += weight) : (negatives += weight);
  }
  let [positivesBelow, negativesBelow, largest] = [0, 0, 0];
  for (let i = 0; i < order.length; i++) {
    const row = order[i] as number;
    const weight = rows.weights === undefined ? 1 : (rows.weights[row] as number);
    labels[row] === 1 ? (positivesBelow += weight) : (negativesBelow += weight);
    if (scores[row] !== scores[order[i + 1] ?? -1]) {
      largest = Math.max(largest, Math.abs(positivesBelow / positives - negativesBelow / negatives));
    }
  }
  return positives === 0 || negatives === 0 ? Number.NaN : largest;
}
