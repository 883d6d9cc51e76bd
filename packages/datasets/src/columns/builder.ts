import type { CellSink } from "../cells.ts";
import type { Problems } from "../problems.ts";
import type { SchemaColumn } from "../schema.ts";
import type { Column, ColumnType } from "../types.ts";

/** A column to be read: its type, and what the schema says about its cells (null without a schema). */
export interface ColumnPlan {
  name: string;
  type: ColumnType;
  rule: SchemaColumn | null;
}

/** Cells enter through the `CellSink`; what does not fit the plan becomes a problem, and a missing cell. */
export interface ColumnBuilder extends CellSink {
  readonly name: string;
  readonly type: ColumnType;
  /** Fills the row's cell when the row as a whole was bad and has been reported already. */
  skip(): void;
  /** The column of all cells since the last call. */
  take(): Column;
}

export const INITIAL_CAPACITY = 1024;

export abstract class Builder {
  readonly name: string;
  readonly type: ColumnType;
  protected size = 0;
  protected capacity = INITIAL_CAPACITY;
  /** Of the buffers that a full column took with it. */
  private capacityBefore = INITIAL_CAPACITY;
  private rowsBefore = 0;
  private readonly problems: Problems;
  protected readonly nullable: boolean;

  constructor(plan: ColumnPlan, problems: Problems) {
    this.name = plan.name;
    this.type = plan.type;
    this.problems = problems;
    this.nullable = plan.rule?.nullable ?? true;
  }

  abstract skip(): void;
  abstract number(value: number): void;
  abstract string(value: string): void;
  protected abstract grow(capacity: number): void;
  protected abstract cut(size: number): Column;

  missing(): void {
    if (!this.nullable) this.report("is missing, but the column is not nullable");
    this.skip();
  }

  doubles(values: Float64Array, defined: Uint8Array | null): void {
    for (let row = 0; row < values.length; row += 1) {
      if (defined !== null && defined[row] === 0) this.missing();
      else this.number(values[row] as number);
    }
  }

  strings(dictionary: readonly string[], entries: Int32Array, defined: Uint8Array | null): void {
    const rows = defined?.length ?? entries.length;
    for (let row = 0, next = 0; row < rows; row += 1) {
      if (defined !== null && defined[row] === 0) this.missing();
      else this.string(dictionary[entries[next++] as number] as string);
    }
  }

  take(): Column {
    const column = this.cut(this.size);
    this.rowsBefore += this.size;
    this.size = 0;
    return column;
  }

  protected makeRoom(count = 1): void {
    if (this.size + count <= this.capacity) return;
    if (this.capacity === 0) this.capacity = this.capacityBefore;
    while (this.size + count > this.capacity) this.capacity *= 2;
    this.grow(this.capacity);
  }

  /** The cells so far, and no copy of them when they fill the buffer: the next cell brings a new one. */
  protected handOver<T extends Int32Array<ArrayBuffer> | Float64Array<ArrayBuffer>>(
    buffer: T,
    size: number,
  ): T {
    if (size < this.capacity) return buffer.slice(0, size) as T;
    this.capacityBefore = Math.max(this.capacity, INITIAL_CAPACITY);
    this.capacity = 0;
    return buffer;
  }

  /** The cell about to be written is wrong. */
  protected report(problem: string): void {
    this.problems.add({ row: this.rowsBefore + this.size + 1, column: this.name, problem });
  }

  protected wrong(found: string): void {
    const article = this.type === "integer" ? "an" : "a";
    this.report(
      `is ${found}, expected ${article} ${this.type}${this.type === "timestamp" ? " (ISO 8601)" : ""}`,
    );
    this.skip();
  }
}

/** A mask that costs nothing until the first cell is missing. */
export class Mask {
  private bytes: Uint8Array | null = null;

  set(index: number, capacity: number): void {
    this.bytes ??= new Uint8Array(capacity);
    this.bytes[index] = 1;
  }

  /** Marks the rows from `index` on where `defined` is 0. */
  setAll(index: number, defined: Uint8Array, capacity: number): void {
    this.bytes ??= new Uint8Array(capacity);
    for (let row = 0; row < defined.length; row += 1) this.bytes[index + row] = defined[row] === 0 ? 1 : 0;
  }

  grow(capacity: number): void {
    if (this.bytes !== null) this.bytes = resized(this.bytes, new Uint8Array(capacity));
  }

  cut(size: number): Uint8Array | null {
    const bytes = this.bytes?.length === size ? this.bytes : (this.bytes?.slice(0, size) ?? null);
    this.bytes = null;
    return bytes;
  }
}

export function resized<T extends Uint8Array | Int32Array | Float64Array>(from: T, into: T): T {
  into.set(from);
  return into;
}

/** The largest time of ECMAScript is ±8.64e15 ms; a file can hold others. */
export function isoTime(milliseconds: number): string {
  return Math.abs(milliseconds) <= 8.64e15
    ? new Date(milliseconds).toISOString()
    : `${milliseconds} ms since 1970`;
}
