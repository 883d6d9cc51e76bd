/** The columns that gates and reports slice by, as codes into the names of their values. */
import { UserError } from "@ml-actions/action-kit/action";
import type { Table } from "@ml-actions/datasets/types";
import type { SliceColumn } from "@ml-actions/gates/evaluate";
import { CodedColumn } from "./coded-column.ts";

/** A column with more values than this is an identifier or a measurement, not a way to slice. */
const mostSlices = 1000;

export class Slices {
  readonly #columns: CodedColumn[];

  /** @param names of columns that the dataset has; one that is not there is left to the gates to name */
  constructor(names: Iterable<string>) {
    this.#columns = [...new Set(names)].map((name) => new CodedColumn(name));
  }

  /** @throws UserError for a column that has too many values to be slices */
  append(table: Table): void {
    for (const slices of this.#columns) {
      const column = table.columns.get(slices.name);
      if (column === undefined) continue;
      slices.append(column);
      if (slices.size > mostSlices) tooMany(slices);
    }
  }

  take(): Record<string, SliceColumn> {
    const slices: Record<string, SliceColumn> = Object.create(null);
    for (const column of this.#columns) slices[column.name] = { codes: column.codes(), names: column.names };
    return slices;
  }
}

function tooMany({ name, size }: CodedColumn): never {
  throw new UserError(`The column \`${name}\` has ${size} values or more, too many to slice by.`, {
    remedy: `Slice by a column with at most ${mostSlices} values, for instance by ranges of this one.`,
  });
}
