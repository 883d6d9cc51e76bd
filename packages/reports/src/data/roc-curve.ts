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
export function rocCurve(sweep: Sweep): RocCurve | null {
  const { truePositives, falsePositives, positives, negatives } = sweep;
  if (!(positives > 0 && negatives > 0)) return null;
  const steps = truePositives.length;
  const points: [number, number][] = [[0, 0]];
  let kept = 0;
  for (let step = 0; step < steps; step++) {
    const x = (falsePositives[step] ?? 0) / negatives;
    const y = (truePositives[step] ?? 0) / positives;
    const part = Math.floor(((x + y) / 2) * parts);
    if (part > kept || step === steps - 1) points.push([x, y]);
    kept = part;
  }
  return { points, auc: areaUnder(sweep) };
}

/** Trapezoids between the steps. In weights, which are whole where rows are not weighted: so their sum is exact. */
function areaUnder({ truePositives, falsePositives, positives, negatives }: Sweep): number {
  let area = 0;
  let lastTrue = 0;
  let lastFalse = 0;
  for (let step = 0; step < truePositives.length; step++) {
    const nowTrue = truePositives[step] ?? 0;
    const nowFalse = falsePositives[step] ?? 0;
    area += ((nowFalse - lastFalse) * (nowTrue + lastTrue)) / 2;
    lastTrue = nowTrue;
    lastFalse = nowFalse;
  }
  return area / positives / negatives;
}
