import { GatesError } from "../error.ts";
import { CategorySketch } from "./category-sketch.ts";
import { NumericSketch } from "./numeric-sketch.ts";
import {
  type ColumnProfile,
  differentKinds,
  differentParts,
  type Profile,
  profileOf,
  type Sketch,
} from "./profile.ts";

/**
 * The profile of all rows of these profiles' tables. In any order and any grouping the result is the same to the
 * byte, and the same as of one pass over all rows.
 * @throws GatesError `drift` when there is none, or they are not parts of one table
 */
export function mergeProfiles(profiles: readonly Profile[]): Profile {
  const [first] = profiles;
  if (first === undefined)
    throw new GatesError("drift", "There is no profile to merge.", "Give at least one profile.");
  const names = new Set(profiles.flatMap(({ columns }) => [...columns.keys()]));
  const partial = [...names].filter((name) => profiles.some(({ columns }) => !columns.has(name)));
  if (partial.length > 0) throw differentParts(partial);
  const rows = profiles.reduce((sum, profile) => sum + profile.rows, 0);
  const sketches = new Map<string, Sketch>();
  for (const name of names) {
    const columns = profiles.map((profile) => profile.columns.get(name) as ColumnProfile);
    sketches.set(name, merged(name, columns));
  }
  return profileOf(rows, sketches);
}

/** A column without a value has no kind to be held to: an empty part of a file tells numbers from text by chance. */
function merged(name: string, columns: readonly ColumnProfile[]): Sketch {
  const valued = columns.filter((column) => !isEmpty(column));
  const kinds = new Set(valued.map(({ kind }) => kind));
  if (kinds.size > 1) throw differentKinds(name);
  const numeric = kinds.size === 1 ? kinds.has("numeric") : columns.some(({ kind }) => kind === "numeric");
  const sketch = numeric ? new NumericSketch() : new CategorySketch();
  for (const column of columns) {
    sketch.missing += column.missing;
    sketch.nan += column.nan;
    if (column.kind === "numeric" && sketch instanceof NumericSketch) sketch.merge(column);
    if (column.kind === "categorical" && sketch instanceof CategorySketch)
      sketch.addCounts(column.categories);
  }
  return sketch;
}

/** Whether all rows are missing. */
export function isEmpty(column: ColumnProfile): boolean {
  return column.kind === "numeric"
    ? column.cells.keys.length + column.negativeInfinity + column.positiveInfinity === 0
    : column.categories.counts.length === 0;
}
