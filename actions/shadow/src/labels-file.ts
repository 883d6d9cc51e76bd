/** The truth as far as it is known: labels by request id, from a file that may still grow. */
import { copyFile, open, stat, truncate } from "node:fs/promises";
import { basename, join } from "node:path";
import { UserError } from "@ml-actions/action-kit/action";
import { readBatches } from "@ml-actions/datasets";
import type { Column, Table } from "@ml-actions/datasets/types";
import type { Compared } from "./join.ts";
import { LabelColumn } from "./label-column.ts";

/** A file that was written to this recently may end in the middle of a line. */
const growingMs = 5_000;
const newline = 0x0a;

/** Labels of the file, sorted by what became of them. */
export interface LabelTally {
  /** The same label again for the same instance, which is harmless. */
  repeated: number;
  /** Instances with two different labels, of which neither is believed. */
  contradicting: number;
  /** Labels of instances that were seen and not compared. */
  notCompared: number;
  /** Labels of requests that this shadow never saw. */
  unknown: number;
}

/** What is known of the compared answers. */
export interface Truth {
  /** One entry a compared row; missing where nothing is known. */
  column: Column;
  /** 1 for a compared row with a label. */
  known: Uint8Array;
  tally: LabelTally;
  /** When the file was written to last, as of this reading; ms since 1970. */
  writtenMs: number;
}

/**
 * Reads what is known so far: the columns `request_id` and `label`; for requests of several instances also `instance`,
 * counted from 0. A file that is being written to is read up to its last whole line. One batch is held at a time.
 *
 * @param directory where a copy of the whole lines may lie
 */
export async function readLabels(path: string, directory: string, compared: Compared): Promise<Truth> {
  const labels = new LabelColumn(compared.rows);
  const tally = { notCompared: 0, unknown: 0 };
  const { mtimeMs: writtenMs } = await stat(path);
  for await (const batch of readBatches(await settled(path, directory), { schema: null })) {
    const [id, label] = [needed(batch, "request_id", path), needed(batch, "label", path)];
    const place = placesOf(batch.columns.get("instance"));
    labels.begin(label);
    for (let at = 0; at < batch.rows; at += 1) {
      const name = textAt(id, at);
      if (name === null || !labels.has(at)) continue;
      const row = compared.rowOf(name, place(at));
      if (row >= 0) labels.put(row, at);
      else if (row === -1) tally.notCompared += 1;
      else tally.unknown += 1;
    }
  }
  const { repeated, contradicting } = labels;
  return { ...labels.finish(), tally: { ...tally, repeated, contradicting }, writtenMs };
}

/** A place that is no whole number belongs to no instance. */
function placesOf(column: Column | undefined): (at: number) => number {
  if (column === undefined) return () => 0;
  if (column.kind !== "number") return () => Number.NaN;
  return (at) => (Number.isInteger(column.values[at]) ? (column.values[at] as number) : Number.NaN);
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

function textAt(column: Column, at: number): string | null {
  if (column.kind === "string") {
    const code = column.codes[at] as number;
    return code < 0 ? null : (column.dictionary[code] as string);
  }
  return column.missing?.[at] === 1 ? null : String(column.values[at]);
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

/** Labels of the compared answers that have come since they were read; 0 without reading when nobody wrote. */
export async function lateLabels(
  path: string,
  directory: string,
  compared: Compared,
  { known, writtenMs }: Truth,
): Promise<number> {
  if ((await stat(path)).mtimeMs === writtenMs) return 0;
  const now = await readLabels(path, directory, compared);
  return now.known.reduce((late, is, row) => late + (is === 1 && known[row] === 0 ? 1 : 0), 0);
}
