/** Predictions that were made elsewhere: a file with the columns `label`, `candidate` and, to compare, `baseline`. */
import { UserError } from "@ml-actions/action-kit/action";
import type { Column, NumberColumn, StringColumn, Table } from "@ml-actions/datasets/types";
import type { Task } from "@ml-actions/gates/types";
import { labelsOf } from "../../labels.ts";

export interface Predictions {
  task: Task;
  classes?: string[];
  labels: Float64Array;
  /** One score or value a row; for a multiclass model one row of class shares a row. */
  candidate: Float64Array;
  baseline?: Float64Array;
}

/**
 * Numbers with a label of two values are scores of a binary model, numbers with any other numeric label the values of a
 * regression model, words the predicted classes of a multiclass model.
 *
 * @throws UserError naming the column that is missing or does not fit
 */
export function predictionsOf(
  table: Table,
  options: { label: string; positive?: string | undefined },
): Predictions {
  const label = required(table, options.label);
  const candidate = required(table, "candidate");
  const baseline = table.columns.get("baseline");
  if (candidate.kind === "string") return classified(label, candidate, baseline);
  const task: Task = isBinary(label, options.positive) ? "binary" : "regression";
  return {
    task,
    labels: labelsOf(label, { task, positive: options.positive }),
    candidate: numbers(candidate),
    ...(baseline === undefined ? {} : { baseline: numbers(baseline) }),
  };
}

function required(table: Table, name: string): Column {
  const column = table.columns.get(name);
  if (column !== undefined) return column;
  const has = [...table.columns.keys()].slice(0, 12).map((key) => `\`${key}\``);
  throw new UserError(`The predictions have no column \`${name}\`; they have ${has.join(", ")}.`, {
    remedy:
      "Write the columns `label`, `candidate` and, for gates that compare, `baseline`; `label` may have another name if the input `label` gives it.",
  });
}

function numbers(column: Column): Float64Array {
  if (column.kind === "number") return column.values;
  throw new UserError(
    `The column \`${column.name}\` of the predictions holds ${column.kind}s, numbers are expected.`,
    {
      remedy: "Write scores or values as numbers; for classes write words in both columns.",
    },
  );
}

function isBinary(label: Column, positive: string | undefined): boolean {
  if (positive !== undefined || label.kind !== "number") return true;
  return label.values.every((value) => value === 0 || value === 1 || Number.isNaN(value));
}

/** A predicted class is a share of 1 for that class; a class that nobody predicts still counts where it is the truth. */
function classified(label: Column, candidate: StringColumn, baseline: Column | undefined): Predictions {
  if (baseline !== undefined && baseline.kind !== "string") {
    throw new UserError("The column `candidate` holds words, the column `baseline` does not.", {
      remedy: "Write the predicted class as a word in both.",
    });
  }
  const names = new Set([...textsOf(label), ...candidate.dictionary, ...(baseline?.dictionary ?? [])]);
  const classes = [...names].sort();
  return {
    task: "multiclass",
    classes,
    labels: labelsOf(label, { task: "multiclass", classes }),
    candidate: oneHot(candidate, classes),
    ...(baseline === undefined ? {} : { baseline: oneHot(baseline, classes) }),
  };
}

function textsOf(label: Column): string[] {
  if (label.kind === "string") return label.dictionary;
  return [...new Set((label as NumberColumn).values)].filter((value) => !Number.isNaN(value)).map(String);
}

function oneHot(column: StringColumn, classes: readonly string[]): Float64Array {
  const place = new Map(classes.map((name, index) => [name, index]));
  const index = column.dictionary.map((name) => place.get(name) as number);
  const shares = new Float64Array(column.codes.length * classes.length);
  for (const [row, code] of column.codes.entries()) {
    // No prediction: not a number in every class, so that the verdict names it.
    if (code < 0) shares.fill(Number.NaN, row * classes.length, (row + 1) * classes.length);
    else shares[row * classes.length + (index[code] as number)] = 1;
  }
  return shares;
}
