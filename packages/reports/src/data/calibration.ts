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

/** Bins of (nearly) equal numbers of rows, so that every point rests on as much: fewer than ten where rows are few or
 * scores are tied, for equal scores are never parted. */
export function calibrationBins({ labels, scores }: LabelledScores, wanted = 10): CalibrationBin[] {
  const order = ascendingOrder(scores);
  const size = Math.max(20, Math.ceil(order.length / wanted));
  const bins: CalibrationBin[] = [];
  for (let start = 0; start < order.length; ) {
    let end = Math.min(order.length, start + size);
    while (end < order.length && scores[order[end] ?? 0] === scores[order[end - 1] ?? 0]) end++;
    if (order.length - end < size / 2) end = order.length;
    let [sum, positives] = [0, 0];
    for (let place = start; place < end; place++) {
      sum += scores[order[place] ?? 0] ?? 0;
      positives += labels[order[place] ?? 0] === 1 ? 1 : 0;
    }
    const rows = end - start;
    const { low, high } = proportionInterval(positives, rows, 0.95);
    bins.push({ predicted: sum / rows, observed: positives / rows, low, high, rows });
    start = end;
  }
  return bins;
}
