import { visible } from "../language/messages.ts";
import { type AlignedCells, align } from "./aligned-cells.ts";
import type { Bin, Binned } from "./bins.ts";
import { testBins } from "./bins-test.ts";
import { categoryBins } from "./category-bins.ts";
import { ksOfCells, type Line, lineOf, wassersteinOfCells } from "./cell-distances.ts";
import { chi2, js, kl, psi } from "./divergences.ts";
import { distancesOf, sortedNumbers } from "./exact-distances.ts";
import { isEmpty } from "./merge.ts";
import { numericBins } from "./numeric-bins.ts";
import type { CategoricalProfile, ColumnProfile, NumericProfile } from "./profile.ts";
import { mergeSparse } from "./sparse-bins.ts";
import type { FeatureColumn, FeatureDrift, FeatureKind } from "./types.ts";

export interface Side {
  rows: number;
  column: ColumnProfile | undefined;
  /** The rows themselves, where they are at hand. */
  raw: FeatureColumn | undefined;
}

/** One feature, measured; what gates read beyond what is reported. */
export interface Measured {
  drift: FeatureDrift;
  /** Why the feature cannot be compared: then every number is null. */
  problem: { reason: string; settle: string } | null;
  bins: readonly Bin[];
  /** Numbers only: where they lie and how many there are on each side. */
  line: Line | null;
}

/** A feature with fewer rows than this says little. */
export const fewestRows = 30;

/** Compares one feature of both tables; p is not yet adjusted. */
export function measureFeature(
  feature: string,
  reference: Side,
  current: Side,
  options: { seed: number; draws: number },
): Measured {
  const rows = { reference: reference.rows, current: current.rows };
  const problem = problemOf(feature, reference, current);
  if (problem !== null) return unmeasured(feature, reference, current, problem);
  const [before, now] = sameKind(reference.column as ColumnProfile, current.column as ColumnProfile);
  const { binned, cells } = binsOf(before, now);
  const bins = mergeSparse(binned.bins, rows);
  const [p, q] = [bins.map((bin) => bin.reference), bins.map((bin) => bin.current)];
  const ordinary = binned.bins.filter(({ order }) => order !== "alone").length;
  const left = bins.filter(({ order }) => order !== "alone").length;
  const line = cells === null ? null : lineOf(cells, before as NumericProfile, now as NumericProfile);
  const distances = line === null ? null : distances_(line, cells as AlignedCells, reference, current);
  const { p: chance, test } = testBins(bins, rows, { name: feature, ...options });
  return {
    problem: null,
    bins,
    line,
    drift: {
      feature,
      kind: binned.kind,
      rows,
      missing: { reference: before.missing / rows.reference, current: now.missing / rows.current },
      unseen: binned.unseen,
      psi: psi(p, q),
      kl: kl(p, q),
      js: js(p, q),
      chi2: chi2(p, q),
      ks: distances?.ks ?? null,
      wasserstein: distances?.wasserstein ?? null,
      p: chance,
      pAdjusted: null,
      test,
      bins: bins.map(({ label, reference: r, current: c }) => ({ label, reference: r, current: c })),
      importance: null,
      drifted: false,
      notes: [
        ...binned.notes,
        ...(left < ordinary
          ? [`${ordinary} bins put together to ${left}, so that each is expected to hold ten rows`]
          : []),
        ...(distances?.notes ?? []),
      ],
    },
  };
}

function binsOf(before: ColumnProfile, now: ColumnProfile): { binned: Binned; cells: AlignedCells | null } {
  if (before.kind === "categorical")
    return { binned: categoryBins(before, now as CategoricalProfile), cells: null };
  const cells = align(before.cells, (now as NumericProfile).cells);
  return { binned: numericBins(before, now as NumericProfile, cells), cells };
}

function distances_(
  { places, reference: p, current: q }: Line,
  { level }: AlignedCells,
  reference: Side,
  current: Side,
): { ks: number | null; wasserstein: number | null; notes: string[] } {
  const raw =
    reference.raw?.kind === "number" && current.raw?.kind === "number"
      ? distancesOf(sortedNumbers(reference.raw), sortedNumbers(current.raw))
      : null;
  const { ks, wasserstein } = raw ?? { ks: ksOfCells(p, q), wasserstein: wassersteinOfCells(places, p, q) };
  const approximate = raw === null && level > 0;
  return {
    ks: Number.isFinite(ks) ? ks : null,
    wasserstein: Number.isFinite(wasserstein) ? wasserstein : null,
    notes: [
      ...(approximate ? ["KS and Wasserstein are of the profiles' buckets, not of single rows"] : []),
      ...(wasserstein === Number.POSITIVE_INFINITY
        ? ["no Wasserstein distance: the shares of infinite values differ"]
        : []),
    ],
  };
}

function problemOf(feature: string, reference: Side, current: Side): Measured["problem"] {
  const name = visible(feature);
  for (const [side, { column, rows }] of [
    ["reference", reference],
    ["current", current],
  ] as const) {
    if (column === undefined)
      return {
        reason: `${name} is not in the ${side} data`,
        settle: `give the ${side} data the column ${name}, or leave the feature out`,
      };
    if (rows < fewestRows)
      return {
        reason: `the ${side} data has ${rows} rows, fewer than ${fewestRows}`,
        settle: `need ${fewestRows} rows, have ${rows}`,
      };
  }
  const [before, now] = [reference.column as ColumnProfile, current.column as ColumnProfile];
  return before.kind === now.kind || isEmpty(before) || isEmpty(now)
    ? null
    : {
        reason: `${name} changed its type: ${before.kind} in the reference, ${now.kind} in the current data`,
        settle: `give ${name} one type in both`,
      };
}

/** A column without a value takes the kind of the other side. */
function sameKind(before: ColumnProfile, now: ColumnProfile): [ColumnProfile, ColumnProfile] {
  if (before.kind === now.kind) return [before, now];
  return isEmpty(before) ? [emptyAs(now.kind, before), now] : [before, emptyAs(before.kind, now)];
}

function emptyAs(kind: FeatureKind, { missing, nan }: ColumnProfile): ColumnProfile {
  const none = new Float64Array(0);
  return kind === "categorical"
    ? { kind, missing, nan, categories: { by: "name", names: [], counts: none } }
    : {
        kind,
        missing,
        nan,
        negativeInfinity: 0,
        positiveInfinity: 0,
        minimum: null,
        maximum: null,
        cells: { level: 0, keys: none, counts: none },
      };
}

function unmeasured(
  feature: string,
  reference: Side,
  current: Side,
  problem: { reason: string; settle: string },
): Measured {
  const share = ({ column, rows }: Side): number =>
    column === undefined || rows === 0 ? 1 : column.missing / rows;
  return {
    problem,
    bins: [],
    line: null,
    drift: {
      feature,
      kind: (reference.column ?? current.column)?.kind ?? "numeric",
      rows: { reference: reference.rows, current: current.rows },
      missing: { reference: share(reference), current: share(current) },
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
      notes: [problem.reason],
    },
  };
}
