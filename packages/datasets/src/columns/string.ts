import { FIRST_INEXACT } from "../cells.ts";
import type { Problems } from "../problems.ts";
import { quote } from "../quote.ts";
import type { Column } from "../types.ts";
import type { ColumnBuilder, ColumnPlan } from "./builder.ts";
import { Builder, INITIAL_CAPACITY, isoTime, resized } from "./builder.ts";

/** Text as codes into a dictionary of its distinct values. */
export class StringBuilder extends Builder implements ColumnBuilder {
  private codes = new Int32Array(INITIAL_CAPACITY);
  private index = new Map<string, number>();
  private dictionary: string[] = [];
  private readonly allowed: Set<string | number> | null;

  constructor(plan: ColumnPlan, problems: Problems) {
    super(plan, problems);
    this.allowed = plan.rule?.values === undefined ? null : new Set(plan.rule.values);
  }

  skip(): void {
    this.makeRoom();
    this.codes[this.size++] = -1;
  }

  string(value: string): void {
    this.makeRoom();
    const code = this.codeOf(value);
    if (this.allowed !== null && !this.allowed.has(value)) {
      this.report(`is ${quote(value)}, not one of the allowed values`);
    }
    this.codes[this.size++] = code;
  }

  override strings(dictionary: readonly string[], entries: Int32Array, defined: Uint8Array | null): void {
    const rows = defined?.length ?? entries.length;
    // Only a cell with a problem needs a look of its own, and a dictionary larger than its use is no help.
    if (this.allowed !== null || (defined !== null && !this.nullable) || dictionary.length > rows) {
      super.strings(dictionary, entries, defined);
      return;
    }
    this.makeRoom(rows);
    const { codes, size } = this;
    const codeOf = new Int32Array(dictionary.length).fill(-1);
    for (let row = 0, next = 0; row < rows; row += 1) {
      if (defined !== null && defined[row] === 0) {
        codes[size + row] = -1;
        continue;
      }
      const entry = entries[next++] as number;
      if (codeOf[entry] === -1) codeOf[entry] = this.codeOf(dictionary[entry] as string);
      codes[size + row] = codeOf[entry] as number;
    }
    this.size += rows;
  }

  /** Integers may be identifiers: their digits are kept. A fraction has no one text, so it is refused. */
  number(value: number): void {
    if (!Number.isInteger(value)) this.wrong(`the number ${value}`);
    else this.string(Math.abs(value) < FIRST_INEXACT ? String(value) : String(BigInt(value)));
  }

  inexactInteger(value: bigint): void {
    this.string(String(value));
  }

  boolean(value: boolean): void {
    this.wrong(`the boolean ${value}`);
  }

  timestamp(milliseconds: number): void {
    this.wrong(`the time ${isoTime(milliseconds)}`);
  }

  private codeOf(value: string): number {
    let code = this.index.get(value);
    if (code === undefined) {
      code = this.dictionary.length;
      this.index.set(value, code);
      this.dictionary.push(value);
    }
    return code;
  }

  protected grow(capacity: number): void {
    this.codes = resized(this.size === 0 ? new Int32Array(0) : this.codes, new Int32Array(capacity));
  }

  protected cut(size: number): Column {
    const column: Column = {
      kind: "string",
      name: this.name,
      codes: this.handOver(this.codes, size),
      dictionary: this.dictionary,
    };
    this.index = new Map();
    this.dictionary = [];
    return column;
  }
}
