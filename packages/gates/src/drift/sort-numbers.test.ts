import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { sortNumbers } from "./sort-numbers.ts";
import { normals } from "./tables.testing.ts";

describe("sorting numbers", () => {
  it("gives the platform's order, for any doubles and enough of them to be counted", () => {
    fc.assert(
      fc.property(fc.array(fc.double({ noNaN: true }), { maxLength: 50 }), fc.nat(), (some, seed) => {
        const values = Float64Array.of(...some, ...normals(seed, 6000)).map((x) => x + 0);
        expect(sortNumbers(values.slice())).toEqual(values.slice().sort());
      }),
      { numRuns: 20 },
    );
  });

  it("handles one value, one sign, and infinities", () => {
    const many = normals(1, 10_000);
    for (const values of [
      new Float64Array(10_000).fill(-2),
      many.map(Math.abs),
      many.map((x) => -Math.exp(x)),
      many.map((x, i) =>
        i % 3 === 0 ? Number.NEGATIVE_INFINITY : i % 3 === 1 ? Number.POSITIVE_INFINITY : x,
      ),
    ])
      expect(sortNumbers(values.slice())).toEqual(values.slice().sort());
  });
});
