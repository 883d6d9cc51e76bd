import type { Column } from "@ml-actions/datasets/types";
import { describe, expect, it } from "vitest";
import { labelsOf } from "./labels.ts";

const numbers = (values: (number | null)[]): Column => ({
  kind: "number",
  name: "late",
  values: Float64Array.from(values, (value) => value ?? Number.NaN),
  missing: Uint8Array.from(values, (value) => (value === null ? 1 : 0)),
});
const words = (values: (string | null)[]): Column => {
  const dictionary = [...new Set(values.filter((value) => value !== null))];
  return {
    kind: "string",
    name: "late",
    dictionary,
    codes: Int32Array.from(values, (value) => (value === null ? -1 : dictionary.indexOf(value))),
  };
};
const flags = (values: (boolean | null)[]): Column => ({
  kind: "boolean",
  name: "late",
  values: Uint8Array.from(values, (value) => Number(value ?? false)),
  missing: Uint8Array.from(values, (value) => Number(value === null)),
});
const binary = (column: Column, positive?: string) => [...labelsOf(column, { task: "binary", positive })];

describe("labels of a binary model", () => {
  it("are 1 for 1 and true, and not a number where they are missing", () => {
    expect(binary(numbers([1, 0, null]))).toEqual([1, 0, Number.NaN]);
    expect(binary(flags([true, false, null]))).toEqual([1, 0, Number.NaN]);
    expect(binary(words(["true", "false", null]))).toEqual([1, 0, Number.NaN]);
  });

  it("are 1 for the value that is named, whatever the others are", () => {
    expect(binary(words(["late", "early", "on time"]), "late")).toEqual([1, 0, 0]);
    expect(binary(flags([true, false]), "1")).toEqual([1, 0]);
    expect(binary(numbers([1, 0]), "true")).toEqual([1, 0]);
    expect(binary(flags([true, false]), "false")).toEqual([0, 1]);
  });

  it("are all 0 where nothing is positive", () => {
    expect(binary(numbers([0, 0]))).toEqual([0, 0]);
  });

  it("are all 0 while a file that still grows has no positive one", () => {
    const sofar = (column: Column) => [
      ...labelsOf(column, { task: "binary", positive: "late", growing: true }),
    ];
    expect(sofar(words(["early", null, "early"]))).toEqual([0, Number.NaN, 0]);
    expect(() => sofar(words(["early", "on time"]))).toThrow(/has no "late"; it has "early", "on time"/);
    expect(() => binary(words(["early"]), "late")).toThrow(/has no "late"/);
  });

  it.each([
    [numbers([1, 2]), "no", /no "no"; it has "1", "2"/],
    [words(["yes", "no"]), undefined, /neither `1` nor `true`; it has "yes", "no"/],
    [numbers([0, 1, 2]), undefined, /has 3 values: "0", "1", "2"/],
  ])("cannot be guessed", (column, positive, message) => {
    expect(() => binary(column, positive)).toThrow(message);
  });
});

describe("labels of other models", () => {
  it("are places in the list of classes, also for classes that are numbers", () => {
    const classes = ["3", "1", "2"];
    expect([...labelsOf(numbers([1, 2, 3, null]), { task: "multiclass", classes })]).toEqual([
      1,
      2,
      0,
      Number.NaN,
    ]);
    expect(() => labelsOf(words(["1", "4"]), { task: "multiclass", classes })).toThrow(/no class for: "4"/);
  });

  it("are relevances of a ranking", () => {
    expect([...labelsOf(numbers([0, 3, null]), { task: "ranking" })]).toEqual([0, 3, Number.NaN]);
    expect(() => labelsOf(words(["a"]), { task: "ranking" })).toThrow(/a ranking model needs numbers/);
  });

  it("are values, and words are none", () => {
    expect([...labelsOf(numbers([1.5, null]), { task: "regression" })]).toEqual([1.5, Number.NaN]);
    expect(() => labelsOf(words(["a"]), { task: "regression" })).toThrow(/holds strings/);
  });
});
