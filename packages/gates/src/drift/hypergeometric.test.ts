import { describe, expect, it } from "vitest";
import { xoshiro128 } from "../random/xoshiro.ts";
import { hypergeometric, multivariateHypergeometric } from "./hypergeometric.ts";

describe("hypergeometric draws", () => {
  // Few and many balls, both colours the rarer, more and less than half drawn.
  it.each([
    [300, 700, 200],
    [13, 37, 20],
    [40, 9960, 5000],
    [9000, 1000, 9500],
    [500_000, 500_000, 100_000],
    [5, 100_000, 60_000],
  ])(
    "of %d good and %d bad, %d drawn, have the mean and variance of the distribution",
    (good, bad, drawn) => {
      const random = xoshiro128(3, good);
      const draws = Array.from({ length: 20_000 }, () => hypergeometric(random, good, bad, drawn));
      const total = good + bad;
      const mean = (drawn * good) / total;
      const variance = (mean * (bad / total) * (total - drawn)) / (total - 1);
      const seen = draws.reduce((sum, x) => sum + x, 0) / draws.length;
      const spread = draws.reduce((sum, x) => sum + (x - mean) ** 2, 0) / draws.length;
      expect(Math.abs(seen - mean)).toBeLessThan(4 * Math.sqrt(variance / draws.length));
      expect(Math.abs(spread / variance - 1)).toBeLessThan(0.05);
      expect(draws.every((k) => k >= Math.max(0, drawn - bad) && k <= Math.min(good, drawn))).toBe(true);
    },
  );

  it("have the probabilities of SciPy's hypergeom", () => {
    const random = xoshiro128(8);
    const counts = new Map<number, number>();
    for (let i = 0; i < 100_000; i++) {
      const k = hypergeometric(random, 300, 700, 200);
      counts.set(k, (counts.get(k) ?? 0) + 1);
    }
    // SciPy 1.17.1, hypergeom(1000, 300, 200).pmf.
    for (const [k, p] of [
      [57, 0.06073076747354114],
      [60, 0.06871090309883167],
      [64, 0.05357644193742902],
    ] as const)
      expect(Math.abs((counts.get(k) ?? 0) / 100_000 - p)).toBeLessThan(4 * Math.sqrt(p / 100_000));
  });

  it("over many cells add up and never take more than a cell has", () => {
    const random = xoshiro128(1);
    const cells = Float64Array.of(5, 0, 100, 3, 892);
    const out = new Float64Array(5);
    for (let i = 0; i < 500; i++) {
      multivariateHypergeometric(random, cells, 1000, 400, out);
      expect(out.reduce((sum, x) => sum + x, 0)).toBe(400);
      expect(out.every((taken, cell) => taken >= 0 && taken <= (cells[cell] as number))).toBe(true);
    }
  });
});
