/** The labels of a file, put in the order of the compared answers: a column with an entry a row, missing where nothing
 * is known or two labels contradict each other. */
import type { Column } from "@ml-actions/datasets/types";

const state = { unknown: 0, known: 1, contradicted: 2 } as const;

export class LabelColumn {
  readonly #values: Float64Array;
  readonly #state: Uint8Array;
  #batch: Column | null = null;
  #kind: Column["kind"] = "number";
  /** Of a column of strings: text → code in all batches, whose dictionaries are their own. */
  readonly #codes = new Map<string, number>();
  #codeOf: Int32Array = new Int32Array(0);
  repeated = 0;
  contradicting = 0;

  constructor(rows: number) {
    this.#values = new Float64Array(rows).fill(Number.NaN);
    this.#state = new Uint8Array(rows);
  }

  /** The labels of the next batch. */
  begin(batch: Column): void {
    this.#batch = batch;
    this.#kind = batch.kind;
    if (batch.kind === "string") this.#codeOf = Int32Array.from(batch.dictionary, (text) => this.#code(text));
  }

  /** Whether the batch has a label there. */
  has(at: number): boolean {
    const batch = this.#batch as Column;
    if (batch.kind === "string") return (batch.codes[at] as number) >= 0;
    return batch.missing?.[at] !== 1 && !Number.isNaN(batch.values[at]);
  }

  put(row: number, at: number): void {
    const batch = this.#batch as Column;
    const value =
      batch.kind === "string"
        ? (this.#codeOf[batch.codes[at] as number] as number)
        : (batch.values[at] as number);
    if (this.#state[row] === state.unknown) {
      this.#state[row] = state.known;
      this.#values[row] = value;
    } else if (this.#values[row] === value) this.repeated += 1;
    else if (this.#state[row] === state.known) {
      this.#state[row] = state.contradicted;
      this.contradicting += 1;
    }
  }

  finish(): { column: Column; known: Uint8Array } {
    const known = this.#state.map((is) => Number(is === state.known));
    return { column: this.#columnOf(known), known };
  }

  #columnOf(known: Uint8Array): Column {
    const missing = known.map((is) => 1 - is);
    const values = this.#values.map((value, row) => (known[row] === 1 ? value : Number.NaN));
    switch (this.#kind) {
      case "number":
        return { kind: "number", name: "label", values, missing };
      case "boolean":
        return { kind: "boolean", name: "label", values: Uint8Array.from(values), missing };
      case "string": {
        const codes = Int32Array.from(values, (code) => (Number.isNaN(code) ? -1 : code));
        return { kind: "string", name: "label", codes, dictionary: [...this.#codes.keys()] };
      }
    }
  }

  #code(text: string): number {
    const known = this.#codes.get(text);
    if (known !== undefined) return known;
    this.#codes.set(text, this.#codes.size);
    return this.#codes.size - 1;
  }
}
