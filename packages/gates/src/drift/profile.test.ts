import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatProfile, mergeProfiles, type Profile, ProfileBuilder, parseProfile } from "../drift.ts";
import { xoshiro128 } from "../random/xoshiro.ts";
import { normals, numbers, strings, tableOf } from "./tables.testing.ts";
import type { FeatureTable } from "./types.ts";

function profileOf(...tables: FeatureTable[]): Profile {
  const builder = new ProfileBuilder();
  for (const table of tables) builder.add(table);
  return builder.profile();
}

/** Numbers of every sort: few and many values, both zeros, tiny and huge, none. */
const anyNumber = fc.oneof(
  fc.integer({ min: 0, max: 5 }),
  fc.double(),
  fc.constantFrom(
    0,
    -0,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
    5e-324,
    -5e-324,
    1e308,
  ),
  fc.integer({ min: 1_700_000_000_000, max: 1_800_000_000_000 }),
);
const anyRow = fc.record({
  x: anyNumber,
  name: fc.oneof(fc.constantFrom("a", "b", null, "__proto__", ""), fc.string({ maxLength: 40 })),
});
const anyRows = fc.array(anyRow, { maxLength: 60 });
const anyTable = (rows: readonly { x: number; name: string | null }[]): FeatureTable =>
  tableOf(
    numbers(
      "x",
      rows.map(({ x }) => x),
    ),
    strings(
      "name",
      rows.map(({ name }) => name),
    ),
  );

describe("merging profiles", () => {
  it("in any order and grouping gives the profile of one pass, to the byte", () => {
    fc.assert(
      fc.property(
        fc.array(anyRows, { minLength: 1, maxLength: 5 }),
        fc.nat(),
        fc.integer({ min: 0, max: 4 }),
        (parts, seed, extra) => {
          // Enough other numbers and names that buckets collapse in some of the parts.
          const grown = parts.map((rows, i) => [...rows, ...spread(seed + i, i === extra ? 700 : 0)]);
          const whole = formatProfile(profileOf(anyTable(grown.flat())));
          const profiles = grown.map((rows) => profileOf(anyTable(rows)));
          const order = [...profiles].sort((a, b) => a.rows - b.rows);
          const cut = seed % order.length;
          const nested = [order.slice(0, cut), order.slice(cut)]
            .filter((some) => some.length > 0)
            .map(mergeProfiles);
          expect(formatProfile(mergeProfiles(profiles))).toBe(whole);
          expect(formatProfile(mergeProfiles(nested))).toBe(whole);
          expect(formatProfile(profileOf(...grown.map(anyTable)))).toBe(whole);
          expect(formatProfile(parseProfile(whole, "p"))).toBe(whole);
        },
      ),
      { numRuns: 60 },
    );
  });

  it("keeps the kind of the parts that have values", () => {
    const empty = profileOf(tableOf(strings("x", [null, null])));
    const numeric = profileOf(tableOf(numbers("x", [1, 2])));
    const merged = mergeProfiles([empty, numeric]);
    expect(merged.columns.get("x")).toMatchObject({ kind: "numeric", missing: 2 });
    expect(formatProfile(mergeProfiles([numeric, empty]))).toBe(formatProfile(merged));
  });

  it("refuses parts of different tables by name", () => {
    const a = profileOf(tableOf(numbers("x", [1])));
    expect(() => mergeProfiles([a, profileOf(tableOf(numbers("y", [1])))])).toThrow(/x, y are not in all/);
    expect(() => mergeProfiles([a, profileOf(tableOf(strings("x", ["1"])))])).toThrow(
      /x has numbers in one part/,
    );
    expect(() => mergeProfiles([])).toThrow(/no profile/);
    const builder = new ProfileBuilder();
    builder.add(tableOf(numbers("x", [1])));
    expect(() => builder.add(tableOf(numbers("x", [1]), numbers("y", [1])))).toThrow(/y is not in all/);
  });
});

