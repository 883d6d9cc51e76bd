/** The truth of each row, as numbers: 0 or 1, the index of a class, a value or a relevance. NaN stands for a missing
 * label. */
import { UserError } from "@ml-actions/action-kit/action";
import type { Column } from "@ml-actions/datasets/types";
import type { Task } from "@ml-actions/gates/types";

export interface LabelRules {
  task: Task;
  /** The value that counts as positive, as written; undefined: `1` or `true`. */
  positive?: string | undefined;
  /** Multiclass: in the order of the model's output columns. */
  classes?: readonly string[] | undefined;
  /** The labels are not all there yet: that no positive one is among them so far is no mistake. */
  growing?: boolean;
}

/**
 * @param column the dataset's label column
 * @returns one number a row
 * @throws UserError when the column cannot be the truth for this task, naming the values that were found
 */
export function labelsOf(column: Column, rules: LabelRules): Float64Array {
  if (rules.task === "regression" || rules.task === "ranking") return values(column, rules.task);
  const texts = distinctTexts(column);
  const index =
    rules.task === "binary" ? positives(column, texts, rules) : classIndexes(column, texts, rules.classes);
  return mapRows(column, texts, index);
}

function values(column: Column, task: Task): Float64Array {
  if (column.kind === "number") return column.values;
  throw new UserError(
    `The label column ${quoted(column.name)} holds ${column.kind}s, a ${task} model needs numbers.`,
    {
      remedy: "Name another column in the input `label`, or correct the dataset.",
    },
  );
}

/** Each distinct value as text, in order of first appearance. */
function distinctTexts(column: Column): string[] {
  if (column.kind === "string") return column.dictionary;
  if (column.kind === "boolean") return ["false", "true"];
  const seen = new Set<number>();
  for (const value of column.values) {
    if (!Number.isNaN(value)) seen.add(value);
    if (seen.size > 1000) break;
  }
  return [...seen].map(String);
}

function positives(
  column: Column,
  texts: readonly string[],
  { positive, growing = false }: LabelRules,
): Map<string, number> {
  const wanted = positive === undefined ? ["1", "true"] : [positive, ...booleanAlias(column, positive)];
  const found = texts.find((text) => wanted.includes(text));
  const expectation = positive === undefined ? "neither `1` nor `true`" : `no ${quoted(positive)}`;
  const allNegative = positive === undefined && texts.every((text) => ["0", "false"].includes(text));
  // Of two values or more one would be the positive one.
  const soFar = growing && texts.length <= 1;
  if (found === undefined && !allNegative && !soFar) {
    throw new UserError(
      `The label column ${quoted(column.name)} has ${expectation}; it has ${some(texts)}.`,
      {
        remedy:
          "Name the value that counts as positive: in the contract's `label.positive`, or in the input `positive-label` of an action that has it.",
      },
    );
  }
  if (positive === undefined && texts.length > 2) {
    throw new UserError(
      `The label column ${quoted(column.name)} has ${texts.length} values: ${some(texts)}.`,
      {
        remedy:
          "A binary model needs two; name the one that counts as positive in the contract's `label.positive`, or in the input `positive-label` of an action that has it.",
      },
    );
  }
  return new Map(texts.map((text) => [text, text === found ? 1 : 0]));
}

/** A contract may say `1` or `true` for what the dataset holds as booleans. */
function booleanAlias(column: Column, positive: string): string[] {
  if (column.kind === "boolean") return positive === "1" ? ["true"] : positive === "0" ? ["false"] : [];
  return column.kind === "number" ? (positive === "true" ? ["1"] : positive === "false" ? ["0"] : []) : [];
}

function classIndexes(
  column: Column,
  texts: readonly string[],
  classes: readonly string[] | undefined,
): Map<string, number> {
  if (classes === undefined) throw new Error("a multiclass contract has classes");
  const index = new Map(classes.map((name, i) => [name, i]));
  const unknown = texts.filter((text) => !index.has(text));
  if (unknown.length > 0) {
    throw new UserError(
      `The label column ${quoted(column.name)} has values that the model has no class for: ${some(unknown)}.`,
      {
        remedy: `Its contract names the classes ${some(classes)}. Correct the contract's \`output.classes\` or the dataset.`,
      },
    );
  }
  return index;
}

function mapRows(column: Column, texts: readonly string[], index: ReadonlyMap<string, number>): Float64Array {
  if (column.kind === "string") {
    const byCode = texts.map((text) => index.get(text) ?? Number.NaN);
    return Float64Array.from(column.codes, (code) => (code < 0 ? Number.NaN : (byCode[code] ?? Number.NaN)));
  }
  const labels = new Float64Array(column.values.length);
  for (let row = 0; row < labels.length; row += 1) {
    const value = column.values[row] as number;
    const text = column.kind === "boolean" ? String(value === 1) : String(value);
    labels[row] = column.missing?.[row] === 1 ? Number.NaN : (index.get(text) ?? Number.NaN);
  }
  return labels;
}

const quoted = (text: string) => JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);

function some(texts: readonly string[]): string {
  const shown = texts.slice(0, 6).map(quoted).join(", ");
  return texts.length > 6 ? `${shown} and ${texts.length - 6} more` : shown || "no values at all";
}
