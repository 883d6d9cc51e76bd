import type { CsvError } from "csv-parse";
import type { CellSink } from "../cells.ts";
import { isCodeWithLeadingZero, parseBoolean, parseNumber } from "../cells.ts";
import { DatasetError } from "../error.ts";
import { InferenceTarget } from "../infer.ts";
import { quote } from "../quote.ts";
import type { OpenDataset, Reader, TypedName } from "../reader.ts";
import { checkColumnCount } from "../reader.ts";
import type { Source } from "../source.ts";
import { utf8Chunks } from "../source.ts";
import type { RowTarget } from "../table-builder.ts";
import type { ColumnType } from "../types.ts";

/** RFC 4180 with a header: commas, double quotes, UTF-8; LF, CRLF or CR between records; empty lines are skipped. */
export const csv: Reader = {
  extensions: [".csv", ".csv.gz"],
  open: async (source) => new CsvDataset(source, await header(source)),
};

/** A record beyond this (a quote that never closes, or no CSV at all) is refused instead of filling the memory. */
const MAX_RECORD_BYTES = 1 << 24;

class CsvDataset implements OpenDataset {
  readonly names: readonly string[];
  private readonly source: Source;

  constructor(source: Source, names: readonly string[]) {
    this.source = source;
    this.names = names;
  }

  async infer(names: readonly string[] | null): Promise<TypedName[]> {
    const wanted = names ?? this.names;
    const target = new InferenceTarget(wanted.length);
    const put = (index: number, text: string) => {
      const sink = target.sinks[index];
      if (sink !== undefined && !sink.settled) classify(sink, text);
    };
    for await (const _ of this.records(wanted, target, put));
    return wanted.map((name, index) => ({ name, type: target.sinks[index]?.type ?? "number" }));
  }

  walk(plan: readonly TypedName[], target: RowTarget): AsyncIterable<void> {
    const types = plan.map((column) => column.type);
    return this.records(
      plan.map((column) => column.name),
      target,
      (index, text) => putText(target.sinks[index] as CellSink, types[index] as ColumnType, text),
    );
  }

  async close(): Promise<void> {}

  private async *records(
    names: readonly string[],
    target: RowTarget,
    put: (index: number, text: string) => void,
  ): AsyncGenerator<void> {
    const places = new Map(this.names.map((name, index) => [name, index]));
    const positions = names.map((name) => places.get(name) as number);
    const width = this.names.length;
    let isHeader = true;
    for await (const records of csvRecords(this.source)) {
      for (const record of records) {
        if (isHeader) {
          isHeader = false;
        } else if (record.length === width) {
          for (let index = 0; index < positions.length; index += 1) {
            put(index, record[positions[index] as number] as string);
          }
          target.endRows(1);
        } else {
          target.badRow("", `has ${cells(record.length)}, the header has ${width}`);
        }
      }
      yield;
    }
  }
}

const cells = (count: number) => `${count} cell${count === 1 ? "" : "s"}`;

/** What R and SQL tools write for a missing value. In a string column it may be a value (Namibia) and stays one. */
const isMissingToken = (text: string) => text === "NA" || text === "null" || text === "NULL";

/** Tells an inference what an untyped cell could be. */
function classify(sink: CellSink, text: string): void {
  const trimmed = text.trim();
  if (text === "" || isMissingToken(trimmed)) sink.missing();
  else if (isCodeWithLeadingZero(trimmed)) sink.string(trimmed);
  else putParsed(sink, parseBoolean(trimmed) ?? parseNumber(trimmed), trimmed);
}

/** Gives a cell to a column whose type is known. */
function putText(sink: CellSink, type: ColumnType, text: string): void {
  const trimmed = type === "string" ? text : text.trim();
  if (text === "" || (type !== "string" && isMissingToken(trimmed))) sink.missing();
  else if (type === "string" || type === "timestamp") sink.string(trimmed);
  else putParsed(sink, (type === "boolean" ? parseBoolean(trimmed) : null) ?? parseNumber(trimmed), text);
}

function putParsed(sink: CellSink, value: boolean | number | bigint | null, text: string): void {
  if (value === null) sink.string(text);
  else if (typeof value === "number") sink.number(value);
  else if (typeof value === "bigint") sink.inexactInteger(value);
  else sink.boolean(value);
}

async function header(source: Source): Promise<string[]> {
  for await (const records of csvRecords(source)) {
    const names = records[0];
    if (names !== undefined) return checkedHeader(source, names);
  }
  throw new DatasetError("empty", `the dataset ${source.shown} is empty: it has not even a header`, {
    remedy: "Write a first line with the names of the columns.",
  });
}

function checkedHeader(source: Source, names: string[]): string[] {
  checkColumnCount(source, names.length);
  const problems: string[] = [];
  const seen = new Map<string, number>();
  names.forEach((name, index) => {
    if (name.trim() === "") problems.push(`column ${index + 1} has no name`);
    const first = seen.get(name);
    if (first !== undefined) problems.push(`columns ${first} and ${index + 1} are both named ${quote(name)}`);
    else seen.set(name, index + 1);
  });
  if (problems.length === 0) return names;
  const more = problems.length > 10 ? `; and ${problems.length - 10} more` : "";
  throw new DatasetError(
    "malformed",
    `the header of ${source.shown} is wrong: ${problems.slice(0, 10).join("; ")}${more}`,
    { remedy: "Give every column a name of its own (pandas: to_csv(…, index=False))." },
  );
}

/** The file's records, the header first, in groups as they come out of the parser. */
async function* csvRecords(source: Source): AsyncGenerator<string[][]> {
  const { Parser } = await import("csv-parse");
  let group: string[][] = [];
  let count = 0;
  const parser = new Parser({
    relax_column_count: true,
    skip_empty_lines: true,
    record_delimiter: ["\r\n", "\n", "\r"],
    max_record_size: MAX_RECORD_BYTES,
    // Taking the records here spares a pass through an object stream.
    on_record: (record: string[]) => {
      group.push(record);
      count += 1;
      return null;
    },
  });
  // The callbacks below report errors; without a listener the stream would raise them a second time.
  parser.on("error", () => {}).resume();
  const settle = (start: (done: (error?: Error | null) => void) => void) =>
    new Promise<void>((resolve, reject) => {
      start((error) => (error ? reject(malformed(source, error, count)) : resolve()));
    });
  for await (const chunk of utf8Chunks(source)) {
    await settle((done) => parser.write(chunk, done));
    yield group;
    group = [];
  }
  await settle((done) => parser.end(done));
  yield group;
}

/** `count` records were read before, the header among them. */
function malformed(source: Source, error: Error, count: number): DatasetError {
  const { code } = error as CsvError;
  const where = count === 0 ? "in the header" : `in row ${count}`;
  const why =
    code === "CSV_QUOTE_NOT_CLOSED"
      ? "a quote is never closed"
      : code === "CSV_MAX_RECORD_SIZE"
        ? `the record is larger than ${MAX_RECORD_BYTES.toLocaleString("en-US")} bytes (a quote that is not closed?)`
        : code === "CSV_INVALID_CLOSING_QUOTE"
          ? "a closing quote is followed by something else than a comma or the line's end"
          : "a quote stands inside a cell that does not start with one";
  return new DatasetError("malformed", `the dataset ${source.shown} is not CSV ${where}: ${why}`, {
    remedy: 'Quote cells that hold commas, quotes or newlines, and double a quote inside: "say ""hi""".',
    cause: error,
  });
}
