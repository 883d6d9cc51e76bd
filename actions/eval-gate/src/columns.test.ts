import type { Column, NumberColumn, Table } from "@ml-actions/datasets/types";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CodedColumn } from "./coded-column.ts";
import { CompactNumbers } from "./compact-numbers.ts";
import { Groups, Weights } from "./row-columns.ts";
import { Slices } from "./slices.ts";
import { truthFor } from "./truth.ts";

const numbers = (name: string, ...values: number[]): NumberColumn => ({
  kind: "number",
  name,
  values: Float64Array.from(values),
  missing: values.some(Number.isNaN) ? Uint8Array.from(values, (value) => Number(Number.isNaN(value))) : null,
});
const texts = (name: string, ...values: (string | null)[]): Column => {
  const dictionary = [...new Set(values)].filter((value) => value !== null);
  return {
    kind: "string",
    name,
    codes: Int32Array.from(values, (value) => (value === null ? -1 : dictionary.indexOf(value))),
    dictionary,
  };
};
const tableOf = (...columns: Column[]): Table => ({
  rows: columns[0]?.kind === "string" ? columns[0].codes.length : (columns[0]?.values.length ?? 0),
  columns: new Map(columns.map((column) => [column.name, column])),
});

describe("numbers that come in pieces", () => {
  it("come back as they were, whatever each piece is held as", () => {
    const special = fc.constantFrom(
      0,
      -0,
      1,
      254,
      255,
      256,
      Number.NaN,
      Infinity,
      -Infinity,
      0.1,
      0.5,
      5e-324,
    );
    const piece = fc.oneof(
      fc.array(fc.nat(255)),
      fc.array(fc.float()),
      fc.array(fc.double()),
      fc.array(special),
    );
    fc.assert(
      fc.property(fc.array(piece), (pieces) => {
        const compact = new CompactNumbers();
        for (const values of pieces) compact.append(Float64Array.from(values));
        const expected = pieces.flat();
        expect(compact.length).toBe(expected.length);
        // Object.is tells -0 from 0, and NaN is itself.
        const found = compact.take();
        expect(expected.every((value, index) => Object.is(found[index], value))).toBe(true);
        expect(found).toHaveLength(expected.length);
      }),
      { seed: 3 },
    );
  });

  it("come back from more than one block", () => {
    const compact = new CompactNumbers();
    const piece = new Float64Array(3_000_000);
    for (let part = 0; part < 3; part += 1) compact.append(piece.fill(part + 0.5));
    const found = compact.take();
    expect(found).toHaveLength(9_000_000);
    expect([0, 3e6 - 1, 3e6, 6e6, 2 ** 23 - 1, 2 ** 23, 9e6 - 1].map((row) => found[row])).toEqual([
      0.5, 0.5, 1.5, 2.5, 2.5, 2.5, 2.5,
    ]);
  });

  it("come in the smallest array that holds them all", () => {
    const kindOf = (...pieces: number[][]) => {
      const compact = new CompactNumbers();
      for (const values of pieces) compact.append(Float64Array.from(values));
      return compact.take().constructor;
    };
    expect(kindOf([0, 1], [254])).toBe(Uint8Array);
    expect(kindOf([0, 1], [Number.NaN])).toBe(Float32Array);
    expect(kindOf([0, 1], [0.5])).toBe(Float32Array);
    expect(kindOf([0, 1], [0.5], [0.1])).toBe(Float64Array);
  });

  it("are copied: the reader may fill its array anew", () => {
    const compact = new CompactNumbers();
    const values = Float64Array.of(0.1, 0.2);
    compact.append(values);
    values.fill(7);
    expect(compact.take()).toEqual(Float64Array.of(0.1, 0.2));
  });
});

