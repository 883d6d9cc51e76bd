import { expect, test } from "vitest";
import { scoreBounds } from "./score-bounds.ts";

test.each(["binary", "multiclass", "regression"] as const)("bounds of a %s model rise, through 0", (task) => {
  const bounds = scoreBounds(task);
  expect(bounds.every((bound, index) => index === 0 || bound > (bounds[index - 1] ?? 0))).toBe(true);
  expect(bounds).toContain(0);
});

test("a probability is known to a hundredth, and to a factor of 2.5 in the tails", () => {
  const within = scoreBounds("binary").filter((bound) => bound >= 0 && bound <= 1);
  expect(Math.max(...within.map((bound, index) => bound - (within[index - 1] ?? 0)))).toBeLessThan(
    0.01 + 1e-12,
  );
  const low = within.filter((bound) => bound > 0 && bound <= 0.01);
  expect(Math.max(...low.slice(1).map((bound, index) => bound / (low[index] ?? 0)))).toBeLessThan(2.5 + 1e-9);
});

test("a value is known to 12.3 % between 0.01 and 1,000,000 of either sign", () => {
  const bounds = scoreBounds("regression");
  const above = bounds.filter((bound) => bound > 0);
  expect([above[0], above.at(-1)]).toEqual([0.01, 1_000_000]);
  expect(Math.max(...above.slice(1).map((bound, index) => bound / (above[index] ?? 0)))).toBeLessThan(1.123);
  expect(
    bounds
      .filter((bound) => bound < 0)
      .map((bound) => -bound)
      .reverse(),
  ).toEqual(above);
});
