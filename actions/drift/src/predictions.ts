/**
 * The model's scores on reference and current data, from which its performance without labels is estimated. One file,
 * because both come from the same model: `set` says which of the two a row belongs to.
 */
import { basename } from "node:path";
import { UserError } from "@ml-actions/action-kit/action";
import { readTable } from "@ml-actions/datasets";
import type { Column } from "@ml-actions/datasets/types";
import { labelsOf } from "../../labels.ts";

export interface Predictions {
  /** On the current data, 0 to 1. */
  scores: Float64Array;
  threshold: number;
  /** On the reference, where the truth is known. */
  reference: { scores: Float64Array; labels: Float64Array };
  /** What the reader should know beside the figures. */
  notes: string[];
}

const remedy =
  "Write the columns `set` (`reference` or `current`), `score` (0 to 1) and `label` (0 or 1; empty for `current`).";

/** @throws UserError naming the column and the value that do not fit */
export async function readPredictions(path: string, threshold: number): Promise<Predictions> {
  const name = basename(path);
  const table = await readTable(path, {
    schema: null,
    columns: (names) => ["set", "score", "label"].map((one) => required(name, names, one)),
  });
  const column = (one: string) => table.columns.get(one) as Column;
  const sets = setsOf(column("set"), name);
  const scores = scoresOf(column("score"), name);
  const labels = labelsOf(column("label"), { task: "binary" });
  const rowsOf = (wanted: string) => Array.from(sets.keys()).filter((row) => sets[row] === wanted);
  const reference = rowsOf("reference");
  const labelled = reference.filter((row) => !Number.isNaN(labels[row]));
  const current = rowsOf("current");
  if (labelled.length === 0 || current.length === 0) {
    const lacks =
      current.length === 0 ? "row with the set `current`" : "row with the set `reference` and a label";
    throw new UserError(`The predictions ${name} have no ${lacks}.`, { remedy });
  }
  const unlabelled = reference.length - labelled.length;
  const pick = (values: Float64Array, rows: readonly number[]) =>
    Float64Array.from(rows, (row) => values[row] as number);
  return {
    scores: pick(scores, current),
    threshold,
    reference: { scores: pick(scores, labelled), labels: pick(labels, labelled) },
    notes:
      unlabelled === 0 ? [] : [`${unlabelled} predictions on the reference have no label and were left out`],
  };
}

function required(file: string, names: readonly string[], name: string): string {
  if (names.includes(name)) return name;
  const has = names.slice(0, 12).map((one) => `\`${one}\``);
  throw new UserError(`The predictions ${file} have no column \`${name}\`; they have ${has.join(", ")}.`, {
    remedy,
  });
}

function setsOf(column: Column, file: string): string[] {
  const texts =
    column.kind === "string"
      ? Array.from(column.codes, (code) => column.dictionary[code] ?? "")
      : Array.from(column.values, String);
  const wrong = texts.findIndex((text) => text !== "reference" && text !== "current");
  if (wrong === -1) return texts;
  throw new UserError(
    `The predictions ${file}, row ${wrong + 1}: \`set\` is ${JSON.stringify(texts[wrong]?.slice(0, 80))}.`,
    { remedy },
  );
}

function scoresOf(column: Column, file: string): Float64Array {
  if (column.kind !== "number") {
    throw new UserError(`The predictions ${file}: \`score\` holds ${column.kind}s, numbers are expected.`, {
      remedy,
    });
  }
  const { values } = column;
  const wrong = values.findIndex((score) => !(score >= 0 && score <= 1));
  if (wrong === -1) return values;
  throw new UserError(
    `The predictions ${file}, row ${wrong + 1}: the score is ${values[wrong]}, expected 0 to 1.`,
    {
      remedy,
    },
  );
}
