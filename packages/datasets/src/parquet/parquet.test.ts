import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { DatasetError, readBatches, readTable } from "../index.ts";
import { failure, testFiles } from "../testing/files.ts";
import { cellsOf } from "../testing/tables.ts";

const file = testFiles();

const fixtures = fileURLToPath(new URL("../fixtures/", import.meta.url));

type Golden = { kind: string; values: (number | string | boolean | null | { float: string })[] };
interface GoldenFile {
  file: string;
  table: string;
  columns: string[];
}
const lines = readFileSync(`${fixtures}golden.jsonl`, "utf8").trimEnd().split("\n");
const parsed = lines.map(
  (line) => JSON.parse(line) as GoldenFile | { table: string; columns: Record<string, Golden> },
);
const files = parsed.filter((line) => "file" in line);
const tables = new Map(
  parsed.flatMap((line) => ("file" in line ? [] : [[line.table, line.columns] as const])),
);

const FLOATS: Record<string, number> = { nan: Number.NaN, inf: Infinity, "-inf": -Infinity };
const value = (cell: Golden["values"][number]) =>
  typeof cell === "object" && cell !== null ? FLOATS[cell.float] : cell;

describe.each(files)("$file, as pyarrow 21.0.0 wrote it", ({ file, table: tableName, columns }) => {
  const wantedOf = (column: string) => tables.get(tableName)?.[column] as Golden;

  test("holds the golden values, in order, with their types", async () => {
    const table = await readTable(fixtures + file);
    expect([...table.columns.keys()]).toEqual(columns);
    for (const [column, found] of table.columns) {
      const wanted = wantedOf(column);
      expect(found.kind, column).toBe(wanted.kind);
      expect(cellsOf(found), column).toEqual(wanted.values.map(value));
    }
  });

  test("reads a single column alone", async () => {
    const last = columns.at(-1) as string;
    const table = await readTable(fixtures + file, { columns: [last] });
    expect([...table.columns.keys()]).toEqual([last]);
    expect(cellsOf(table.columns.get(last))).toEqual(wantedOf(last).values.map(value));
  });
});

const refusal = (name: string, columns?: string[]) =>
  readTable(fixtures + name, columns === undefined ? {} : { columns }).then(
    () => null,
    (error: unknown) => error,
  );

describe("what a flat table cannot hold", () => {
  test("nested and time columns are refused together, by name", async () => {
    const error = (await refusal("refused-types.parquet")) as DatasetError;
    expect(error).toBeInstanceOf(DatasetError);
    expect(error.code).toBe("unsupported");
    expect(error.message).toContain(
      '"list" (it is nested), "struct" (it is nested), "time" (its type is TIME',
    );
  });

  test("the other columns of such a file can be read", async () => {
    const table = await readTable(`${fixtures}refused-types.parquet`, { columns: ["ok"] });
    expect(cellsOf(table.columns.get("ok"))).toEqual([1, 2]);
  });

  test("an unsupported codec is named with what to use instead", async () => {
    const error = (await refusal("refused-lz4.parquet")) as DatasetError;
    expect(error.message).toMatch(/"ok".*is compressed with "LZ4_RAW"/);
    expect(error.remedy).toMatch(/snappy, zstd, gzip or brotli/);
  });

  test("bytes that are not UTF-8 do not become text", async () => {
    const error = (await refusal("refused-bytes.parquet")) as DatasetError;
    expect(error.code).toBe("malformed");
    expect(error.message).toContain('column "raw" in row group 1: a text that is not UTF-8');
  });

  test("two columns of one name are refused", async () => {
    expect(((await refusal("refused-twins.parquet")) as DatasetError).message).toContain(
      'two columns are named "twin"',
    );
  });
});

test("a file without rows has its columns all the same", async () => {
  const table = await readTable(`${fixtures}no-rows.parquet`);
  expect(table.rows).toBe(0);
  expect([...table.columns.values()].map((column) => `${column.name} ${column.kind}`)).toEqual([
    "number number",
    "word string",
  ]);
});

test("row groups are joined into batches", async () => {
  const sizes = [];
  for await (const batch of readBatches(`${fixtures}row-groups.parquet`)) sizes.push(batch.rows);
  expect(sizes).toEqual([120]);
});

describe("damage", () => {
  const damaged = async (name: string, change: (bytes: Buffer) => void) => {
    const bytes = readFileSync(fixtures + name);
    change(bytes);
    return failure(file(name, bytes));
  };

  test("a flipped bit shows in the page's checksum", async () => {
    const error = await damaged("row-groups.parquet", (bytes) =>
      bytes.writeUInt8(bytes.readUInt8(60) ^ 1, 60),
    );
    expect(error.message).toMatch(/column "flag" in row group 1: a page fails its checksum/);
  });

  test("any length of a file cut short is refused", async () => {
    const bytes = readFileSync(`${fixtures}snappy.parquet`);
    for (const length of [0, 3, 4, 8, 12, 500, bytes.length >> 1, bytes.length - 1]) {
      const error = await failure(file("cut.parquet", bytes.subarray(0, length)));
      expect(error.message).toContain("is not a sound Parquet file: its footer: ");
    }
  });

  test("a column that nobody asked for is not even looked at", async () => {
    const bytes = readFileSync(`${fixtures}none.parquet`);
    bytes.fill(0xff, 4, 200);
    const path = file("half.parquet", bytes);
    expect((await failure(path)).message).toContain('column "flag" in row group 1');
    expect((await readTable(path, { columns: ["unique"] })).rows).toBe(120);
  });
});

test("a footer that contradicts itself about the rows is refused", async () => {
  const bytes = readFileSync(`${fixtures}none.parquet`);
  const footer = bytes.length - 8 - bytes.readUInt32LE(bytes.length - 8);
  // Thrift compact: the next field, a 64-bit integer, zigzag of 120. The file's own count comes before its groups'.
  const at = bytes.indexOf(Buffer.from([0x16, 0xf0, 0x01]), footer);
  bytes.writeUInt8(0xf2, at + 1);
  expect((await failure(file("rows.parquet", bytes))).message).toContain(
    "121 rows, but 120 in its row groups",
  );
});

test("snappy data of another length than the page header says is refused", async () => {
  const { codecs } = await import("./codecs.ts");
  const { snappyCompress } = await import("hysnappy");
  const uncompress = await codecs.SNAPPY?.();
  const packed = snappyCompress(Uint8Array.of(1, 2, 3));
  expect(uncompress?.(packed, 3)).toEqual(Uint8Array.of(1, 2, 3));
  expect(() => uncompress?.(packed, 4)).toThrow("snappy data of 3 bytes where the page header says 4");
});
