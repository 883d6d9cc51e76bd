import type { Sweep } from "./sweep.ts";

export interface RocCurve {
  /** [false positive rate, true positive rate], from (0, 0) to (1, 1). */
  points: [number, number][];
  /** Area under the whole curve, before it was thinned; equals the Mann-Whitney statistic. */
  auc: number;
}

/** A curve from corner to corner has length 2 in x + y; one point is kept for each of so many equal parts of it. */
const parts = 480;

/**
 * ROC curve with ties as one slanted step, thinned to at most 482 points. Both rates only ever rise, so what
 * is left out between two kept points lies within 2/480 (in x + y) of the first: on a plot of 300 pixels the line that
 * is drawn strays less than a pixel from the true one.
 *
 * @returns null when a class is missing: there is no curve then.
 */
export function rocCurve({ truePositives, falsePositives, positives, negatives }: Sweep): RocCurve | null {
  if (!(positives > 0 && negatives > 0)) return null;
  let before: [number, number] = [0, 0];
  const points = [before];
  let [area, kept] = [0, 0];
  for (let step = 0; step < truePositives.length; step++) {
    const point: [number, number] = [
      (falsePositives[step] ?? 0) / negatives,
      (truePositives[step] ?? 0) / positives,
    ];
    area += ((point[0] - before[0]) * (point[1] + before[1])) / 2;
    const part = Math.floor(((point[0] + point[1]) / 2) * parts);
    if (part > kept) {
      points.push(point);
      kept = part;
    }
    before = point;
  }
  if (points.at(-1) !== before) points.push(before);
  return { points, auc: area };
}
