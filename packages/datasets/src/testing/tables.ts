import type { Column, Table } from "../types.ts";

/** Test helper: a column's cells as plain values, null where one is missing. */
export function cellsOf(column: Column | undefined): (number | string | boolean | null)[] {
  if (column === undefined) throw new Error("no such column");
  if (column.kind === "string") {
    return Array.from(column.codes, (code) => (code < 0 ? null : (column.dictionary[code] as string)));
  }
  return Array.from(column.values, (value, row) => {
    if (column.missing?.[row] === 1) return null;
    return column.kind === "boolean" ? value === 1 : value;
  });
}

/** A table's columns as plain values. */
export function plain(table: Table): Map<string, (number | string | boolean | null)[]> {
  return new Map([...table.columns].map(([name, column]) => [name, cellsOf(column)]));
}
