/**
 * As many rows of flights as a bench asks for, in a Parquet file in the cache: the 20,000 of the fixture over and over,
 * the weather of each copy shifted a little, so that scores differ and values do not fit a dictionary. Deterministic.
 */

import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { access, mkdir, rename } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { readTable } from "@ml-actions/datasets";
import type { Column, Table } from "@ml-actions/datasets/types";
import type { RowGroup } from "hyparquet";
import { ByteWriter, type ColumnSource, ParquetWriter, schemaFromColumnData } from "hyparquet-writer";

const fixture = join(import.meta.dirname, "../../fixtures/flights/dataset_v20131231.parquet");
/** From this many rows on, the row groups themselves repeat. */
const distinctRows = 1_000_000;
/** The name of the files: another content needs another. */
const edition = 1;
const shifted: ReadonlySet<string> = new Set(["temp", "dewp", "pressure"]);

/** Path of a file with `rows` flights, a multiple of the fixture's 20,000 (of 1,000,000 above that), with the columns
 * of the fixture. Made when it is not there, with progress on stderr. */
export async function flightsRows(rows: number): Promise<string> {
  const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "ml-actions", "bench");
  const path = join(cache, `flights-${edition}-${rows}.parquet`);
  if (await exists(path)) return path;
  await mkdir(cache, { recursive: true });
  const base = await readTable(fixture, { schema: null });
  const distinct = Math.min(rows, distinctRows);
  const repeats = rows / distinct;
  const copies = distinct / base.rows;
  if (!Number.isInteger(repeats) || !Number.isInteger(copies)) {
    throw new Error(`${rows} rows: expected a multiple of ${base.rows}, above ${distinctRows} of that`);
  }
  console.error(`making ${path}`);
  const part = `${path}.${process.pid}`;
  await write(part, encode(base, copies), repeats);
  await rename(part, path);
  return path;
}

interface Encoded {
  /** The row groups alone, without magic bytes and footer. */
  bytes: Uint8Array;
  groups: RowGroup[];
  schema: ConstructorParameters<typeof ParquetWriter>[0]["schema"];
}

function encode(base: Table, copies: number): Encoded {
  const columnData = [...base.columns.values()].map((column) => source(column, 0));
  const schema = schemaFromColumnData({ columnData });
  const writer = new ByteWriter();
  const file = new ParquetWriter({ writer, schema });
  const perGroup = 5;
  for (let copy = 0; copy < copies; copy += perGroup) {
    const together = Array.from({ length: Math.min(perGroup, copies - copy) }, (_, index) => copy + index);
    const data = [...base.columns.values()].map((column) => {
      const parts = together.map((each) => source(column, each).data as unknown[]);
      return { name: column.name, data: parts.flat(), offsetIndex: false };
    });
    void file.write({ columnData: data, rowGroupSize: base.rows * perGroup });
    process.stderr.write(`\r  ${((copy + together.length) * base.rows).toLocaleString("en-US")} rows `);
  }
  process.stderr.write("\n");
  return { bytes: writer.getBytes().subarray(4), groups: file.row_groups, schema };
}

/** A column as the writer takes it; `copy` says by how much the weather is off. */
function source(column: Column, copy: number): ColumnSource {
  const { name } = column;
  if (column.kind === "string") {
    return { name, type: "STRING", data: Array.from(column.codes, (code) => column.dictionary[code]) };
  }
  const whole = column.values.every((value, row) => column.missing?.[row] === 1 || Number.isInteger(value));
  const data = Array.from(column.values, (value, row) => {
    if (column.missing?.[row] === 1) return null;
    if (whole) return BigInt(value);
    return shifted.has(name) ? value + noise(row, copy) : value;
  });
  return { name, type: whole ? "INT64" : "DOUBLE", data };
}

/** From −1 to 1, and 0 for the rows as they are. */
function noise(row: number, copy: number): number {
  if (copy === 0) return 0;
  let value = Math.imul(row ^ Math.imul(copy, 0x9e3779b9), 0x85ebca6b);
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35);
  return ((value ^ (value >>> 16)) >>> 0) / 2 ** 31 - 1;
}

async function write(path: string, { bytes, groups, schema }: Encoded, repeats: number): Promise<void> {
  const stream = createWriteStream(path);
  stream.write("PAR1");
  for (let repeat = 0; repeat < repeats; repeat += 1) {
    if (!stream.write(bytes)) await once(stream, "drain");
  }
  const footer = new ByteWriter();
  const file = new ParquetWriter({ writer: footer, schema });
  for (let repeat = 0; repeat < repeats; repeat += 1) {
    const by = BigInt(repeat) * BigInt(bytes.length);
    file.row_groups.push(...groups.map((group) => moved(group, by)));
  }
  file.num_rows = file.row_groups.reduce((sum, group) => sum + group.num_rows, 0n);
  void file.finish();
  stream.end(footer.getBytes().subarray(4));
  await once(stream, "close");
}

function moved(group: RowGroup, by: bigint): RowGroup {
  const columns = group.columns.map((column) => {
    const { meta_data: about } = column;
    if (about === undefined) throw new Error("a column chunk without metadata");
    const dictionary = about.dictionary_page_offset;
    return {
      ...column,
      meta_data: {
        ...about,
        data_page_offset: about.data_page_offset + by,
        ...(dictionary === undefined ? {} : { dictionary_page_offset: dictionary + by }),
      },
    };
  });
  return { ...group, columns };
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
