import { ascendingOrder } from "./order.ts";

/** Binary labels in ascending order of score, laid out for passes over them. */
export interface Ranking {
  /** Row number at each place. */
  order: Uint32Array;
  /** 1 where the row at this place is labelled positive. */
  positive: Uint8Array;
  /** 1 where the row at the next place has another score, and at the last place. */
  tieEnd: Uint8Array;
}

/** Ranks 0/1 labels by finite scores. O(n). */
export function rankingOf(labels: Float64Array, scores: Float64Array): Ranking {
  const order = ascendingOrder(scores);
  const positive = new Uint8Array(order.length);
  const tieEnd = new Uint8Array(order.length);
  let score = scores[order[0] ?? 0];
  for (let i = 0; i < order.length; i++) {
    const next = i + 1 < order.length ? scores[order[i + 1] as number] : undefined;
    positive[i] = labels[order[i] as number] as number;
    tieEnd[i] = score === next ? 0 : 1;
    score = next;
  }
  return { order, positive, tieEnd };
}
