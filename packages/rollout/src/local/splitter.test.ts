import fc from "fast-check";
import { expect, test } from "vitest";
import { RolloutError } from "../error.ts";
import { blockSizeFor, Splitter } from "./splitter.ts";

const draw = (splitter: Splitter, count: number) => Array.from({ length: count }, () => splitter.next());
const count = (drawn: boolean[]) => drawn.filter(Boolean).length;

test.each([0, 1, 10, 25, 50, 99, 100])("%s percent is exact in every block of 100", (percent) => {
  const splitter = new Splitter(percent);
  for (let block = 0; block < 20; block++) expect(count(draw(splitter, 100))).toBe(percent);
});

test.each([
  [2.5, 1_000, 25],
  [0.25, 10_000, 25],
])("%s percent is exact in every block of %s", (percent, size, expected) => {
  const splitter = new Splitter(percent);
  expect(count(draw(splitter, size))).toBe(expected);
  expect(count(draw(splitter, size))).toBe(expected);
});

test("any share of whole hundredths of a percent is exact in its block", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 10_000 }), (hundredths) => {
      const percent = hundredths / 100;
      const size = blockSizeFor(percent);
      expect(count(draw(new Splitter(percent), size))).toBe(Math.round((percent * size) / 100));
    }),
    { numRuns: 50 },
  );
});

test("callers that send their cases in turn do not send one kind to the candidate", () => {
  const splitter = new Splitter(50);
  const drawn = draw(splitter, 10_000);
  const even = drawn.filter((chosen, i) => chosen && i % 2 === 0).length;
  // A counter would give 0 or 5000. Standard deviation of the even ones is below 50.
  expect(Math.abs(even - 2_500)).toBeLessThan(250);
});

test.each([-1, 101, Number.NaN, Number.POSITIVE_INFINITY, 0.001, 33.333])(
  "%s percent is refused",
  (percent) => {
    expect(() => new Splitter(percent)).toThrow(RolloutError);
  },
);
