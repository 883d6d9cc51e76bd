import type { AlignedCells } from "./aligned-cells.ts";
import {
  type Binned,
  type Counts,
  fewestExpected,
  loneBin,
  type ScaleBin,
  unseenNamed,
  usualBins,
  withUnseen,
} from "./bins.ts";
import { rangeOf } from "./numeric-sketch.ts";
import type { NumericProfile } from "./profile.ts";

/**
 * Bins of a numeric feature: a value each where the reference has at most ten, else its deciles as nearly as its
 * buckets allow (a value that many rows share fills a bin of its own). The bins depend on the current data only where
 * it needs coarser buckets.
 */
export function numericBins(
  reference: NumericProfile,
  current: NumericProfile,
  cells: AlignedCells,
  rows: Counts,
): Binned {
  const used = cells.reference.reduce((count, inCell) => count + (inCell > 0 ? 1 : 0), 0);
  const few = used <= usualBins;
  const values = few ? valueBins(cells) : [];
  const unseen = values.filter((bin) => bin.reference === 0);
  const bins = few ? withUnseen(values, rows) : rangeBins(cells, startsOf(cells.reference, binsFor(rows)));
  return {
    kind: "numeric",
    bins: [
      ...loneBin("-Infinity", reference.negativeInfinity, current.negativeInfinity),
      ...bins,
      ...loneBin("Infinity", reference.positiveInfinity, current.positiveInfinity),
      ...loneBin("missing", reference.missing, current.missing),
    ],
    unseen: {
      rows: unseen.reduce((sum, bin) => sum + bin.current, 0),
      names: unseen
        .map((bin) => ({ name: bin.first, rows: bin.current }))
        .sort((a, b) => b.rows - a.rows)
        .slice(0, unseenNamed),
    },
    notes: [
      ...notesOn(reference, current, used),
      ...(!few && binsFor(rows) < usualBins
        ? [`${binsFor(rows)} bins and not ${usualBins}, so that each is expected to hold ten rows`]
        : []),
    ],
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

function valueBins({ level, keys, reference, current }: AlignedCells): ScaleBin[] {
  return Array.from(keys, (key, i) => {
    const value = textOf(key, level);
    const counts = { reference: reference[i] as number, current: current[i] as number };
    return { order: "scale", of: "values", first: value, last: value, ...counts };
  });
}

function textOf(key: number, level: number): string {
  if (level === 0) return String(key);
  const { least, most } = rangeOf(key, level);
  return `[${short(least)}, ${short(most)}]`;
}

/** Deciles, or fewer so that each is expected to hold ten rows of the smaller table. By the number of rows alone: to put
 * bins together by what they hold would, where each has the same share of the reference, look at the current data. */
function binsFor({ reference, current }: Counts): number {
  return Math.max(2, Math.min(usualBins, Math.floor(Math.min(reference, current) / fewestExpected)));
}

/** The first cell of every bin: each takes what comes nearest to its share of the rows that are left. */
function startsOf(counts: Float64Array, bins: number): number[] {
  let left = counts.reduce((sum, rows) => sum + rows, 0);
  const starts = [0];
  let inBin = 0;
  counts.forEach((rows, i) => {
    const share = (left + inBin) / (bins + 1 - starts.length);
    const nearer = Math.abs(inBin + rows - share) > Math.abs(inBin - share);
    if (inBin > 0 && rows > 0 && nearer && starts.length < bins) {
      starts.push(i);
      inBin = 0;
    }
    inBin += rows;
    left -= rows;
  });
  return starts;
}

function rangeBins({ level, keys, reference, current }: AlignedCells, starts: readonly number[]): ScaleBin[] {
  const edges = starts.slice(1).map((start) => rangeOf(keys[start] as number, level).least);
  const texts = distinctTexts(edges);
  return starts.map((start, b) => {
    const end = starts[b + 1] ?? keys.length;
    const counts = { reference: sum(reference, start, end), current: sum(current, start, end) };
    return { order: "scale", of: "range", first: texts[b - 1] ?? "", last: texts[b] ?? "", ...counts };
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
