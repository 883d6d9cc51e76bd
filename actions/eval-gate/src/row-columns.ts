/** Columns that say how rows count: their weights, and the queries they belong to. */
import { UserError } from "@ml-actions/action-kit/action";
import type { Column } from "@ml-actions/datasets/types";
import { CodedColumn } from "./coded-column.ts";
import { CompactNumbers } from "./compact-numbers.ts";

export class Weights {
  readonly #numbers = new CompactNumbers();

  /** @throws UserError naming the first row whose weight is none */
  append(column: Column): void {
    if (column.kind !== "number") {
      throw new UserError(`The column \`${column.name}\` holds ${column.kind}s, weights are numbers.`, {
        remedy: "Name a column of numbers in the input `weight`, or correct the dataset.",
      });
    }
    const wrong = column.values.findIndex((value) => !(value >= 0 && value < Number.POSITIVE_INFINITY));
    if (wrong >= 0) {
      const row = (this.#numbers.length + wrong + 1).toLocaleString("en-US");
      const value = column.missing?.[wrong] === 1 ? "no value" : column.values[wrong];
      throw new UserError(
        `The column \`${column.name}\` has ${value} in row ${row}, a weight is a finite number from 0 on.`,
        { remedy: "Give every row a weight; 0 leaves a row out." },
      );
    }
    this.#numbers.append(column.values);
  }

  take(): Float64Array {
    return new Float64Array(this.#numbers.take());
  }
}

export class Groups {
  readonly #queries: CodedColumn;

  constructor(name: string) {
    this.#queries = new CodedColumn(name);
  }

  /** @throws UserError naming the first row without a query */
  append(column: Column): void {
    const row = this.#queries.append(column);
    if (row < 0) return;
    throw new UserError(
      `The column \`${column.name}\` has no value in row ${(row + 1).toLocaleString("en-US")}: every row of a ranking belongs to a query.`,
      { remedy: "Give every row the id of its query, or leave the row out." },
    );
  }

  take(): Int32Array {
    return this.#queries.codes();
  }
}
