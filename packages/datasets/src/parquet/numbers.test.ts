import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { parquetWriteBuffer } from "hyparquet-writer";
import { describe, expect, test } from "vitest";
import { type DatasetSchema, readBatches, readTable } from "../index.ts";
import { testDirectory } from "../testing/files.ts";
import type { NumberColumn } from "../types.ts";

const directory = testDirectory();
const ROWS = 70_000;
const cell = (row: number) => (row % 7 === 0 ? null : row / 3);

/** Pages that do not end with batches, values that repeat (a dictionary) and that do not, holes and none. */
function write(name: string): string {
  const rows = Array.from({ length: ROWS }, (_, row) => row);
  const path = join(directory, name);
  const buffer = parquetWriteBuffer({
    columnData: [
      { name: "distinct", type: "DOUBLE", nullable: false, data: Float64Array.from(rows, (row) => row / 3) },
      { name: "holes", type: "DOUBLE", data: rows.map(cell) },
      { name: "lateHole", type: "DOUBLE", data: rows.map((row) => (row === 69_000 ? null : row / 3)) },
      { name: "repeating", type: "DOUBLE", data: rows.map((row) => (row % 5 === 0 ? null : row % 11)) },
      { name: "single", type: "FLOAT", nullable: false, data: Float32Array.from(rows, (row) => row / 2) },
      {
        name: "whole",
        type: "INT64",
        nullable: false,
        data: BigInt64Array.from(rows, (row) => BigInt(row - 5)),
      },
    ],
    rowGroupSize: 40_000,
    pageSize: 100_000,
  });
  writeFileSync(path, new Uint8Array(buffer));
  return path;
}

const wanted: Record<string, (row: number) => number | null> = {
  distinct: (row) => row / 3,
  holes: cell,
  lateHole: (row) => (row === 69_000 ? null : row / 3),
  repeating: (row) => (row % 5 === 0 ? null : row % 11),
  single: (row) => row / 2,
  whole: (row) => row - 5,
};

describe("numbers that are read many at once", () => {
  test("are the same as one by one, over pages, batches and row groups", async () => {
    const path = write("numbers.parquet");
    let rows = 0;
    for await (const { columns, rows: count } of readBatches(path)) {
      for (const [name, at] of Object.entries(wanted)) {
        const { values, missing } = columns.get(name) as NumberColumn;
        const expected = Array.from({ length: count }, (_, row) => at(rows + row));
        expect(missing === null, name).toBe(!expected.includes(null));
        const wrong = expected.findIndex((value, row) =>
          value === null
            ? missing?.[row] !== 1 || !Number.isNaN(values[row])
            : missing?.[row] === 1 || values[row] !== value,
        );
        expect(wrong, `${name}, from row ${rows}`).toBe(-1);
      }
      rows += count;
    }
    expect(rows).toBe(ROWS);
  });

  test("are still checked one by one against a schema, and named by their row", async () => {
    const schema: DatasetSchema = {
      schema: "ml-actions/dataset-schema/v1",
      columns: Object.keys(wanted).map((name) => ({
        name,
        type: name === "single" ? "integer" : "number",
        nullable: name !== "lateHole",
        ...(name === "whole" ? { maximum: 69_992 } : {}),
      })),
    };
    const path = write("checked.parquet");
    const only = async (...columns: string[]) =>
      readTable(path, { schema, columns }).then(String, (caught: Error) => caught.message);
    expect(await only("single")).toMatch(/row 2, column "single": is the number 0.5, expected an integer/);
    expect(await only("lateHole")).toMatch(/1 problem:\n {2}row 69,001, column "lateHole": is missing/);
    expect(await only("whole")).toMatch(
      /2 problems:\n {2}row 69,999, .*is 69993, outside -Infinity to 69992/,
    );
  });
});
