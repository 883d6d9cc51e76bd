/** The truth as far as it is known: labels by request id, from a file that may still grow. */
import { copyFile, open, stat, truncate } from "node:fs/promises";
import { basename, join } from "node:path";
import { UserError } from "@ml-actions/action-kit/action";
import { readTable } from "@ml-actions/datasets";
import type { Column, Table } from "@ml-actions/datasets/types";

/** A file that was written to this recently may end in the middle of a line. */
const growingMs = 5_000;
const newline = 0x0a;

/** The truth: the row of the labels' table for a request's instance. */
export interface Labels {
  column: Column;
  /** Request id and place of the instance → row. */
  rows: Map<string, number>;
}

export const labelKey = (id: string, instance: number): string => `${instance} ${id}`;

/**
 * Reads what is known so far: the columns `request_id` and `label`; for requests of several instances also `instance`,
 * counted from 0. A file that is being written to is read up to its last whole line.
 *
 * @param directory where a copy of the whole lines may lie
 */
export async function readLabels(path: string, directory: string): Promise<Labels> {
  const table = await readTable(await settled(path, directory), { schema: null });
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

/** The file itself, or a copy of its whole lines while somebody writes to it. */
async function settled(path: string, directory: string): Promise<string> {
  const { mtimeMs } = await stat(path);
  if (Date.now() - mtimeMs > growingMs || !/\.(csv|jsonl|ndjson)$/i.test(path)) return path;
  const copy = join(directory, `so-far-${basename(path)}`);
  await copyFile(path, copy);
  const end = await endOfLastLine(copy);
  if (end > 0) await truncate(copy, end);
  return copy;
}

async function endOfLastLine(path: string): Promise<number> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    const chunk = Buffer.alloc(64 * 1024);
    for (let end = size; end > 0; end -= chunk.length) {
      const from = Math.max(0, end - chunk.length);
      const { bytesRead } = await file.read(chunk, 0, end - from, from);
      const at = chunk.subarray(0, bytesRead).lastIndexOf(newline);
      if (at >= 0) return from + at + 1;
    }
    return 0;
  } finally {
    await file.close();
  }
}
