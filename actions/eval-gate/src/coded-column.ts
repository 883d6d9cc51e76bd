/** A column of distinct values that comes in pieces: one code a row, and each value once. What slices, classes and
 * queries need of their columns. */
import type { Column } from "@ml-actions/datasets/types";
import type { Numbers } from "@ml-actions/gates/metrics/numbers";

type Codes = Int8Array | Int16Array | Int32Array;

export class CodedColumn {
  readonly name: string;
  #kind: Column["kind"] | null = null;
  readonly #index = new Map<string | number, number>();
  #pieces: Codes[] = [];
  #rows = 0;
  #missing = false;

  constructor(name: string) {
    this.name = name;
  }

  /** How many distinct values there were so far. */
  get size(): number {
    return this.#index.size;
  }

  /** The next rows. Returns how many rows came before the first that has no value, −1 when all have one. */
  append(column: Column): number {
    this.#kind = column.kind;
    const codes = column.kind === "string" ? this.#fromTexts(column) : this.#fromNumbers(column);
    const hole = codes.indexOf(-1);
    const first = hole < 0 ? -1 : this.#rows + hole;
    this.#missing ||= hole >= 0;
    this.#pieces.push(
      this.size <= 127 ? new Int8Array(codes) : this.size <= 32767 ? new Int16Array(codes) : codes,
    );
    this.#rows += codes.length;
    return first;
  }

  #fromTexts({ codes, dictionary }: Extract<Column, { kind: "string" }>): Int32Array {
    const translation = dictionary.map((text) => this.#codeOf(text));
    return codes.map((code) => (code < 0 ? -1 : (translation[code] as number)));
  }

  #fromNumbers({ values, missing }: Exclude<Column, { kind: "string" }>): Int32Array {
    const codes = new Int32Array(values.length);
    for (let row = 0; row < codes.length; row += 1) {
      const value = values[row] as number;
      codes[row] = missing?.[row] === 1 || Number.isNaN(value) ? -1 : this.#codeOf(value);
    }
    return codes;
  }

  #codeOf(value: string | number): number {
    let code = this.#index.get(value);
    if (code === undefined) {
      code = this.#index.size;
      this.#index.set(value, code);
    }
    return code;
  }

  /** The distinct values as texts, in order of first appearance. */
  get names(): string[] {
    const text = (value: string | number) => (this.#kind === "boolean" ? String(value === 1) : String(value));
    return [...this.#index.keys()].map(text);
  }

  /** One row for each distinct value, in order of first appearance: what depends on the value alone need not look at
   * every row. */
  distinct(): Column {
    const { name } = this;
    const values = [...this.#index.keys()];
    if (this.#kind === "string") {
      return { kind: "string", name, codes: Int32Array.from(values.keys()), dictionary: values as string[] };
    }
    if (this.#kind === "boolean") {
      return { kind: "boolean", name, values: Uint8Array.from(values as number[]), missing: null };
    }
    return { kind: "number", name, values: Float64Array.from(values as number[]), missing: null };
  }

  /** For each row the index of its value, −1 = missing. */
  codes(): Int32Array {
    const codes = new Int32Array(this.#rows);
    let at = 0;
    for (const piece of this.#pieces) {
      codes.set(piece, at);
      at += piece.length;
    }
    return codes;
  }

  /** For each row the index that its value stands for, NaN where it is missing. */
  mapped(byCode: Float64Array): Numbers {
    const bytes = !this.#missing && byCode.every((index) => index >= 0 && index <= 255);
    // An index of a class is far below 2²⁴.
    const numbers = bytes ? new Uint8Array(this.#rows) : new Float32Array(this.#rows);
    let at = 0;
    for (const piece of this.#pieces) {
      for (let i = 0; i < piece.length; i += 1) {
        const code = piece[i] as number;
        numbers[at + i] = code < 0 ? Number.NaN : (byCode[code] as number);
      }
      at += piece.length;
    }
    return numbers;
  }
}
