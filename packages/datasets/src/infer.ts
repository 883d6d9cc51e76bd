import type { CellSink } from "./cells.ts";
import { parseTimestamp } from "./cells.ts";
import type { RowTarget } from "./table-builder.ts";
import { BATCH_ROWS } from "./table-builder.ts";
import type { ColumnType } from "./types.ts";

/**
 * Learns one column's type from all of its cells. A type is chosen when every cell that is not missing has it;
 * numbers among which an integer is too large for a double, and any mixture, become strings; a column without a
 * single value is a number column (all of it missing).
 */
export class TypeInference implements CellSink {
  private numbers = false;
  private booleans = false;
  private timestamps = false;
  private texts = false;

  missing(): void {}

  number(_value: number): void {
    this.numbers = true;
  }

  inexactInteger(_value: bigint): void {
    this.texts = true;
  }

  doubles(_values: Float64Array, _defined: Uint8Array | null): void {
    this.numbers = true;
  }

  boolean(_value: boolean): void {
    this.booleans = true;
  }

  timestamp(_milliseconds: number): void {
    this.timestamps = true;
  }

  string(value: string): void {
    if (this.texts) return;
    if (parseTimestamp(value) === null) this.texts = true;
    else this.timestamps = true;
  }

  strings(dictionary: readonly string[], entries: Int32Array): void {
    for (let next = 0; next < entries.length && !this.texts; next += 1)
      this.string(dictionary[entries[next] as number] as string);
  }

  /** No further cell can change the type. */
  get settled(): boolean {
    return this.texts;
  }

  get type(): ColumnType {
    const kinds = [this.numbers, this.booleans, this.timestamps].filter(Boolean).length;
    if (this.texts || kinds > 1) return "string";
    if (this.booleans) return "boolean";
    return this.timestamps ? "timestamp" : "number";
  }
}

/** Rows of known columns, read for their types alone. What is wrong with a row shows when it is read for good. */
export class InferenceTarget implements RowTarget {
  readonly sinks: readonly TypeInference[];

  constructor(columns: number) {
    this.sinks = Array.from({ length: columns }, () => new TypeInference());
  }

  room(): number {
    return BATCH_ROWS;
  }

  endRows(_count: number): void {}

  badRow(_column: string, _problem: string): void {}
}
