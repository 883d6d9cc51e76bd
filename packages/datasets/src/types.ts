/**
 * A dataset in memory: typed columns, each with a mask of what is missing. A NaN that stands in the file is a value
 * (a bad one, for the reader to judge); an empty cell, a JSON null or a Parquet null is missing.
 */

export type ColumnType = "number" | "integer" | "string" | "boolean" | "timestamp";

export interface NumberColumn {
  kind: "number";
  name: string;
  /** `integer` and `timestamp` (milliseconds since 1970, UTC) live here too. Missing entries hold NaN. */
  values: Float64Array;
  /** One byte a row, 1 = missing; null when nothing is. */
  missing: Uint8Array | null;
}

export interface StringColumn {
  kind: "string";
  name: string;
  /** Index into `dictionary`, −1 = missing. */
  codes: Int32Array;
  /** Distinct values in order of first appearance. */
  dictionary: string[];
}

export interface BooleanColumn {
  kind: "boolean";
  name: string;
  values: Uint8Array;
  missing: Uint8Array | null;
}

export type Column = NumberColumn | StringColumn | BooleanColumn;

export interface Table {
  rows: number;
  /** In the file's order. */
  columns: Map<string, Column>;
}

/** One thing wrong with one cell. Rows count from 1, the header not included. */
export interface CellProblem {
  row: number;
  column: string;
  problem: string;
}
