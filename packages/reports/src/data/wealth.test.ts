import { describe, expect, test } from "vitest";
import { wealthLine } from "./wealth.ts";

const wealth = (fail: number[], needed = { fail: 3, pass: 2 }) => ({
  gate: "error_rate <= 0.01",
  needed,
  points: fail.map((value, index) => ({ at: index, requests: index, fail: value, pass: -value })),
});

describe("e-values over time", () => {
  test("reach their threshold at the first window that is enough, and keep it", () => {
    const line = wealthLine(wealth([0, 1, 3.5, 2, 4]), "fail");
    expect(line.reachedAt).toBe(2);
    expect(line.points.map(({ log }) => log)).toEqual([0, 1, 3.5, 2, 4]);
    expect(wealthLine(wealth([0, 1, 3.5]), "pass").reachedAt).toBeNull();
    expect(wealthLine(wealth([0, -2]), "pass").reachedAt).toBe(1);
  });

  test("of a long rollout have at most 300 points, the peak and the moment of the verdict among them", () => {
    const points = Array.from({ length: 86_400 }, (_, index) => (index === 43_211 ? 99 : Math.sin(index)));
    const line = wealthLine(wealth(points), "fail");
    expect(line.points.length).toBeLessThanOrEqual(300);
    expect(line.points).toContainEqual({ at: 43_211, log: 99 });
    expect(line.reachedAt).toBe(43_211);
    expect([line.points[0]?.at, line.points.at(-1)?.at]).toEqual([0, 86_399]);
  });

  test("that are no number are left out, and a gate that is not judged reaches nothing", () => {
    expect(wealthLine(wealth([0, Number.NaN, 1]), "fail").points).toHaveLength(2);
    expect(wealthLine(wealth([5], { fail: 0, pass: 0 }), "fail").reachedAt).toBeNull();
    expect(wealthLine(wealth([]), "fail").points).toEqual([]);
  });
});
