import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { formatNames, formats } from "./formats.ts";
import type { DatasetSchema } from "./index.ts";
import { DatasetError, readBatches, readTable } from "./index.ts";
import { plain } from "./test-tables.ts";
import type { LogicalColumn } from "./test-writers.ts";
import { writers } from "./test-writers.ts";

const directory = mkdtempSync(join(tmpdir(), "ml-actions-datasets-"));
afterAll(() => rmSync(directory, { recursive: true }));

const COLUMNS: LogicalColumn[] = [
  { name: "score", type: "number", cells: [0.1, -2.5e300, null, 5, 1e21, 0] },
  { name: "count", type: "integer", cells: [1, -7, 2 ** 53 - 1, null, 0, 2 ** 60] },
  { name: "id", type: "id", cells: [2n ** 53n + 1n, 1n, null, -(2n ** 62n) - 1n, 7n, 2n ** 60n] },
  {
    name: "carrier",
    type: "string",
    cells: ["UA", "AA", "UA", null, 'say "hi",\nthere\r\n', " naïve 日本 🛫 "],
  },
  { name: "late", type: "boolean", cells: [true, false, null, true, false, false] },
  { name: "when", type: "timestamp", cells: [0, -1, 1_385_856_000_123, null, 253402300799999, 951782400000] },
  { name: "nothing", type: "number", cells: [null, null, null, null, null, null] },
  { name: "__proto__", type: "string", cells: ["a", "b", "c", "d", "e", "f"] },
  { name: 'hostile "name",\n::set-output::', type: "integer", cells: [1, 2, 3, 4, 5, 6] },
];

const EXPECTED = new Map(
  COLUMNS.map(({ name, type, cells }) => [
    name,
    cells.map((cell) =>
      type === "id" && cell !== null ? String(cell) : (cell as number | string | boolean | null),
    ),
  ]),
);

const SCHEMA: DatasetSchema = {
  schema: "ml-actions/dataset-schema/v1",
  columns: COLUMNS.map(({ name, type }) => ({ name, type: type === "id" ? "string" : type, nullable: true })),
};

async function failure(path: string, options: Parameters<typeof readTable>[1] = {}): Promise<DatasetError> {
  const outcome = await readTable(path, options).catch((error: unknown) => error);
  expect(outcome).toBeInstanceOf(DatasetError);
  expect((outcome as DatasetError).remedy).not.toBe("");
  return outcome as DatasetError;
}

describe.each(formatNames)("%s", (format) => {
  const path = join(directory, `data${formats[format].extensions[0]}`);
  const write = (name: string, columns: LogicalColumn[]) => {
    const file = join(directory, name + formats[format].extensions[0]);
    writers[format](file, columns);
    return file;
  };

  beforeAll(() => writers[format](path, COLUMNS));

  test("infers types from whole columns and keeps every value", async () => {
    const table = await readTable(path);
    expect(table.rows).toBe(6);
    expect(plain(table)).toEqual(EXPECTED);
    expect([...table.columns.keys()]).toEqual(COLUMNS.map((column) => column.name));
  });

  test("gives the very table that the other formats give", async () => {
    const other = join(directory, "reference.csv");
    writers.csv(other, COLUMNS);
    expect(await readTable(path)).toEqual(await readTable(other));
    expect(await readTable(path, { schema: SCHEMA })).toEqual(await readTable(other, { schema: SCHEMA }));
  });

  test("reads the same with a schema", async () => {
    expect(plain(await readTable(path, { schema: SCHEMA }))).toEqual(EXPECTED);
  });

  test("has no mask where nothing is missing, and one byte a row where something is", async () => {
    const table = await readTable(path);
    expect(table.columns.get("late")).toMatchObject({ missing: Uint8Array.of(0, 0, 1, 0, 0, 0) });
    expect(table.columns.get('hostile "name",\n::set-output::')).toMatchObject({ missing: null });
    expect((table.columns.get("score") as { values: Float64Array }).values[2]).toBeNaN();
  });

  test("reads only the columns asked for, in the file's order", async () => {
    for (const schema of [null, SCHEMA]) {
      const table = await readTable(path, { schema, columns: ["carrier", "score"] });
      expect([...table.columns.keys()]).toEqual(["score", "carrier"]);
      expect(plain(table).get("carrier")).toEqual(EXPECTED.get("carrier"));
    }
  });

  test("names a column that is not there, and those that are", async () => {
    const error = await failure(path, { columns: ["score", "scoer"] });
    expect(error.code).toBe("unknown-column");
    expect(error.message).toContain('"scoer"');
    expect(error.remedy).toContain('"score", "count"');
  });

  test("streams bounded batches that add up to the table", async () => {
    const cells = Array.from({ length: 150_000 }, (_, row) => row);
    const large = write("large", [
      { name: "row", type: "integer", cells },
      {
        name: "word",
        type: "string",
        cells: cells.map((row) => (row % 5 === 0 ? null : `w${row % 70_001}`)),
      },
      { name: "even", type: "boolean", cells: cells.map((row) => (row < 140_000 ? row % 2 === 0 : null)) },
    ]);
    const sizes: number[] = [];
    let firstOfLast = 0;
    for await (const batch of readBatches(large)) {
      sizes.push(batch.rows);
      firstOfLast = (plain(batch).get("row")?.[0] ?? -1) as number;
      expect(
        Math.max(
          ...[...batch.columns.values()].map(
            (column) => (column.kind === "string" ? column.codes : column.values).length,
          ),
        ),
      ).toBe(batch.rows);
    }
    expect(sizes).toEqual([65_536, 65_536, 18_928]);
    expect(firstOfLast).toBe(131_072);
    const table = await readTable(large);
    expect(table.columns.get("row")).toMatchObject({ values: Float64Array.from(cells), missing: null });
    const [word, even] = ["word", "even"].map((name) => plain(table).get(name));
    expect(word?.every((cell, row) => cell === (row % 5 === 0 ? null : `w${row % 70_001}`))).toBe(true);
    expect(even?.every((cell, row) => cell === (row < 140_000 ? row % 2 === 0 : null))).toBe(true);
    const dictionary = (table.columns.get("word") as { dictionary: string[] }).dictionary;
    expect(new Set(dictionary).size).toBe(dictionary.length);
    expect(dictionary[0]).toBe("w1");
  });

  test("leaves no file open when the reader stops early", async () => {
    const open = () => readdirSync("/proc/self/fd").length;
    const before = open();
    for await (const _ of readBatches(path)) break;
    await failure(path, { columns: ["no"] });
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(open()).toBeLessThanOrEqual(before);
  });
});

