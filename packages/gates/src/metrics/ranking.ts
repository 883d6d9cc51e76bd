import type { Numbers } from "./numbers.ts";
import { ascending } from "./order.ts";

/** Binary labels in ascending order of score, laid out for passes over them that fetch nothing by row number. */
export interface Ranking {
  /** Row number at each place. */
  order: Uint32Array;
  /** 1 where the row at this place is labelled positive. */
  positive: Uint8Array;
  /** 1 where the row at the next place has another score, and at the last place. */
  tieEnd: Uint8Array;
  /** Weight of the row at each place; null where every row counts once. */
  weights: Float64Array | null;
}

/** Ranks 0/1 labels by finite scores. O(n). */
export function rankingOf(labels: Numbers, scores: Numbers, weights: Float64Array | null): Ranking {
  const { order, tieEnd } = ascending(scores);
  const n = order.length;
  // A byte a label stays in the cache while it is fetched by row number.
  const small = labels instanceof Uint8Array ? labels : new Uint8Array(labels);
  const positive = new Uint8Array(n);
  for (let i = 0; i < n; i++) {
    positive[i] = small[order[i] as number] as number;
  }
  const weightOfPlace = weights === null ? null : new Float64Array(n);
  for (let i = 0; weights !== null && weightOfPlace !== null && i < n; i++) {
    weightOfPlace[i] = weights[order[i] as number] as number;
  }
  return { order, positive, tieEnd, weights: weightOfPlace };
}
