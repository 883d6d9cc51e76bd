import { readdirSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { formatNames, formats } from "./formats.ts";
import type { DatasetSchema } from "./index.ts";
import { readBatches, readTable } from "./index.ts";
import { failure, testDirectory } from "./testing/files.ts";
import { plain } from "./testing/tables.ts";
import type { LogicalColumn } from "./testing/writers.ts";
import { COLUMNS, writers } from "./testing/writers.ts";

const directory = testDirectory();

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

  test("lets a function choose among the columns, and throws what it throws", async () => {
    for (const schema of [null, SCHEMA]) {
      let seen: readonly string[] = [];
      const choose = (names: readonly string[]) => {
        seen = names;
        return names.filter((name) => name === "score");
      };
      const table = await readTable(path, { schema, columns: choose });
      expect([...table.columns.keys()]).toEqual(["score"]);
      expect(seen).toEqual([...EXPECTED.keys()]);
      const refuse = () => {
        throw new RangeError("none of them");
      };
      await expect(readTable(path, { schema, columns: refuse })).rejects.toThrow(RangeError);
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
