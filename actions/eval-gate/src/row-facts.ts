/** What a dataset says of its rows beside the features: labels, weights, queries and slices. */
import { UserError } from "@ml-actions/action-kit/action";
import type { Column, Table } from "@ml-actions/datasets/types";
import { findMetric, latencyQuantile } from "@ml-actions/gates/catalog";
import type { Evaluation } from "@ml-actions/gates/evaluate";
import type { Gate } from "@ml-actions/gates/types";
import type { EvalGateInputs } from "./definition.ts";
import { Groups, Weights } from "./row-columns.ts";
import { Slices } from "./slices.ts";
import type { Truth } from "./truth.ts";

/** The names of the columns, of those that a dataset has. */
export interface RowColumns {
  /** null: there are no labels, and nobody asks for them. */
  label: string | null;
  weight: string | null;
  group: string | null;
  slices: string[];
}

export const noColumns: RowColumns = { label: null, weight: null, group: null, slices: [] };

type Asked = Pick<EvalGateInputs, "gates" | "slices" | "weight" | "group">;

/**
 * @param label the column that should hold the truth, whether the reader has named it, and what to say without it
 * @throws UserError naming a column that is not there
 */
export function rowColumns(
  present: readonly string[],
  { gates, slices = [], weight, group }: Asked,
  label: { name: string; named: boolean; missing: (name: string) => UserError },
): RowColumns {
  const there = new Set(present);
  if (weight !== undefined && !there.has(weight)) throw missing("weight", weight, present);
  if (group !== undefined && !there.has(group)) throw missing("group", group, present);
  const labelled = there.has(label.name);
  if (!labelled && (label.named || !gates.every(needsNoLabels))) {
    throw label.missing(label.name);
  }
  const sliced = [
    ...slices,
    ...gates.flatMap((gate) => (gate.slice === undefined ? [] : [gate.slice.column])),
  ];
  return {
    label: labelled ? label.name : null,
    weight: weight ?? null,
    group: group ?? null,
    slices: sliced.filter((name) => there.has(name)),
  };
}

/** Gates on the answers alone, or on the times they take. */
function needsNoLabels({ metric }: Gate): boolean {
  return (
    metric === "nan_rate" ||
    latencyQuantile(metric) !== undefined ||
    findMetric(metric)?.comparesModels === true
  );
}

function missing(input: "weight" | "group", name: string, present: readonly string[]): UserError {
  return new UserError(`The dataset has no column \`${name}\`; it has ${shown(present)}.`, {
    remedy: `Name one of its columns in the input \`${input}\`, or leave the input out.`,
  });
}

/** The names of columns for a message, the first twenty. */
export function shown(present: readonly string[]): string {
  const some = present.slice(0, 20).map((name) => `\`${name}\``);
  return present.length > 20 ? `${some.join(", ")} and ${present.length - 20} more` : some.join(", ");
}

export class RowFacts {
  readonly #columns: RowColumns;
  readonly #truth: Truth | null;
  readonly #weights = new Weights();
  readonly #groups: Groups | null;
  readonly #slices: Slices;
  rows = 0;

  /** @param truth null where there are no labels */
  constructor(columns: RowColumns, truth: Truth | null) {
    this.#columns = columns;
    this.#truth = truth;
    this.#groups = columns.group === null ? null : new Groups(columns.group);
    this.#slices = new Slices(columns.slices);
  }

  /** @throws UserError when a column holds what it cannot */
  append(table: Table): void {
    const column = (name: string) => table.columns.get(name) as Column;
    const { label, weight, group } = this.#columns;
    if (label !== null) this.#truth?.append(column(label));
    if (weight !== null) this.#weights.append(column(weight));
    if (group !== null) this.#groups?.append(column(group));
    this.#slices.append(table);
    this.rows += table.rows;
  }

  /** @throws UserError when the label column cannot be the truth */
  take(): Pick<Evaluation, "labels" | "weights" | "groups" | "slices"> {
    return {
      labels: this.#truth?.take() ?? new Float32Array(this.rows).fill(Number.NaN),
      ...(this.#columns.weight === null ? {} : { weights: this.#weights.take() }),
      ...(this.#groups === null ? {} : { groups: this.#groups.take() }),
      slices: this.#slices.take(),
    };
  }
}
