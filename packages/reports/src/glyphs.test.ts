import { describe, expect, test } from "vitest";
import { sparkline, thinned, weightBar } from "./glyphs.ts";

describe("pictures of characters", () => {
  test("a sparkline spans its range and leaves gaps", () => {
    expect(sparkline([0, 50, null, 100, 250, -9], 0, 100)).toBe("▁▅ ██▁");
    expect(sparkline([3, 3], 3, 3)).toBe("▁▁");
  });

  test.each([
    [0, "░░░░░░░░░░"],
    [1, "█░░░░░░░░░"],
    [10, "█░░░░░░░░░"],
    [25, "███░░░░░░░"],
    [100, "██████████"],
    [1e9, "██████████"],
    [Number.NaN, "░░░░░░░░░░"],
  ])("the bar of %s %%", (percent, bar) => {
    expect(weightBar(percent)).toBe(bar);
  });

  test("thinning keeps the newest and never invents", () => {
    const values = Array.from({ length: 1003 }, (_, index) => index);
    const few = thinned(values, 10);
    expect(few).toHaveLength(10);
    expect(few.at(-1)).toBe(1002);
    expect(thinned([1, 2], 10)).toEqual([1, 2]);
  });
});
