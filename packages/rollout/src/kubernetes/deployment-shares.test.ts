import { expect, it } from "vitest";
import { podsForShare, shareOf } from "./deployment-shares.ts";

it.each([
  [10, 9, 1],
  [25, 9, 3],
  [50, 9, 9],
  [25, 3, 1],
  [33, 2, 1],
  [100, 4, 4],
  [0, 4, 0],
])("gives %i %% beside %i pods with %i of the candidate's", (percent, stable, expected) => {
  expect(podsForShare(percent, stable)).toBe(expected);
});

it("refuses a share that the counts cannot give, and names those that they can", () => {
  expect(() => podsForShare(20, 9)).toThrow(
    "A share of 20 % cannot be made of 9 pods of stable: 2 of 11 pods give 18.2 %, 3 of 12 pods give 25 %.",
  );
  expect(() => podsForShare(1, 1)).toThrow("1 of 2 pods give 50 %");
});

it("names counts of stable that would do", () => {
  try {
    podsForShare(20, 9);
    expect.unreachable();
  } catch (error) {
    const { code, remedy } = error as { code: string; remedy: string };
    expect(code).toBe("invalid");
    const counts = [...remedy.matchAll(/\d+/g)].map(([count]) => Number(count));
    expect(counts).toHaveLength(3);
    for (const count of counts) expect(shareOf(podsForShare(20, count), count)).toBeCloseTo(20, -0.3);
  }
});

it("gives every share it does not refuse within one point", () => {
  for (let stable = 1; stable <= 60; stable++) {
    for (let percent = 1; percent < 100; percent++) {
      let count: number;
      try {
        count = podsForShare(percent, stable);
      } catch {
        continue;
      }
      expect(Math.abs(shareOf(count, stable) - percent)).toBeLessThanOrEqual(1);
    }
  }
});
