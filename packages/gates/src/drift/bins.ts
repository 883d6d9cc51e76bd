import type { FeatureKind } from "./types.ts";

/** Rows of both tables. */
export interface Counts {
  reference: number;
  current: number;
}

/** A piece of the line of numbers: from `first` up to `last`, which it has (values) or has not (ranges). "" is the end
 * of the line. */
export interface ScaleBin extends Counts {
  order: "scale";
  of: "values" | "range";
  first: string;
  last: string;
}

/** A category, or several that are rare. */
export interface NameBin extends Counts {
  order: "names";
  name: string;
  categories: number;
  /** How many of them the reference does not have. */
  unseen: number;
}

/** What stands for itself and is never put together with others. */
export interface LoneBin extends Counts {
  order: "alone";
  label: "missing" | "unseen" | "Infinity" | "-Infinity";
}

/** One bin of both tables, in rows. */
export type Bin = ScaleBin | NameBin | LoneBin;

export interface Binned {
  kind: FeatureKind;
  bins: Bin[];
  unseen: { rows: number; names: { name: string; rows: number }[] };
  notes: string[];
}

/** Deciles of the reference, as PSI is usually read. */
export const usualBins = 10;

/** Categories of which a result names that the reference does not have. */
export const unseenNamed = 10;

/** A bin of its own, where there is a row. */
export function loneBin(label: LoneBin["label"], reference: number, current: number): LoneBin[] {
  return reference + current === 0 ? [] : [{ order: "alone", label, reference, current }];
}

/** Rows of the smaller table expected in a bin: with fewer, bins are put together. */
export const fewestExpected = 10;

/** Rows of the smaller table that a bin can be expected to hold. */
export function expectedIn({ reference, current }: Counts, rows: Counts): number {
  return ((reference + current) * Math.min(rows.reference, rows.current)) / (rows.reference + rows.current);
}

export function isSparse(bin: Counts, rows: Counts): boolean {
  return expectedIn(bin, rows) < fewestExpected;
}

/**
 * Bins of what the reference has and of what it has not. The latter are one bin, `unseen`, where the reference knows
 * none but frequent ones. Where it knows rare ones, it has missed others by chance: to put together what only the
 * current data happens to have, and not what only the reference has, would see drift where there is none. Then each
 * stands among the others, and the rare, seen or not, are put together.
 */
export function withUnseen<B extends Bin>(bins: readonly B[], rows: Counts): (B | LoneBin)[] {
  const seen = bins.filter(({ reference }) => reference > 0);
  if (seen.some((bin) => isSparse(bin, rows))) return [...bins];
  const unseen = bins.reduce((sum, { reference, current }) => sum + (reference === 0 ? current : 0), 0);
  return [...seen, ...loneBin("unseen", 0, unseen)];
}

const reserved: readonly string[] = ["", "missing", "unseen"];

export function labelOf(bin: Bin): string {
  if (bin.order === "alone") return bin.label;
  if (bin.order === "names") {
    const name = reserved.includes(bin.name) ? JSON.stringify(bin.name) : bin.name;
    if (bin.categories === 1) return bin.unseen === 0 ? name : `${name} (unseen)`;
    return `${bin.categories} rare categories${bin.unseen === 0 ? "" : ` (${bin.unseen} unseen)`}`;
  }
  const { of, first, last } = bin;
  if (of === "values") return first === last ? first : `${first} to ${last}`;
  if (first === "") return last === "" ? "any number" : `< ${last}`;
  return last === "" ? `>= ${first}` : `[${first}, ${last})`;
}

/** Two bins of one order, the first below the second on a scale. */
export function together(a: Bin, b: Bin): Bin {
  const counts = { reference: a.reference + b.reference, current: a.current + b.current };
  if (a.order === "scale" && b.order === "scale") return { ...a, ...counts, last: b.last };
  if (a.order === "names" && b.order === "names")
    return { ...a, ...counts, categories: a.categories + b.categories, unseen: a.unseen + b.unseen };
  throw new Error("bins of different orders are never put together");
}
