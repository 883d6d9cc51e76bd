import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { clock, elapsed, linear, linearTicks, logarithmic, rounded } from "./scale.ts";

describe("ticks", () => {
  test.each([
    [0, 1, [0, 0.2, 0.4, 0.6, 0.8, 1]],
    [0, 0.3, [0, 0.1, 0.2, 0.3]],
    [-3, 7, [-2, 0, 2, 4, 6]],
    [998, 1003, [998, 999, 1000, 1001, 1002, 1003]],
    [5, 5, [5]],
  ])("of %s to %s are round", (low, high, ticks) => {
    expect(linearTicks([low, high], 5)).toEqual(ticks);
  });

  test("are few, rise, and lie within the domain", () => {
    const value = fc.double({ min: -1e9, max: 1e9, noNaN: true });
    fc.assert(
      fc.property(value, fc.double({ min: 1e-6, max: 1e9, noNaN: true }), (low, span) => {
        const high = low + span;
        fc.pre(span > Math.abs(low) * 1e-9);
        const ticks = linearTicks([low, high], 5);
        expect(ticks.length).toBeLessThanOrEqual(7);
        ticks.forEach((tick, index) => {
          expect(tick).toBeGreaterThanOrEqual(low - span * 1e-6);
          expect(tick).toBeLessThanOrEqual(high + span * 1e-6);
          if (index > 0) expect(tick).toBeGreaterThan(ticks[index - 1] ?? 0);
        });
      }),
    );
  });

  test("of time are whole seconds, minutes and hours", () => {
    expect(elapsed(100_000, [0, 1]).ticks).toEqual([0, 30_000, 60_000, 90_000]);
    expect(elapsed(0, [0, 1]).ticks.length).toBeGreaterThan(1);
    expect(elapsed(30 * 86_400_000, [0, 1]).ticks.length).toBeLessThanOrEqual(6);
    expect([0, 42_000, 725_000, 10_800_000].map(clock)).toEqual(["0:00", "0:42", "12:05", "3:00:00"]);
  });

  test("of a logarithm are steps of its powers", () => {
    expect(logarithmic([2, 80], [0, 1], String).ticks).toEqual([2, 5, 10, 20, 50]);
    expect(logarithmic([0.01, 5000], [0, 1], String).ticks).toEqual([0.01, 0.1, 1, 10, 100, 1000]);
  });
});

describe("a scale", () => {
  test("maps its domain to its range, also upside down", () => {
    const y = linear([0, 10], [300, 100], String);
    expect([y(0), y(5), y(10)]).toEqual([300, 200, 100]);
    expect(logarithmic([1, 100], [0, 2], String)(10)).toBeCloseTo(1);
  });

  test("of a single value still places it", () => {
    expect(linear([3, 3], [0, 100], String)(3)).toBe(0);
    expect(rounded([3, 3])).toEqual([2, 4]);
    expect(rounded([0.13, 0.87])).toEqual([0, 1]);
  });
});
