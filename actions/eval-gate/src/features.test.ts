import type { Column, Table } from "@ml-actions/datasets/types";
import { parseContract } from "@ml-actions/serving/load-contract";
import { describe, expect, it } from "vitest";
import { Features } from "./features.ts";

const contract = parseContract(
  JSON.stringify({
    schema: "ml-actions/contract/v1",
    model: "m",
    version: "1",
    task: "binary",
    features: [
      { name: "month", type: "integer", minimum: 1, maximum: 12 },
      { name: "temp", type: "number", optional: true },
      { name: "origin", type: "string", values: ["EWR", "JFK"] },
    ],
    inputs: [
      { name: "x", datatype: "float32", features: ["month", "temp"] },
      { name: "o", datatype: "string", features: ["origin"] },
    ],
    output: { name: "p" },
    probe: { month: 1, temp: null, origin: "EWR" },
  }),
  "the contract",
);

const month = (...values: number[]): Column => ({
  kind: "number",
  name: "month",
  values: Float64Array.from(values),
  missing: values.some(Number.isNaN) ? Uint8Array.from(values, (value) => Number(Number.isNaN(value))) : null,
});
const origin = (...values: (string | null)[]): Column => {
  const dictionary = [...new Set(values)].filter((value) => value !== null);
  const codes = Int32Array.from(values, (value) => (value === null ? -1 : dictionary.indexOf(value)));
  return { kind: "string", name: "origin", codes, dictionary };
};
const tableOf = (rows: number, ...columns: Column[]): Table => ({
  rows,
  columns: new Map(columns.map((column) => [column.name, column])),
});

describe("features", () => {
  it("take the columns that there are, and an optional one that is not as missing", () => {
    const features = new Features(contract);
    expect(features.columns(["late", "origin", "month"])).toEqual(["month", "origin"]);
    const batch = features.of(tableOf(2, month(1, 2), origin("EWR", "JFK")));
    expect(batch?.columns.get("temp")).toEqual(Float64Array.of(Number.NaN, Number.NaN));
  });

  it("name every column that is not there", () => {
    expect(() => new Features(contract).columns(["temp"])).toThrow(
      /no column `month`[\s\S]*no column `origin`/,
    );
  });

  it("name the first hole of every feature with its row in the whole file, once all is read", () => {
    const features = new Features(contract);
    expect(features.of(tableOf(3, month(1, 2, 3), origin("EWR", "EWR", "EWR")))).not.toBeNull();
    expect(features.of(tableOf(2, month(4, 5), origin("EWR", null)))).toBeNull();
    expect(features.of(tableOf(2, month(Number.NaN, Number.NaN), origin(null, null)))).toBeNull();
    expect(() => features.throwIfAny()).toThrow(
      /`month` has no value in row 6, [^\n]*\n {2}column `origin` has no value in row 5, /,
    );
  });

  it("count what a server would refuse over all batches", () => {
    const features = new Features(contract);
    features.of(tableOf(2, month(1, 13), origin("EWR", "JFK")));
    features.of(tableOf(2, month(0, 2.5), origin("ORD", "JFK")));
    expect(features.refused()).toEqual([
      '3 rows hold a "month" that the contract does not allow, row 2 the first: a server would refuse such a request',
      '1 row holds a "origin" that the contract does not allow, row 3 the first: a server would refuse such a request',
    ]);
  });
});
