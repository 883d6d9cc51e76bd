/** The answers of both sides to the same requests, joined by request id, and the truth where it is known. */
import { UserError } from "@ml-actions/action-kit/action";
import { readTable } from "@ml-actions/datasets";
import type { Column, Table } from "@ml-actions/datasets/types";
import type { Prediction } from "@ml-actions/rollout/targets/index";

export interface Answer {
  outputs: (number | number[] | null)[];
  ms: number;
}

export interface Pair {
  id: string;
  stable: Answer;
  candidate: Answer;
}

export interface Pairs {
  pairs: Pair[];
  /** Answered by stable alone, although the request was copied: the candidate failed, or its copy was dropped. */
  unmatched: number;
  /** Ids that came more than once, so that nobody can say which answers belong together. */
  ambiguous: number;
}

/** @param from answers before this moment (ms since 1970) belong to an earlier time */
export async function pairUp(
  stable: AsyncIterable<Prediction>,
  candidate: AsyncIterable<Prediction>,
  from: number,
): Promise<Pairs> {
  const theirs = await byId(candidate, from);
  const ours = await byId(stable, from);
  const pairs: Pair[] = [];
  let unmatched = 0;
  let ambiguous = 0;
  for (const [id, answer] of ours) {
    const other = theirs.get(id);
    if (answer === null || other === null) ambiguous += 1;
    else if (other === undefined) unmatched += 1;
    else if (answer.input !== other.input) ambiguous += 1;
    else pairs.push({ id, stable: answer, candidate: other });
  }
  return { pairs, unmatched, ambiguous };
}

/** null for an id that came twice. */
async function byId(predictions: AsyncIterable<Prediction>, from: number) {
  const answers = new Map<string, (Answer & { input: string }) | null>();
  for await (const { at, request_id: id, outputs, ms, input } of predictions) {
    if (at >= from) answers.set(id, answers.has(id) ? null : { outputs, ms, input });
  }
  return answers;
}

/** The truth: the row of the labels' table for a request's instance. */
export interface Labels {
  column: Column;
  /** Request id and place of the instance → row. */
  rows: Map<string, number>;
}

export const labelKey = (id: string, instance: number): string => `${instance} ${id}`;

/**
 * Reads what is known so far: the columns `request_id` and `label`; for requests of several instances also `instance`,
 * counted from 0.
 */
export async function readLabels(path: string): Promise<Labels> {
  const table = await readTable(path);
  const id = needed(table, "request_id", path);
  const column = needed(table, "label", path);
  const instances = table.columns.get("instance");
  const rows = new Map<string, number>();
  for (let row = 0; row < table.rows; row += 1) {
    const place = instances?.kind === "number" ? (instances.values[row] as number) : 0;
    const name = textAt(id, row);
    if (name !== null) rows.set(labelKey(name, place), row);
  }
  return { column, rows };
}

function needed(table: Table, name: string, path: string): Column {
  const column = table.columns.get(name);
  if (column !== undefined) return column;
  throw new UserError(
    `labels: ${path} has no column \`${name}\`; it has ${[...table.columns.keys()].slice(0, 12).join(", ")}.`,
    {
      remedy: "Write the columns `request_id` and `label`.",
    },
  );
}

function textAt(column: Column, row: number): string | null {
  if (column.kind === "string") {
    const code = column.codes[row] as number;
    return code < 0 ? null : (column.dictionary[code] as string);
  }
  return column.missing?.[row] === 1 ? null : String(column.values[row]);
}
