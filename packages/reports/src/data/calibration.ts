import { ascendingOrder } from "@ml-actions/gates/metrics/order";
import { proportionInterval } from "@ml-actions/gates/statistics/proportion";
import type { LabelledScores } from "./rows.ts";

export interface CalibrationBin {
  /** Mean score of the bin's rows. */
  predicted: number;
  /** Share of positives among them, with its interval at 95 % a side (Clopper-Pearson). */
  observed: number;
  low: number;
  high: number;
  rows: number;
}

const binsWanted = 10;

/**
 * Bins of (nearly) equal numbers of rows, so that every point rests on as much: fewer than ten where rows are few or
 * scores are tied, for equal scores are never parted. Of weighted rows the interval is that of Kish's effective number
 * of rows, (Σw)² / Σw² (L. Kish, Survey Sampling, 1965, §8.2).
 *
 * @param order rows by ascending score, where the caller has sorted them already
 */
export function calibrationBins(
  { labels, scores, weights }: LabelledScores,
  order: Uint32Array = ascendingOrder(scores),
): CalibrationBin[] {
  const size = Math.max(20, Math.ceil(order.length / binsWanted));
  const bins: CalibrationBin[] = [];
  for (let start = 0; start < order.length; ) {
    let end = Math.min(order.length, start + size);
    while (end < order.length && scores[order[end] ?? 0] === scores[order[end - 1] ?? 0]) end++;
    if (order.length - end < size / 2) end = order.length;
    let [sum, positives, total, squares] = [0, 0, 0, 0];
    for (let place = start; place < end; place++) {
      const row = order[place] ?? 0;
      const weight = weights === null ? 1 : (weights[row] ?? 0);
      sum += weight * (scores[row] ?? 0);
      positives += labels[row] === 1 ? weight : 0;
      total += weight;
      squares += weight * weight;
    }
    const observed = positives / total;
    const effective = Math.max(1, Math.round((total * total) / squares));
    const { low, high } = proportionInterval(Math.round(observed * effective), effective, 0.95);
    bins.push({ predicted: sum / total, observed, low, high, rows: end - start });
    start = end;
  }
  return bins;
}
