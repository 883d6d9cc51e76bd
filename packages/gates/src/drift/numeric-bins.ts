import type { AlignedCells } from "./aligned-cells.ts";
import { type Bin, type Binned, missingBin, unseenBin, usualBins } from "./bins.ts";
import { rangeOf } from "./numeric-sketch.ts";
import type { NumericProfile } from "./profile.ts";

/**
 * Bins of a numeric feature: a value each where the reference has at most ten, else its deciles as nearly as its
 * buckets allow (a value that many rows share fills a bin of its own). The bins depend on the current data only where
 * it needs coarser buckets.
 */
export function numericBins(reference: NumericProfile, current: NumericProfile, cells: AlignedCells): Binned {
  const used = cells.reference.reduce((count, rows) => count + (rows > 0 ? 1 : 0), 0);
  const few = used <= usualBins;
  const starts = few ? null : startsOf(cells.reference);
  const { bins, unseen } =
    starts === null ? valueBins(cells) : { bins: rangeBins(cells, starts), unseen: [] };
  const unseenRows = unseen.reduce((sum, { rows }) => sum + rows, 0);
  return {
    kind: "numeric",
    bins: [
      ...infinite("-Infinity", reference.negativeInfinity, current.negativeInfinity),
      ...bins,
      ...infinite("Infinity", reference.positiveInfinity, current.positiveInfinity),
      ...unseenBin(unseenRows),
      ...missingBin(reference.missing, current.missing),
    ],
    unseen: { rows: unseenRows, names: unseen.sort((a, b) => b.rows - a.rows).slice(0, 10) },
    notes: notesOn(reference, current, used),
  };
}

function notesOn(reference: NumericProfile, current: NumericProfile, used: number): string[] {
  const notes: string[] = [];
  if (used === 1 && reference.minimum === reference.maximum)
    notes.push(`the reference is constant: ${reference.minimum}`);
  for (const [side, { nan, negativeInfinity, positiveInfinity }] of [
    ["reference", reference],
    ["current", current],
  ] as const) {
    if (nan > 0) notes.push(`${nan} NaN of the ${side} data count as missing`);
    if (negativeInfinity + positiveInfinity > 0)
      notes.push(
        `the ${side} data has ${negativeInfinity + positiveInfinity} infinite values, in bins of their own`,
      );
  }
  return notes;
}

function infinite(label: string, reference: number, current: number): Bin[] {
  return reference + current === 0 ? [] : [{ label, reference, current, order: "alone" }];
}

function valueBins({ level, keys, reference, current }: AlignedCells): {
  bins: Bin[];
  unseen: { name: string; rows: number }[];
} {
  const bins: Bin[] = [];
  const unseen: { name: string; rows: number }[] = [];
  keys.forEach((key, i) => {
    const label = labelOf(key, level);
    if ((reference[i] as number) > 0)
      bins.push({ label, reference: reference[i] as number, current: current[i] as number, order: "scale" });
    else unseen.push({ name: label, rows: current[i] as number });
  });
  return { bins, unseen };
}

function labelOf(key: number, level: number): string {
  if (level === 0) return String(key);
  const { least, most } = rangeOf(key, level);
  return `[${short(least)}, ${short(most)}]`;
}

/** The first cell of every bin: each takes what comes nearest to its share of the rows that are left. */
function startsOf(counts: Float64Array): number[] {
  let left = counts.reduce((sum, rows) => sum + rows, 0);
  const starts = [0];
  let inBin = 0;
  counts.forEach((rows, i) => {
    const share = (left + inBin) / (usualBins + 1 - starts.length);
    const nearer = Math.abs(inBin + rows - share) > Math.abs(inBin - share);
    if (inBin > 0 && rows > 0 && nearer && starts.length < usualBins) {
      starts.push(i);
      inBin = 0;
    }
    inBin += rows;
    left -= rows;
  });
  return starts;
}

function rangeBins({ level, keys, reference, current }: AlignedCells, starts: readonly number[]): Bin[] {
  const edges = starts.slice(1).map((start) => rangeOf(keys[start] as number, level).least);
  const texts = distinctTexts(edges);
  return starts.map((start, b) => {
    const end = starts[b + 1] ?? keys.length;
    const label =
      b === 0
        ? `< ${texts[0]}`
        : b === starts.length - 1
          ? `>= ${texts[b - 1]}`
          : `[${texts[b - 1]}, ${texts[b]})`;
    return {
      label,
      reference: sum(reference, start, end),
      current: sum(current, start, end),
      order: "scale",
    };
  });
}

function sum(counts: Float64Array, start: number, end: number): number {
  return counts.subarray(start, end).reduce((total, rows) => total + rows, 0);
}

/** Four digits, or as many as it takes to tell neighbours apart. */
function distinctTexts(edges: readonly number[]): string[] {
  for (let digits = 4; digits <= 17; digits++) {
    const texts = edges.map((edge) => short(edge, digits));
    if (texts.every((text, i) => i === 0 || text !== texts[i - 1])) return texts;
  }
  return edges.map(String);
}

function short(value: number, digits = 4): string {
  return String(Number(value.toPrecision(digits)));
}
