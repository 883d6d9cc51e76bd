import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { formatNames, formats } from "./formats.ts";
import type { DatasetSchema } from "./index.ts";
import { readBatches, readTable } from "./index.ts";
import { failure, testDirectory } from "./testing/files.ts";
import type { LogicalColumn } from "./testing/writers.ts";
import { writers } from "./testing/writers.ts";

const directory = testDirectory();

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

  test("the first ten by row are shown, whatever column they are in", async () => {
    const bad = join(directory, `order${extension}`);
    const rows = Array.from({ length: 40 }, (_, row) => row + 1);
    writers[format](bad, [
      { name: "hour", type: "integer", cells: rows.map((row) => (row > 10 ? 99 : 1)) },
      { name: "carrier", type: "string", cells: rows.map((row) => (row <= 3 || row === 12 ? "?" : "UA")) },
    ]);
    const error = await failure(bad, { schema: { ...schema, columns: schema.columns.slice(0, 2) as never } });
    expect(error.problems.map(({ row, column }) => `${row} ${column}`)).toEqual([
      "1 carrier",
      "2 carrier",
      "3 carrier",
      "11 hour",
      "12 hour",
      "12 carrier",
      "13 hour",
      "14 hour",
      "15 hour",
      "16 hour",
    ]);
    expect(error.totalProblems).toBe(34);
  });

  test.each([
    ["good batches before the first problem come through", 70_000, [65_536]],
    ["no batch follows a problem", 5, []],
  ])("%s", async (_, badRow, expected) => {
    const late = join(directory, `late${extension}`);
    const cells = Array.from({ length: 140_000 }, (_, row) => (row + 1 === badRow ? 99 : 1));
    writers[format](late, [{ name: "hour", type: "integer", cells }]);
    const sizes: number[] = [];
    const reading = (async () => {
      const only = { ...schema, columns: [schema.columns[0] as never] } as DatasetSchema;
      for await (const batch of readBatches(late, { schema: only })) sizes.push(batch.rows);
    })();
    await expect(reading).rejects.toThrow(`row ${badRow.toLocaleString("en-US")}`);
    expect(sizes).toEqual(expected);
  });

  test("a number of rows other than declared is a problem", async () => {
    const open = {
      ...schema,
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
