import { type AlignedCells, align } from "./aligned-cells.ts";
import { type Bin, type Binned, type Counts, labelOf } from "./bins.ts";
import { testBins } from "./bins-test.ts";
import { categoryBins } from "./category-bins.ts";
import { ksOfCells, type Line, lineOf, wassersteinOfCells } from "./cell-distances.ts";
import { comparable, type Problem, type Side } from "./comparable.ts";
import { chi2, js, kl, psi } from "./divergences.ts";
import { distancesOf, sortedNumbers } from "./exact-distances.ts";
import { numericBins } from "./numeric-bins.ts";
import type { CategoricalProfile, ColumnProfile, NumericProfile } from "./profile.ts";
import { mergeSparse } from "./sparse-bins.ts";
import type { FeatureDrift } from "./types.ts";

/** One feature, measured; what gates read beyond what is reported. */
export interface Measured {
  drift: FeatureDrift;
  /** Why the feature cannot be compared: then every number is null. */
  problem: Problem | null;
  bins: readonly Bin[];
  /** Numbers only: where they lie and how many there are on each side. */
  line: Line | null;
}

/** Compares one feature of both tables; p is not yet adjusted. */
export function measureFeature(
  feature: string,
  reference: Side,
  current: Side,
  options: { seed: number; draws: number },
): Measured {
  const blank = blankOf(feature, reference, current);
  const columns = comparable(feature, reference, current);
  if ("reason" in columns)
    return { problem: columns, bins: [], line: null, drift: { ...blank, notes: [columns.reason] } };
  const { before, now } = columns;
  const { binned, cells } = binsOf(before, now, blank.rows);
  const bins = mergeSparse(binned.bins, blank.rows);
  const line = cells === null ? null : lineOf(cells, before as NumericProfile, now as NumericProfile);
  const moved = line === null ? null : movement(line, (cells as AlignedCells).level, reference, current);
  const [p, q] = [bins.map((bin) => bin.reference), bins.map((bin) => bin.current)];
  return {
    problem: null,
    bins,
    line,
    drift: {
      ...blank,
      kind: binned.kind,
      unseen: binned.unseen,
      psi: psi(p, q),
      kl: kl(p, q),
      js: js(p, q),
      chi2: chi2(p, q),
      ks: moved?.ks ?? null,
      wasserstein: moved?.wasserstein ?? null,
      ...testBins(bins, blank.rows, { name: feature, ...options }),
      bins: bins.map((bin) => ({ label: labelOf(bin), reference: bin.reference, current: bin.current })),
      notes: [...binned.notes, ...mergeNote(binned.bins, bins), ...(moved?.notes ?? [])],
    },
  };
}

function blankOf(feature: string, reference: Side, current: Side): FeatureDrift {
  const missing = ({ column, rows }: Side): number =>
    column === undefined || rows === 0 ? 1 : column.missing / rows;
  return {
    feature,
    kind: (reference.column ?? current.column)?.kind ?? "numeric",
    rows: { reference: reference.rows, current: current.rows },
    missing: { reference: missing(reference), current: missing(current) },
    unseen: { rows: 0, names: [] },
    psi: null,
    kl: null,
    js: null,
    chi2: null,
    ks: null,
    wasserstein: null,
    p: null,
    pAdjusted: null,
    test: null,
    bins: [],
    importance: null,
    drifted: false,
    notes: [],
  };
}

function binsOf(
  before: ColumnProfile,
  now: ColumnProfile,
  rows: Counts,
): { binned: Binned; cells: AlignedCells | null } {
  if (before.kind === "categorical")
    return { binned: categoryBins(before, now as CategoricalProfile, rows), cells: null };
  const cells = align(before.cells, (now as NumericProfile).cells);
  return { binned: numericBins(before, now as NumericProfile, cells, rows), cells };
}

function mergeNote(all: readonly Bin[], left: readonly Bin[]): string[] {
  const count = (bins: readonly Bin[]): number => bins.filter(({ order }) => order !== "alone").length;
  return count(left) === count(all)
    ? []
    : [`${count(all)} bins put together to ${count(left)}, so that each is expected to hold ten rows`];
}

/** KS and Wasserstein: of the rows where both tables are at hand, else of the cells. */
function movement(
  { places, reference: p, current: q }: Line,
  level: number,
  reference: Side,
  current: Side,
): { ks: number | null; wasserstein: number | null; notes: string[] } {
  const exact =
    reference.raw?.kind === "number" && current.raw?.kind === "number"
      ? distancesOf(sortedNumbers(reference.raw), sortedNumbers(current.raw))
      : null;
  const { ks, wasserstein } = exact ?? { ks: ksOfCells(p, q), wasserstein: wassersteinOfCells(places, p, q) };
  const notes = [];
  if (exact === null && level > 0)
    notes.push("KS and Wasserstein distance are of the profiles' buckets, not of single rows");
  if (wasserstein === Number.POSITIVE_INFINITY)
    notes.push("no Wasserstein distance: the shares of infinite values differ");
  return {
    ks: Number.isFinite(ks) ? ks : null,
    wasserstein: Number.isFinite(wasserstein) ? wasserstein : null,
    notes,
  };
}