function spread(seed: number, n: number): { x: number; name: string | null }[] {
  const random = xoshiro128(seed);
  return Array.from({ length: n }, () => ({
    x: (random.uniform() - 0.5) * 10 ** Math.floor(random.uniform() * 12 - 6),
    name: `name ${random.uint32()}`,
  }));
}

describe("a profile", () => {
  it("counts exactly what is missing, NaN, infinite, and distinct values while they are few", () => {
    const missing = Uint8Array.of(0, 1, 0, 0, 0, 0, 0);
    const values = Float64Array.of(3, 7, Number.NaN, -0, 0, Number.NEGATIVE_INFINITY, 3);
    const profile = profileOf({
      rows: 7,
      columns: new Map([["x", { kind: "number", name: "x", values, missing }]]),
    });
    expect(profile.columns.get("x")).toEqual({
      kind: "numeric",
      missing: 2,
      nan: 1,
      negativeInfinity: 1,
      positiveInfinity: 0,
      minimum: 0,
      maximum: 3,
      cells: { level: 0, keys: Float64Array.of(0, 3), counts: Float64Array.of(2, 2) },
    });
  });

  it("takes numbers and booleans as categories where it is told to, and only the columns asked for", () => {
    const table: FeatureTable = {
      rows: 3,
      columns: new Map([
        ["code", { kind: "number", name: "code", values: Float64Array.of(12, 7, 12), missing: null }],
        [
          "flag",
          { kind: "boolean", name: "flag", values: Uint8Array.of(1, 0, 1), missing: Uint8Array.of(0, 0, 1) },
        ],
        ["other", { kind: "number", name: "other", values: new Float64Array(3), missing: null }],
      ]),
    };
    const builder = new ProfileBuilder({ columns: ["code", "flag"], categorical: ["code"] });
    builder.add(table);
    const { columns } = builder.profile();
    expect([...columns.keys()]).toEqual(["code", "flag"]);
    expect(columns.get("code")).toMatchObject({
      kind: "categorical",
      categories: { names: ["12", "7"], counts: Float64Array.of(2, 1) },
    });
    expect(columns.get("flag")).toMatchObject({ missing: 1, categories: { names: ["false", "true"] } });
    expect(() => new ProfileBuilder({ columns: ["nope"] }).add(table)).toThrow(/no column nope/);
  });

  it("of continuous numbers has buckets that hold little each", () => {
    const largest = (values: Float64Array): number => {
      const column = profileOf(tableOf(numbers("x", values))).columns.get("x");
      return column?.kind === "numeric" ? Math.max(...column.cells.counts) / values.length : 1;
    };
    const around = normals(1, 100_000);
    expect(largest(around)).toBeLessThan(0.04);
    expect(largest(around.map((x) => x + 100))).toBeLessThan(0.01);
    expect(largest(around.map(Math.exp))).toBeLessThan(0.02);
    expect(largest(around.map((x) => 1.7e12 + 1e7 * x))).toBeLessThan(0.02);
  });

  it("of 100 columns of a typical table takes at most 100 kB", () => {
    const rows = 20_000;
    const random = xoshiro128(4);
    const columns = Array.from({ length: 100 }, (_, i) => {
      const noise = normals(i, rows);
      if (i < 40)
        return numbers(`continuous ${i}`, i % 2 === 0 ? noise : noise.map((x) => Math.exp(x) * 100));
      if (i < 70)
        return numbers(
          `count ${i}`,
          noise.map((x) => Math.round(Math.abs(x) * 20)),
        );
      const names = Array.from({ length: i < 95 ? 30 : 20_000 }, (_, k) => `value ${k}`);
      const codes = Int32Array.from({ length: rows }, () => random.uint32() % names.length);
      return { kind: "string" as const, name: `text ${i}`, codes, dictionary: names };
    });
    const text = formatProfile(profileOf(tableOf(...columns)));
    expect(text.length).toBeLessThan(100_000);
  });
});
