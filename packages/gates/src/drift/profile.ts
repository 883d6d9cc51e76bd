import { GatesError } from "../error.ts";
import { visible } from "../language/messages.ts";
import { type CategoryCounts, CategorySketch } from "./category-sketch.ts";
import { type NumericCells, NumericSketch } from "./numeric-sketch.ts";
import type { FeatureColumn, FeatureTable } from "./types.ts";

/** What drift needs to know of a numeric column. */
export interface NumericProfile {
  kind: "numeric";
  /** Rows that are absent or NaN, and the part of them that is NaN. */
  missing: number;
  nan: number;
  negativeInfinity: number;
  positiveInfinity: number;
  /** Of the finite numbers; null when there are none. */
  minimum: number | null;
  maximum: number | null;
  cells: NumericCells;
}

/** What drift needs to know of a column of categories. */
export interface CategoricalProfile {
  kind: "categorical";
  missing: number;
  nan: number;
  categories: CategoryCounts;
}

export type ColumnProfile = NumericProfile | CategoricalProfile;

/** A table reduced to counts: a kilobyte a column, however many rows. Columns stand in the order of their names. */
export interface Profile {
  rows: number;
  columns: ReadonlyMap<string, ColumnProfile>;
}

export type Sketch = NumericSketch | CategorySketch;

/**
 * Reduces tables to a profile, batch by batch. Batches are parts of one table: all have the same columns, a column one
 * kind; string dictionaries may differ. Profiles of parts made elsewhere are put together by `mergeProfiles`, with the
 * same result to the byte.
 */
export class ProfileBuilder {
  private rows = 0;
  private readonly sketches = new Map<string, Sketch>();
  private readonly wanted: ReadonlySet<string> | null;
  private readonly categorical: ReadonlySet<string>;

  /** `columns`: only these; `categorical`: numbers that are names, such as codes of airports.
   * @throws GatesError `drift` (from `add`) for such a column that the table does not have */
  constructor(options: { columns?: readonly string[]; categorical?: readonly string[] } = {}) {
    this.wanted = options.columns === undefined ? null : new Set(options.columns);
    this.categorical = new Set(options.categorical);
  }

  add(table: FeatureTable): void {
    this.assertColumns(table);
    for (const [name, column] of table.columns) {
      if (this.wanted !== null && !this.wanted.has(name)) continue;
      const sketch = this.sketches.get(name) ?? this.sketchFor(column);
      addColumn(sketch, column, table.rows);
      this.sketches.set(name, sketch);
    }
    this.rows += table.rows;
  }

  profile(): Profile {
    return profileOf(this.rows, this.sketches);
  }

  private sketchFor(column: FeatureColumn): Sketch {
    const numeric = column.kind === "number" && !this.categorical.has(column.name);
    return numeric ? new NumericSketch() : new CategorySketch();
  }

  private assertColumns({ columns }: FeatureTable): void {
    const asked = [...(this.wanted ?? []), ...this.categorical];
    const absent = new Set(asked.filter((name) => !columns.has(name)));
    if (absent.size > 0) {
      throw new GatesError(
        "drift",
        `The data has no column ${[...absent].map(visible).join(", ")}.`,
        `Name columns that it has: ${[...columns.keys()].slice(0, 20).map(visible).join(", ")}.`,
      );
    }
    if (this.sketches.size === 0) return;
    const names = [...columns.keys()].filter((name) => this.wanted === null || this.wanted.has(name));
    const strange = names.filter((name) => !this.sketches.has(name));
    const lacking = [...this.sketches.keys()].filter((name) => !columns.has(name));
    if (strange.length + lacking.length > 0) throw differentParts([...strange, ...lacking]);
    for (const [name, sketch] of this.sketches) {
      const now = this.sketchFor(columns.get(name) as FeatureColumn);
      if (now.constructor !== sketch.constructor) throw differentKinds(name);
    }
  }
}

export function differentParts(names: readonly string[]): GatesError {
  return new GatesError(
    "drift",
    `Parts of one table have different columns: ${names.map(visible).join(", ")} ${names.length === 1 ? "is" : "are"} not in all of them.`,
    "Profile each table on its own, or give the parts the same columns.",
  );
}

export function differentKinds(name: string): GatesError {
  return new GatesError(
    "drift",
    `Column ${visible(name)} has numbers in one part of the table and categories in another.`,
    "Give the column one type in all parts, for example by a dataset schema.",
  );
}

export function profileOf(rows: number, sketches: ReadonlyMap<string, Sketch>): Profile {
  const names = [...sketches.keys()].sort();
  return { rows, columns: new Map(names.map((name) => [name, columnOf(sketches.get(name) as Sketch)])) };
}

function columnOf(sketch: Sketch): ColumnProfile {
  const { missing, nan } = sketch;
  if (sketch instanceof CategorySketch)
    return { kind: "categorical", missing, nan, categories: sketch.counts() };
  const { negativeInfinity, positiveInfinity, minimum, maximum } = sketch;
  const cells = sketch.cells();
  const empty = cells.keys.length === 0;
  return {
    kind: "numeric",
    missing,
    nan,
    negativeInfinity,
    positiveInfinity,
    minimum: empty ? null : minimum,
    maximum: empty ? null : maximum,
    cells,
  };
}

function addColumn(sketch: Sketch, column: FeatureColumn, rows: number): void {
  const length = column.kind === "string" ? column.codes.length : column.values.length;
  if (length !== rows) {
    throw new GatesError(
      "shape",
      `Column ${visible(column.name)} has ${length} entries, its table ${rows} rows.`,
      "Give every column one entry a row.",
    );
  }
  if (sketch instanceof CategorySketch) addCategories(sketch, column);
  else if (column.kind === "number") sketch.add(column.values, column.missing);
}

function addCategories(sketch: CategorySketch, column: FeatureColumn): void {
  if (column.kind === "string") {
    const { codes } = column;
    const counts = new Float64Array(column.dictionary.length);
    for (let row = 0; row < codes.length; row++) {
      const code = codes[row] as number;
      if (code < 0) sketch.missing++;
      else counts[code] = (counts[code] as number) + 1;
    }
    column.dictionary.forEach((name, code) => {
      if (counts[code] !== 0) sketch.add(name, counts[code] as number);
    });
    return;
  }
  const counts = new Map<number, number>();
  for (let row = 0; row < column.values.length; row++) {
    const value = column.values[row] as number;
    if (column.missing?.[row] === 1 || Number.isNaN(value)) {
      sketch.missing++;
      if (column.missing?.[row] !== 1) sketch.nan++;
    } else counts.set(value, (counts.get(value) ?? 0) + 1);
  }
  for (const [value, rows] of counts) {
    sketch.add(column.kind === "boolean" ? String(value !== 0) : String(value), rows);
  }
}
