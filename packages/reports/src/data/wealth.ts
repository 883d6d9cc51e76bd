/** The judge's e-values as lines to draw. */
import type { GateWealth } from "../inputs.ts";
import { keptByExtremes } from "./thin.ts";

/** Natural logarithm of an e-value, at a moment. */
export interface WealthPoint {
  at: number;
  log: number;
}

export interface WealthLine {
  points: WealthPoint[];
  needed: number;
  /** The first moment at which it was enough; null: never. */
  reachedAt: number | null;
}

/** Two a part and both ends: at most 300 points. */
const parts = 149;

/** Evidence that the gate is broken (`fail`) and that it is kept (`pass`), thinned without losing a peak. */
export function wealthLine({ points, needed }: GateWealth, side: "fail" | "pass"): WealthLine {
  const usable = points.filter((point) => !Number.isNaN(point[side]) && Number.isFinite(point.at));
  const kept = keptByExtremes(
    usable.length,
    (index) => Math.floor((index * parts) / usable.length),
    (index) => usable[index]?.[side] ?? 0,
  );
  const reached = usable.find((point) => needed[side] > 0 && point[side] >= needed[side]);
  return {
    points: kept.flatMap((index) => {
      const point = usable[index];
      return point === undefined ? [] : [{ at: point.at, log: point[side] }];
    }),
    needed: needed[side],
    reachedAt: reached?.at ?? null,
  };
}
