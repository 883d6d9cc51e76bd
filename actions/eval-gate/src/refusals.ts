/**
 * What a server with a contract would refuse although it is scored here: a figure on such rows says nothing of what
 * callers get.
 */
import type { Column, Table } from "@ml-actions/datasets/types";
import type { Contract, Feature } from "@ml-actions/serving/contract";

interface Count {
  rows: number;
  /** From 0. */
  first: number;
}

export class Refusals {
  readonly #features: readonly Feature[];
  readonly #counts = new Map<string, Count>();
  #rows = 0;

  constructor(contract: Contract) {
    this.#features = contract.features;
  }

  append(table: Table): void {
    for (const feature of this.#features) {
      const column = table.columns.get(feature.name);
      if (column === undefined) continue;
      const { rows, first } = rowsOutside(feature, column);
      if (rows === 0) continue;
      const before = this.#counts.get(feature.name);
      if (before === undefined) this.#counts.set(feature.name, { rows, first: this.#rows + first });
      else before.rows += rows;
    }
    this.#rows += table.rows;
  }

  /** One sentence a feature, with the number of its rows and the first of them. */
  notes(): string[] {
    return this.#features.flatMap(({ name }) => {
      const found = this.#counts.get(name);
      if (found === undefined) return [];
      const [count, row] = [found.rows, found.first + 1].map((value) => value.toLocaleString("en-US"));
      const hold = found.rows === 1 ? "row holds" : "rows hold";
      return [
        `${count} ${hold} a ${JSON.stringify(name)} that the contract does not allow, row ${row} the first: a server would refuse such a request`,
      ];
    });
  }
}

function rowsOutside(feature: Feature, column: Column): Count {
  const found = { rows: 0, first: -1 };
  const see = (row: number) => {
    if (found.rows === 0) found.first = row;
    found.rows += 1;
  };
  if (column.kind === "string" && feature.values !== undefined) {
    const allowed = new Set(feature.values);
    const outside = column.dictionary.map((value) => !allowed.has(value));
    if (!outside.includes(true)) return found;
    for (let row = 0; row < column.codes.length; row += 1) {
      const code = column.codes[row] as number;
      if (code >= 0 && outside[code]) see(row);
    }
  }
  if (column.kind === "number") {
    const { minimum = Number.NEGATIVE_INFINITY, maximum = Number.POSITIVE_INFINITY } = feature;
    const whole = feature.type === "integer";
    const { values, missing } = column;
    for (let row = 0; row < values.length; row += 1) {
      const value = values[row] as number;
      const outside = value < minimum || value > maximum || (whole && !Number.isInteger(value));
      if (outside && missing?.[row] !== 1) see(row);
    }
  }
  return found;
}
