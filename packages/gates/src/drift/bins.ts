import type { FeatureKind } from "./types.ts";

/** One bin of both tables. Bins of one `order` may be put together when they hold too little for a test: neighbours
 * of `scale`, the smallest of `names`. The others stand for themselves and never are. */
export interface Bin {
  label: string;
  reference: number;
  current: number;
  order: "scale" | "names" | "alone";
}

export interface Binned {
  kind: FeatureKind;
  bins: Bin[];
  unseen: { rows: number; names: { name: string; rows: number }[] };
  notes: string[];
}

/** Deciles of the reference, as PSI is usually read. */
export const usualBins = 10;

export function missingBin(reference: number, current: number): Bin[] {
  return reference + current === 0 ? [] : [{ label: "missing", reference, current, order: "alone" }];
}

export function unseenBin(rows: number): Bin[] {
  return rows === 0 ? [] : [{ label: "unseen", reference: 0, current: rows, order: "alone" }];
}
