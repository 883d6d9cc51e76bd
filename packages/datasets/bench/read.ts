// Reads 1,000,000 rows × 10 columns in each format and prints a Markdown table of rows per CPU second and peak memory.
// `node packages/datasets/bench/read.ts`; every measurement is a process of its own.
import { execFileSync } from "node:child_process";
import { createWriteStream, mkdtempSync, rmSync, statSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync, zstdCompressSync } from "node:zlib";
import type { CompressionCodec } from "hyparquet";
import { parquetWriteBuffer } from "hyparquet-writer";
import type { DatasetSchema } from "../src/index.ts";
import { readBatches, readTable } from "../src/index.ts";

const ROWS = 1_000_000;
const CARRIERS = ["UA", "AA", "DL", "B6", "EV", "MQ", "US", "WN"];
const columns = [
  { name: "id", type: "string", nullable: false, cell: (row: number) => `flight-${row}` },
  {
    name: "carrier",
    type: "string",
    nullable: false,
    cell: (row: number) => CARRIERS[hash(row, 1) % 8] as string,
  },
  { name: "day", type: "integer", nullable: false, cell: (row: number) => hash(row, 2) % 366 },
  { name: "hour", type: "integer", nullable: false, cell: (row: number) => hash(row, 3) % 24 },
  { name: "distance", type: "number", nullable: false, cell: (row: number) => hash(row, 4) % 3000 },
  { name: "temperature", type: "number", nullable: true, cell: (row: number) => hash(row, 5) / 1e6 },
  {
    name: "gust",
    type: "number",
    nullable: true,
    cell: (row: number) => (hash(row, 6) % 4 ? null : hash(row, 7) / 1e8),
  },
  { name: "score", type: "number", nullable: false, cell: (row: number) => hash(row, 8) / 2 ** 32 },
  { name: "late", type: "boolean", nullable: false, cell: (row: number) => hash(row, 9) % 4 === 0 },
  { name: "at", type: "timestamp", nullable: false, cell: (row: number) => 1_357_000_000_000 + row * 31_000 },
] as const;

const schema: DatasetSchema = {
  schema: "ml-actions/dataset-schema/v1",
  columns: columns.map(({ name, type, nullable }) => ({ name, type, nullable })),
};

function hash(row: number, salt: number): number {
  let value = Math.imul(row ^ Math.imul(salt, 0x9e3779b9), 0x85ebca6b);
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35);
  return (value ^ (value >>> 16)) >>> 0;
}

const text = (type: string, cell: unknown) =>
  type === "timestamp" ? new Date(cell as number).toISOString() : (cell as string | number | boolean | null);

async function writeLines(path: string, header: string, line: (row: number) => string): Promise<void> {
  const file = createWriteStream(path);
  let part = header;
  for (let row = 0; row < ROWS; row += 1) {
    part += line(row);
    if (part.length < 1 << 20) continue;
    if (!file.write(part)) await new Promise<void>((resolve) => file.once("drain", () => resolve()));
    part = "";
  }
  await new Promise<void>((resolve) => file.end(part, () => resolve()));
}

async function writeParquet(path: string, codec: CompressionCodec): Promise<void> {
  const types = {
    string: "STRING",
    integer: "INT32",
    number: "DOUBLE",
    boolean: "BOOLEAN",
    timestamp: "TIMESTAMP",
  } as const;
  const columnData = columns.map(({ name, type, nullable, cell }) => {
    const data = Array.from({ length: ROWS }, (_, row) =>
      type === "timestamp" ? new Date(cell(row) as number) : cell(row),
    );
    return { name, type: types[type], nullable, data };
  });
  const compressors = {
    ZSTD: (page: Uint8Array) => zstdCompressSync(page),
    GZIP: (page: Uint8Array) => gzipSync(page),
    BROTLI: (page: Uint8Array) =>
      brotliCompressSync(page, { params: { [constants.BROTLI_PARAM_QUALITY]: 4 } }),
  };
  await writeFile(
    path,
    new Uint8Array(parquetWriteBuffer({ columnData, codec, compressors, rowGroupSize: 250_000 })),
  );
}

async function measure(path: string, how: string): Promise<void> {
  const before = process.cpuUsage();
  let rows = 0;
  if (how === "table") rows = (await readTable(path, { schema })).rows;
  else if (how === "inferred") rows = (await readTable(path, { schema: null })).rows;
  else if (how === "batches") for await (const batch of readBatches(path, { schema })) rows += batch.rows;
  // Time on the processor, all threads: unlike the clock it does not depend on who else uses the machine.
  const { user, system } = process.cpuUsage(before);
  const seconds = (user + system) / 1e6;
  console.log(JSON.stringify({ rate: rows / seconds, peakMegabytes: process.resourceUsage().maxRSS / 1024 }));
}

function inProcess(path: string, how: string): { rate: number; peakMegabytes: number } {
  const output = execFileSync(process.execPath, [process.argv[1] as string, path, how], { encoding: "utf8" });
  return JSON.parse(output) as { rate: number; peakMegabytes: number };
}

async function main(): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), "ml-actions-bench-"));
  const csv = (row: number) => `${columns.map(({ type, cell }) => text(type, cell(row)) ?? "").join(",")}\n`;
  const json = (row: number) =>
    `${JSON.stringify(Object.fromEntries(columns.map(({ name, type, cell }) => [name, text(type, cell(row))])))}\n`;
  const files: [string, string, (path: string) => Promise<void>][] = [
    ["CSV", "m.csv", (path) => writeLines(path, `${columns.map(({ name }) => name).join(",")}\n`, csv)],
    ["JSON Lines", "m.jsonl", (path) => writeLines(path, "", json)],
    ["Parquet, snappy", "snappy.parquet", (path) => writeParquet(path, "SNAPPY")],
    ["Parquet, zstd", "zstd.parquet", (path) => writeParquet(path, "ZSTD")],
    ["Parquet, gzip", "gzip.parquet", (path) => writeParquet(path, "GZIP")],
    ["Parquet, brotli", "brotli.parquet", (path) => writeParquet(path, "BROTLI")],
  ];
  console.log(`Bare process: ${inProcess("", "nothing").peakMegabytes.toFixed(0)} MB\n`);
  console.log(
    "| format | file | rows/CPU s, with schema | rows/CPU s, types inferred | peak RSS, table | peak RSS, batches |\n|---|---|---|---|---|---|",
  );
  for (const [title, name, write] of files) {
    const path = join(directory, name);
    await write(path);
    const [table, inferred, batches] = ["table", "inferred", "batches"].map((how) => inProcess(path, how));
    const rate = (run?: { rate: number }) =>
      (Math.round((run?.rate ?? 0) / 1000) * 1000).toLocaleString("en-US");
    const peak = (run?: { peakMegabytes: number }) => `${run?.peakMegabytes.toFixed(0)} MB`;
    const size = `${(statSync(path).size / 2 ** 20).toFixed(0)} MB`;
    console.log(`| ${[title, size, rate(table), rate(inferred), peak(table), peak(batches)].join(" | ")} |`);
    rmSync(path);
  }
  rmSync(directory, { recursive: true });
}

const [path, how] = process.argv.slice(2);
if (path !== undefined && how !== undefined) await measure(path, how);
else await main();
