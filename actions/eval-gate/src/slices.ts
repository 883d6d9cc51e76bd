/** The columns that gates and reports slice by, as codes into the names of their values. */
import { UserError } from "@ml-actions/action-kit/action";
import type { Column, Table } from "@ml-actions/datasets/types";

export interface SliceColumn {
  /** Index into `names`, −1 = missing. */
  codes: Int32Array;
  names: string[];
}

/** A column with more values than this is an identifier or a measurement, not a way to slice. */
const mostSlices = 1000;

/** @throws UserError for a column that has too many values to be slices; one that is not there is left to the gates to name. */
export function slicesOf(table: Table, columns: Iterable<string>): Record<string, SliceColumn> {
  const slices: Record<string, SliceColumn> = Object.create(null);
  for (const name of new Set(columns)) {
    const column = table.columns.get(name);
    if (column !== undefined) slices[name] = sliceColumn(column);
  }
  return slices;
}

function sliceColumn(column: Column): SliceColumn {
  if (column.kind === "string") {
    if (column.dictionary.length > mostSlices) tooMany(column, column.dictionary.length);
    return { codes: column.codes, names: column.dictionary };
  }
  const index = new Map<number, number>();
  const codes = new Int32Array(column.values.length);
  for (let row = 0; row < codes.length; row += 1) {
    const value = column.values[row] as number;
    if (column.missing?.[row] === 1 || Number.isNaN(value)) {
      codes[row] = -1;
      continue;
    }
    let code = index.get(value);
    if (code === undefined) {
      code = index.size;
      index.set(value, code);
      if (index.size > mostSlices) tooMany(column, index.size);
    }
    codes[row] = code;
  }
  const text = (value: number) => (column.kind === "boolean" ? String(value === 1) : String(value));
  return { codes, names: [...index.keys()].map(text) };
}

function tooMany(column: Column, count: number): never {
  throw new UserError(`The column \`${column.name}\` has ${count} values or more, too many to slice by.`, {
    remedy: `Slice by a column with at most ${mostSlices} values, for instance by ranges of this one.`,
  });
}
