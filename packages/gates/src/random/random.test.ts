import { describe, expect, it } from "vitest";
import { binomial, multinomial } from "./binomial.ts";
import { hashNumbers, xoshiro128, xoshiro128From } from "./xoshiro.ts";

describe("xoshiro128**", () => {
  it("gives the numbers of the reference implementation", () => {
    const random = xoshiro128From([1, 2, 3, 4]);
    expect([random.uint32(), random.uint32(), random.uint32(), random.uint32()]).toEqual([
      11520, 0, 5927040, 70819200,
    ]);
  });

  it("gives other numbers for another seed and the same for the same", () => {
    expect(xoshiro128(1, 2).uint32()).toBe(xoshiro128(1, 2).uint32());
    expect(xoshiro128(1, 2).uint32()).not.toBe(xoshiro128(2, 1).uint32());
    expect(hashNumbers(Float64Array.of(1, 2))).not.toBe(hashNumbers(Float64Array.of(2, 1)));
  });

  it("has uniform numbers with the mean and variance of the uniform distribution", () => {
    const random = xoshiro128(5);
    const draws = Array.from({ length: 100_000 }, () => random.uniform());
    const mean = draws.reduce((sum, x) => sum + x, 0) / draws.length;
    const variance = draws.reduce((sum, x) => sum + (x - mean) ** 2, 0) / draws.length;
    // Standard errors are 9e-4 and 2.4e-4.
    expect(mean).toBeCloseTo(0.5, 2);
    expect(variance).toBeCloseTo(1 / 12, 3);
  });
});

describe("binomial draws", () => {
  // Both algorithms, both sides of 1/2.
  it.each([
    [8, 0.3],
    [1_000_000, 5e-6],
    [40, 0.5],
    [500, 0.93],
    [1_000_000, 0.2],
  ])("of %d trials of chance %d follow the distribution", (n, p) => {
    const random = xoshiro128(11, n);
    const draws = Array.from({ length: 40_000 }, () => binomial(random, n, p));
    const mean = draws.reduce((sum, x) => sum + x, 0) / draws.length;
    const variance = draws.reduce((sum, x) => sum + (x - mean) ** 2, 0) / draws.length;
    const expected = n * p * (1 - p);
    expect(Math.abs(mean - n * p)).toBeLessThan(4 * Math.sqrt(expected / draws.length));
    expect(Math.abs(variance / expected - 1)).toBeLessThan(0.04);
    expect(draws.every((k) => Number.isInteger(k) && k >= 0 && k <= n)).toBe(true);
  });

  it("fit the exact probabilities where rejection begins (chi-squared)", () => {
    const [n, p, size] = [25, 0.42, 100_000];
    const random = xoshiro128(3);
    const counts = new Float64Array(n + 1);
    for (let i = 0; i < size; i++) {
      const k = binomial(random, n, p);
      counts[k] = (counts[k] as number) + 1;
    }
    let chance = (1 - p) ** n;
    let chiSquared = 0;
    let cells = 0;
    for (let k = 0; k <= n; k++) {
      if (chance * size >= 5) {
        chiSquared += ((counts[k] as number) - chance * size) ** 2 / (chance * size);
        cells++;
      }
      chance *= ((n - k) / (k + 1)) * (p / (1 - p));
    }
    // 99.9 % quantile of chi-squared with 20 degrees of freedom (SciPy 1.17.1).
    expect(cells - 1).toBeLessThanOrEqual(20);
    expect(chiSquared).toBeLessThan(45.31);
  });

  it("of many cells always add up and leave empty cells empty", () => {
    const random = xoshiro128(9);
    const out = new Float64Array(4);
    for (let i = 0; i < 200; i++) {
      multinomial(random, 1000, Float64Array.of(2, 0, 3, 5), 10, out);
      expect(out.reduce((sum, x) => sum + x, 0)).toBe(1000);
      expect(out[1]).toBe(0);
    }
  });
});