describe.each(formatNames)("%s against a schema", (format) => {
  const extension = formats[format].extensions[0] as string;
  const path = join(directory, `checked${extension}`);
  const cells = <T>(good: T, bad: Record<number, T>) =>
    Array.from({ length: 20 }, (_, row) => bad[row + 1] ?? good);
  const columns: LogicalColumn[] = [
    { name: "hour", type: "number", cells: cells<number | null>(12, { 3: 24.5, 7: -1, 9: 30 }) },
    {
      name: "carrier",
      type: "string",
      cells: [...cells<string | null>("UA", { 3: "X\n::error::|`<b>" }).slice(0, 19), null],
    },
    { name: "late", type: "number", cells: cells<number | null>(1, { 5: 2 }) },
    { name: "when", type: "timestamp", cells: cells<number | null>(0, { 11: Date.UTC(2030, 0) }) },
  ];
  const schema: DatasetSchema = {
    schema: "ml-actions/dataset-schema/v1",
    columns: [
      { name: "hour", type: "integer", nullable: false, minimum: 0, maximum: 23 },
      { name: "carrier", type: "string", nullable: false, values: ["UA", "AA"] },
      { name: "late", type: "boolean", nullable: false },
      { name: "when", type: "timestamp", nullable: true, maximum: "2020-01-01" },
    ],
  };
  beforeAll(() => writers[format](path, columns));

  test("reports every kind of problem with row and column, alike in every format", async () => {
    const error = await failure(path, { schema });
    expect(error.code).toBe("problems");
    expect(error.problems).toEqual([
      { row: 3, column: "hour", problem: "is the number 24.5, expected an integer" },
      { row: 3, column: "carrier", problem: 'is "X\\n::error::|`<b>", not one of the allowed values' },
      { row: 5, column: "late", problem: "is the number 2, expected a boolean" },
      { row: 7, column: "hour", problem: "is -1, outside 0 to 23" },
      { row: 9, column: "hour", problem: "is 30, outside 0 to 23" },
      {
        row: 11,
        column: "when",
        problem: "is 2030-01-01T00:00:00.000Z, outside -Infinity to 2020-01-01T00:00:00.000Z",
      },
      { row: 20, column: "carrier", problem: "is missing, but the column is not nullable" },
    ]);
    expect(error.message).toContain(
      'has 7 problems:\n  row 3, column "hour": is the number 24.5, expected an integer\n',
    );
    expect(error.message.split("\n")).toHaveLength(8);
  });

  test("shows ten problems of thousands and counts all", async () => {
    const many = join(directory, `many${extension}`);
    const count = 70_000;
    writers[format](many, [
      { name: "hour", type: "integer", cells: Array.from({ length: count }, () => 99) },
    ]);
    const error = await failure(many, { schema: { ...schema, columns: [schema.columns[0] as never] } });
    expect(error.totalProblems).toBe(count);
    expect(error.problems.map((problem) => problem.row)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(error.message).toContain("has 70,000 problems, the first 10 by row:");
  });

  test("good batches before the first problem come through, no bad one does", async () => {
    const late = join(directory, `late${extension}`);
    writers[format](late, [
      {
        name: "hour",
        type: "integer",
        cells: Array.from({ length: 70_000 }, (_, row) => (row === 69_999 ? 99 : 1)),
      },
    ]);
    const sizes: number[] = [];
    const reading = (async () => {
      for await (const batch of readBatches(late, {
        schema: { ...schema, columns: [schema.columns[0] as never] },
      }))
        sizes.push(batch.rows);
    })();
    await expect(reading).rejects.toThrow("row 70,000");
    expect(sizes).toEqual([65_536]);
  });

  test("a number of rows other than declared is a problem", async () => {
    const open = {
      ...SCHEMA,
      columns: columns.map(({ name, type }) => ({ name, type: type as "string", nullable: true })),
    };
    expect((await readTable(path, { schema: { ...open, rows: 20 } })).rows).toBe(20);
    expect((await failure(path, { schema: { ...open, rows: 21 } })).message).toContain(
      "the file: has 20 rows, the schema says 21",
    );
  });

  test("a column that the schema does not know is a problem", async () => {
    const error = await failure(path, { schema: { ...schema, columns: schema.columns.slice(1) as never } });
    expect(error.code).toBe("problems");
    expect(error.problems[0]).toMatchObject({ column: "hour" });
  });

  test("the schema beside the dataset is used, unless types shall be inferred", async () => {
    const beside = join(directory, `beside${extension}`);
    writers[format](beside, [{ name: "hour", type: "integer", cells: [99] }]);
    expect((await readTable(beside)).rows).toBe(1);
    writeFileSync(
      join(directory, "beside.schema.json"),
      JSON.stringify({ ...schema, columns: [schema.columns[0]] }),
    );
    expect((await failure(beside)).message).toContain("outside 0 to 23");
    expect((await readTable(beside, { schema: null })).rows).toBe(1);
    rmSync(join(directory, "beside.schema.json"));
  });

  test("a schema of another version than the file's name is refused", async () => {
    const versioned = join(directory, `dataset_v20131231${extension}`);
    writers[format](versioned, columns);
    const error = await failure(versioned, { schema: { ...schema, version: "20140101" } });
    expect(error.message).toContain("is of version 20131231, its schema of version 20140101");
  });
});

describe.each(formatNames)("%s on bad bytes", (format) => {
  const path = join(directory, `fuzzed${formats[format].extensions[0]}`);
  const readOrRefuse = async (bytes: Uint8Array) => {
    writeFileSync(path, bytes);
    const started = performance.now();
    try {
      await readTable(path);
    } catch (error) {
      if (!(error instanceof DatasetError)) throw error;
    }
    expect(performance.now() - started).toBeLessThan(2000);
  };

  test("random bytes are read or refused", async () => {
    const start = Buffer.from(formats[format].magic ?? "");
    const bytes = fc.uint8Array({ maxLength: 400 });
    const framed = bytes.map((middle) => Buffer.concat([start, middle, start]));
    await fc.assert(fc.asyncProperty(fc.oneof(bytes, framed), readOrRefuse), { numRuns: 300, seed: 1 });
  });

  test("damaged files are read or refused", async () => {
    const valid = join(directory, `valid${formats[format].extensions[0]}`);
    writers[format](valid, COLUMNS);
    const original = readFileSync(valid);
    const damage = fc.array(
      fc.tuple(fc.nat(original.length - 1), fc.integer({ min: 0, max: 255 }), fc.integer({ min: 1, max: 6 })),
      { minLength: 1, maxLength: 4 },
    );
    const cut = fc.option(fc.nat(original.length), { freq: 5 });
    await fc.assert(
      fc.asyncProperty(damage, cut, async (changes, length) => {
        const bytes = Buffer.from(original);
        for (const [at, value, width] of changes) bytes.fill(value, at, Math.min(at + width, bytes.length));
        await readOrRefuse(length === null ? bytes : bytes.subarray(0, length));
      }),
      { numRuns: 400, seed: 2 },
    );
  });
});
