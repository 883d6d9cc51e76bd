import { describe, expect, test } from "vitest";
import { DatasetError, loadSchema, schemaBeside } from "./index.ts";
import { testFiles } from "./testing/files.ts";

const file = testFiles();
const valid = {
  schema: "ml-actions/dataset-schema/v1",
  version: "20131231",
  rows: 20_000,
  columns: [
    { name: "hour", type: "integer", nullable: false, minimum: 0, maximum: 23, values: [5, 6] },
    { name: "carrier", type: "string", values: ["UA", "AA"], description: "Airline" },
    { name: "when", type: "timestamp", minimum: "2013-01-01", maximum: 1_400_000_000_000 },
  ],
  label: "hour",
};
const load = (schema: unknown) =>
  loadSchema(file("x.schema.json", typeof schema === "string" ? schema : JSON.stringify(schema)));
const refusal = async (schema: unknown) => {
  const error = await load(schema).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(DatasetError);
  expect((error as DatasetError).code).toBe("invalid-schema");
  return (error as DatasetError).message;
};

test("a schema is read; a column is not nullable unless it says so", async () => {
  const schema = await load(valid);
  expect(schema.columns.map((column) => column.nullable)).toEqual([false, false, false]);
  expect(schema.label).toBe("hour");
});

test("all problems of a schema are named with their place", async () => {
  const message = await refusal({
    ...valid,
    version: "2013-12-31",
    rows: -1,
    lable: "late",
    columns: [
      { name: "", type: "float" },
      { type: "string", nullable: "yes" },
    ],
  });
  for (const part of [
    "has 7 problems",
    "version: must be a day as YYYYMMDD",
    "rows: ",
    "columns.0.name: ",
    "columns.0.type: ",
    "columns.1.name: ",
    "columns.1.nullable: ",
    'Unrecognized key: "lable"',
  ]) {
    expect(message).toContain(part);
  }
});

describe("contradictions", () => {
  test.each([
    [
      "a column declared twice",
      [
        { name: "a", type: "string" },
        { name: "a", type: "number" },
      ],
      'columns.1.name: "a" is declared twice',
    ],
    [
      "bounds of a string",
      [{ name: "a", type: "string", minimum: 1 }],
      "columns.0.minimum: does not fit a string column",
    ],
    [
      "a text as bound of a number",
      [{ name: "a", type: "number", maximum: "9" }],
      "columns.0.maximum: does not fit a number column",
    ],
    [
      "a bound that is no time",
      [{ name: "a", type: "timestamp", maximum: "soon" }],
      "columns.0.maximum: does not fit a timestamp column",
    ],
    [
      "bounds the wrong way round",
      [{ name: "a", type: "number", minimum: 2, maximum: 1 }],
      "columns.0.minimum: is above the maximum",
    ],
    [
      "values of another type",
      [{ name: "a", type: "integer", values: [1, 1.5] }],
      "columns.0.values: hold one that does not fit a integer column",
    ],
  ])("%s", async (_, columns, message) => {
    expect(await refusal({ schema: valid.schema, columns })).toContain(message);
  });

  test("a label that is no column", async () => {
    expect(await refusal({ ...valid, label: "late\n::error::" })).toContain(
      'label: "late\\n::error::" is not among the columns',
    );
  });
});

test("what is not JSON, not an object or not there is said so", async () => {
  expect(await refusal("{")).toContain("is not JSON");
  expect(await refusal([])).toContain("the file: ");
  const error = (await loadSchema("/nowhere/x.schema.json").catch(
    (thrown: unknown) => thrown,
  )) as DatasetError;
  expect(error.code).toBe("not-found");
  expect(error.message).toBe('the schema "/nowhere/x.schema.json" cannot be read: there is no such file');
});

test("keys of a hostile schema stay on one line", async () => {
  const message = await refusal(
    `{"schema": "ml-actions/dataset-schema/v1", "columns": [{"name":"a","type":"string"}], "x\\n::error::y": 1}`,
  );
  expect(message.split("\n")).toHaveLength(2);
});

test.each([
  ["dataset_v20131231.parquet"],
  ["dataset_v20131231.csv"],
  ["dataset_v20131231.csv.gz"],
  ["dataset_v20131231.jsonl"],
  ["dataset_v20131231"],
])("the schema beside %s is found", async (name) => {
  const schema = file("dataset_v20131231.schema.json", JSON.stringify(valid));
  expect(await schemaBeside(schema.replace("dataset_v20131231.schema.json", name))).toBe(schema);
  expect(await schemaBeside(schema.replace("dataset_v20131231.schema.json", "other.csv"))).toBeNull();
});
