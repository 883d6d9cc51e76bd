import type { CellSink } from "../cells.ts";
import { FIRST_INEXACT, parseNumber } from "../cells.ts";
import { DatasetError } from "../error.ts";
import { TypeInference } from "../infer.ts";
import { quote } from "../quote.ts";
import type { OpenDataset, Reader, TypedName } from "../reader.ts";
import { checkColumnCount } from "../reader.ts";
import type { Source } from "../source.ts";
import { joined, utf8Chunks } from "../source.ts";
import type { RowTarget } from "../table-builder.ts";

/** One JSON object a line, flat: strings, numbers, booleans and null. Empty lines are skipped. */
export const jsonl: Reader = {
  extensions: [".jsonl", ".ndjson", ".jsonl.gz", ".ndjson.gz"],
  open: async (source) => new JsonLinesDataset(source),
};

/** A longer line is refused instead of filling the memory. */
const MAX_LINE_BYTES = 1 << 24;

class JsonLinesDataset implements OpenDataset {
  /** A key may show up in any row. */
  readonly names = null;
  private readonly source: Source;

  constructor(source: Source) {
    this.source = source;
  }

  async infer(): Promise<TypedName[]> {
    const found = new Map<string, TypeInference>();
    for await (const lines of jsonLines(this.source)) {
      for (const line of lines) {
        const record = parseRecord(line);
        if (typeof record !== "string") learn(found, record, line);
      }
      checkColumnCount(this.source, found.size);
    }
    if (found.size === 0) throw emptyFile(this.source);
    return [...found].map(([name, { type }]) => ({ name, type }));
  }

  async *walk(
    plan: readonly TypedName[],
    target: RowTarget,
    known: ReadonlySet<string> | null,
  ): AsyncGenerator<void> {
    const names = plan.map((column) => column.name);
    for await (const lines of jsonLines(this.source)) {
      for (const line of lines) {
        const record = parseRecord(line);
        if (typeof record === "string") target.badRow("", record);
        else putRecord(names, record, line, target, known);
      }
      yield;
    }
  }

  async close(): Promise<void> {}
}

function learn(found: Map<string, TypeInference>, record: Record<string, unknown>, line: string): void {
  for (const name in record) {
    let sink = found.get(name);
    if (sink === undefined) {
      sink = new TypeInference();
      found.set(name, sink);
    }
    if (!sink.settled) putValue(sink, record[name], line, name);
  }
}

function putRecord(
  names: readonly string[],
  record: Record<string, unknown>,
  line: string,
  target: RowTarget,
  known: ReadonlySet<string> | null,
): void {
  const wrong = unexpectedKey(record, known) ?? nestedValue(record, names);
  if (wrong !== null) {
    target.badRow(...wrong);
    return;
  }
  for (let index = 0; index < names.length; index += 1) {
    const name = names[index] as string;
    putValue(target.sinks[index] as CellSink, Object.hasOwn(record, name) ? record[name] : null, line, name);
  }
  target.endRows(1);
}

type WrongKey = [column: string, problem: string] | null;

function unexpectedKey(record: Record<string, unknown>, known: ReadonlySet<string> | null): WrongKey {
  if (known === null) return null;
  for (const name in record) {
    if (!known.has(name)) return [name, "is not in the schema"];
  }
  return null;
}

function nestedValue(record: Record<string, unknown>, names: readonly string[]): WrongKey {
  for (const name of names) {
    const value = Object.hasOwn(record, name) ? record[name] : null;
    if (typeof value === "object" && value !== null) {
      return [name, `is nested (${Array.isArray(value) ? "an array" : "an object"}), expected a plain value`];
    }
  }
  return null;
}

/** The record of a line, or what is wrong with it. */
function parseRecord(line: string): Record<string, unknown> | string {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return `is not JSON: ${quote(line)}`;
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value))
    return value as Record<string, unknown>;
  return `is ${quote(line)}, expected a JSON object (one a line)`;
}

function putValue(sink: CellSink, value: unknown, line: string, name: string): void {
  if (value === null) sink.missing();
  else if (typeof value === "string") sink.string(value);
  else if (typeof value === "boolean") sink.boolean(value);
  else if (typeof value === "number" && Math.abs(value) < FIRST_INEXACT) sink.number(value);
  else if (typeof value === "number") putLargeNumber(sink, line, name);
}

/** JSON.parse rounds what a double cannot hold: the digits in the line tell. */
function putLargeNumber(sink: CellSink, line: string, name: string): void {
  let digits = "";
  JSON.parse(line, function (this: unknown, key: string, value: unknown, context?: { source?: string }) {
    if (key === name && typeof value === "number") digits = context?.source ?? "";
    return value;
  });
  const number = parseNumber(digits);
  if (typeof number === "bigint") sink.inexactInteger(number);
  else if (number !== null) sink.number(number);
  else sink.string(digits);
}

/** The file's lines without the empty ones, in groups. */
async function* jsonLines(source: Source): AsyncGenerator<string[]> {
  let rest: Buffer = Buffer.alloc(0);
  let count = 0;
  for await (const chunk of utf8Chunks(source)) {
    const bytes = joined(rest, chunk);
    const end = bytes.lastIndexOf(0x0a) + 1;
    rest = bytes.subarray(end);
    const lines = linesOf(bytes.subarray(0, end));
    count += lines.length;
    yield lines;
    if (rest.length > MAX_LINE_BYTES) throw lineTooLong(source, count + 1);
  }
  yield linesOf(rest);
}

const linesOf = (bytes: Buffer) =>
  bytes
    .toString("utf8")
    .split("\n")
    .filter((line) => line !== "" && line.trim() !== "");

function lineTooLong(source: Source, row: number): DatasetError {
  const limit = MAX_LINE_BYTES.toLocaleString("en-US");
  return new DatasetError("malformed", `row ${row} of ${source.shown} is longer than ${limit} bytes`, {
    remedy: "Write one JSON object a line (a JSON array or indented JSON is not JSON Lines).",
  });
}

function emptyFile(source: Source): DatasetError {
  return new DatasetError("empty", `the dataset ${source.shown} holds no JSON object`, {
    remedy: "Write one JSON object a line, its keys the columns.",
  });
}