describe("slices", () => {
  it("keep one code for a value, although each batch has a dictionary of its own", () => {
    const slices = new Slices(["carrier", "hour"]);
    slices.append(tableOf(texts("carrier", "UA", "AA", null), numbers("hour", 5, 6, 5)));
    slices.append(tableOf(texts("carrier", "AA", "WN"), numbers("hour", Number.NaN, 6)));
    const { carrier, hour } = slices.take();
    expect(carrier).toEqual({ codes: Int32Array.of(0, 1, -1, 1, 2), names: ["UA", "AA", "WN"] });
    expect(hour).toEqual({ codes: Int32Array.of(0, 1, 0, -1, 1), names: ["5", "6"] });
  });

  it("name booleans as such", () => {
    const slices = new Slices(["late"]);
    slices.append(
      tableOf({
        kind: "boolean",
        name: "late",
        values: Uint8Array.of(1, 0, 0),
        missing: Uint8Array.of(0, 0, 1),
      }),
    );
    expect(slices.take().late).toEqual({ codes: Int32Array.of(0, 1, -1), names: ["true", "false"] });
  });

  it("refuse an identifier as soon as it is plain that it is one", () => {
    const slices = new Slices(["id"]);
    slices.append(tableOf(numbers("id", ...Array.from({ length: 1000 }, (_, row) => row))));
    expect(() => slices.append(tableOf(numbers("id", 1000)))).toThrow(/`id` has 1001 values or more/);
  });

  it("hold a value named like a member of every object", () => {
    const slices = new Slices(["__proto__"]);
    slices.append(tableOf(texts("__proto__", "constructor", "__proto__")));
    expect(Object.entries(slices.take())).toEqual([
      ["__proto__", { codes: Int32Array.of(0, 1), names: ["constructor", "__proto__"] }],
    ]);
  });

  it("hold more values than a byte and than two", () => {
    const column = new CodedColumn("id");
    for (let batch = 0; batch < 4; batch += 1) {
      column.append(numbers("id", ...Array.from({ length: 20_000 }, (_, row) => batch * 15_000 + row)));
    }
    const codes = column.codes();
    expect(column.size).toBe(65_000);
    expect([0, 100, 19_999, 20_000, 79_999].map((row) => codes[row])).toEqual([
      0, 100, 19_999, 15_000, 64_999,
    ]);
  });
});

describe("weights", () => {
  it("are finite numbers from 0 on, or the row is named, counted over the batches", () => {
    const weights = new Weights();
    weights.append(numbers("w", 1, 0, 2.5));
    for (const [wrong, shown] of [
      [-1, "-1"],
      [Infinity, "Infinity"],
      [Number.NaN, "no value"],
    ] as const) {
      expect(() => weights.append(numbers("w", 1, wrong))).toThrow(`\`w\` has ${shown} in row 5`);
    }
    expect(() => weights.append(texts("w", "1"))).toThrow(/holds strings, weights are numbers/);
    expect(weights.take()).toEqual(Float64Array.of(1, 0, 2.5));
  });
});

describe("queries", () => {
  it("are numbered over the batches, and every row has one", () => {
    const groups = new Groups("query");
    groups.append(texts("query", "shoes", "hats"));
    groups.append(texts("query", "hats", "coats"));
    expect(groups.take()).toEqual(Int32Array.of(0, 1, 1, 2));
    expect(() => groups.append(texts("query", "hats", null))).toThrow(/no value in row 6/);
  });
});

describe("the truth", () => {
  it("of classes is the same in batches as at once", () => {
    const truth = truthFor({ name: "late", task: "binary" });
    truth.append(numbers("late", 0, 1, Number.NaN));
    truth.append(numbers("late", 1));
    expect(truth.take()).toEqual(Float32Array.of(0, 1, Number.NaN, 1));
    const named = truthFor({ name: "state", task: "binary", positive: "yes" });
    named.append(texts("state", "no", "maybe"));
    named.append(texts("state", "yes", null));
    expect(named.take()).toEqual(Float32Array.of(0, 0, 1, Number.NaN));
    const whole = truthFor({ name: "late", task: "binary" });
    whole.append(numbers("late", 0, 1));
    expect(whole.take()).toEqual(Uint8Array.of(0, 1));
  });

  it("that cannot be is refused at the batch that shows it", () => {
    const binary = truthFor({ name: "delay", task: "binary" });
    binary.append(numbers("delay", 0, 1));
    expect(() => binary.append(numbers("delay", 17))).toThrow(/has 3 values/);
    const multiclass = truthFor({ name: "size", task: "multiclass", classes: ["small", "large"] });
    multiclass.append(texts("size", "small"));
    expect(() => multiclass.append(texts("size", "huge"))).toThrow(/no class for: "huge"/);
  });

  it("may lack a value until the last row", () => {
    const truth = truthFor({ name: "state", task: "binary", positive: "yes" });
    truth.append(texts("state", "no"));
    expect(() => truth.take()).toThrow(/has no "yes"/);
  });

  it("of a ranking is a relevance", () => {
    const truth = truthFor({ name: "relevance", task: "ranking" });
    truth.append(numbers("relevance", 3, 0, Number.NaN));
    truth.append({ kind: "boolean", name: "relevance", values: Uint8Array.of(1), missing: null });
    expect(truth.take()).toEqual(Float32Array.of(3, 0, Number.NaN, 1));
    expect(() => truth.append(texts("relevance", "good"))).toThrow(/holds strings, a ranking needs/);
  });
});
