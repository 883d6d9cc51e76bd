/** The rows of a dataset as a model's contract wants them: columns become features, by name, batch by batch. */
import { UserError } from "@ml-actions/action-kit/action";
import type { Column, Table } from "@ml-actions/datasets/types";
import type { Contract, Feature } from "@ml-actions/serving/contract";
import type { FeatureBatch, FeatureColumn } from "@ml-actions/serving/feature-batch";
import { Refusals } from "./refusals.ts";

export class Features {
  readonly #contract: Contract;
  readonly #refusals: Refusals;
  /** By feature, the first thing that is wrong with it. */
  readonly #problems = new Map<string, string>();
  #rows = 0;

  constructor(contract: Contract) {
    this.#contract = contract;
    this.#refusals = new Refusals(contract);
  }

  /** The columns that the features are read from, of those that there are.
   * @throws UserError listing every feature that has no column */
  columns(present: readonly string[]): string[] {
    const there = new Set(present);
    for (const { name, optional } of this.#contract.features) {
      if (!optional && !there.has(name)) {
        this.#problems.set(name, `there is no column \`${name}\`, which the model needs`);
      }
    }
    this.throwIfAny();
    return this.#contract.features.map(({ name }) => name).filter((name) => there.has(name));
  }

  /** The next rows; null when they, or earlier ones, do not fit the contract. */
  of(table: Table): FeatureBatch | null {
    const columns = new Map<string, FeatureColumn>();
    for (const feature of this.#contract.features) {
      const column = table.columns.get(feature.name);
      const given =
        column === undefined ? absent(feature, table.rows) : featureColumn(feature, column, this.#rows);
      if (typeof given !== "string") columns.set(feature.name, given);
      else if (!this.#problems.has(feature.name)) this.#problems.set(feature.name, given);
    }
    if (this.#problems.size === 0) this.#refusals.append(table);
    const rowsBefore = this.#rows;
    this.#rows += table.rows;
    return this.#problems.size === 0 ? { rows: table.rows, columns, rowsBefore } : null;
  }

  /** @throws UserError listing every feature that the dataset cannot give, and why */
  throwIfAny(): void {
    if (this.#problems.size === 0) return;
    const { model, version, features } = this.#contract;
    const problems = features.flatMap(({ name }) => this.#problems.get(name) ?? []);
    throw new UserError(
      `The dataset does not fit the contract of ${model} ${version}:\n  ${problems.join("\n  ")}`,
      { remedy: "Add the columns, correct their types in the dataset's schema, or correct the contract." },
    );
  }

  /** What a server with this contract would refuse although it is scored here. */
  refused(): string[] {
    return this.#refusals.notes();
  }
}

function absent(feature: Feature, rows: number): FeatureColumn {
  return feature.type === "string"
    ? { codes: new Int32Array(rows).fill(-1), dictionary: [] }
    : new Float64Array(rows).fill(Number.NaN);
}

/** The column as the feature wants it, or what is wrong with it. */
function featureColumn(feature: Feature, column: Column, rowsBefore: number): FeatureColumn | string {
  const wanted = feature.type === "string" ? "string" : feature.type === "boolean" ? "boolean" : "number";
  if (column.kind !== wanted && !(wanted === "number" && column.kind === "boolean")) {
    return `column \`${column.name}\` holds ${column.kind}s, the contract calls it a ${feature.type}`;
  }
  const hole = feature.optional ? -1 : firstMissing(column);
  if (hole >= 0) {
    return `column \`${column.name}\` has no value in row ${rowsBefore + hole + 1}, and the contract does not call it optional`;
  }
  if (column.kind === "string") return column;
  if (column.kind === "number") return column.values;
  return Float64Array.from(column.values, (value, row) => (column.missing?.[row] === 1 ? Number.NaN : value));
}

function firstMissing(column: Column): number {
  return column.kind === "string" ? column.codes.indexOf(-1) : (column.missing?.indexOf(1) ?? -1);
}
