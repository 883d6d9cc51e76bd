import { quote } from "../quote.ts";
import type { Column } from "../types.ts";
import type { ColumnBuilder } from "./builder.ts";
import { Builder, INITIAL_CAPACITY, isoTime, Mask, resized } from "./builder.ts";

export class BooleanBuilder extends Builder implements ColumnBuilder {
  private values = new Uint8Array(INITIAL_CAPACITY);
  private readonly mask = new Mask();

  skip(): void {
    this.makeRoom();
    this.mask.set(this.size, this.capacity);
    this.values[this.size++] = 0;
  }

  boolean(value: boolean): void {
    this.makeRoom();
    this.values[this.size++] = value ? 1 : 0;
  }

  number(value: number): void {
    if (value === 0 || value === 1) this.boolean(value === 1);
    else this.wrong(`the number ${value}`);
  }

  inexactInteger(value: bigint): void {
    this.wrong(`the number ${quote(String(value))}`);
  }

  timestamp(milliseconds: number): void {
    this.wrong(`the time ${isoTime(milliseconds)}`);
  }

  string(value: string): void {
    this.wrong(quote(value));
  }

  protected grow(capacity: number): void {
    this.values = resized(this.values, new Uint8Array(capacity));
    this.mask.grow(capacity);
  }

  protected cut(size: number): Column {
    return {
      kind: "boolean",
      name: this.name,
      values: this.values.slice(0, size),
      missing: this.mask.cut(size),
    };
  }
}
