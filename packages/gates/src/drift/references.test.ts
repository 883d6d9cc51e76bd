import { describe, expect, it } from "vitest";
import { benjaminiHochberg } from "./benjamini-hochberg.ts";
import { chiSquareTail, normalTail } from "./chi-square-tail.ts";
import { chi2, js, kl, psi } from "./divergences.ts";
import { distancesOf } from "./exact-distances.ts";
import { ksP } from "./ks-test.ts";

// All from SciPy 1.17.1 unless said otherwise.
const base = [253, 302, 204, 134, 72, 26, 8];
const current = [177, 262, 285, 158, 88, 25, 6];

describe("distances of binned counts", () => {
  it("are those of the published example of PSI", () => {
    expect(psi(base, current)).toBeCloseTo(0.06769298845, 11);
    expect(psi(current, base)).toBeCloseTo(0.06769298845, 11);
    const scaled = psi(base, current) / (1 / 999 + 1 / 1001);
    expect(chiSquareTail(scaled, 6)).toBeCloseTo(7.2026e-6, 10);
    // The critical value of PSI at 5 %: its p is 5 %.
    expect(chiSquareTail(0.0251831997 / (1 / 999 + 1 / 1001), 6)).toBeCloseTo(0.05, 8);
  });

  it("agree with entropy, jensenshannon and chi2_contingency", () => {
    expect(kl(base, current)).toBeCloseTo(0.0339068747, 10);
    expect(js(base, current)).toBeCloseTo(0.091792767, 10);
    expect(chi2(base, current)).toBeCloseTo(33.5625739, 7);
  });

  it("are 0 between equal shares, however many rows", () => {
    const twice = base.map((count) => 2 * count);
    for (const distance of [psi, kl, js, chi2]) expect(distance(base, twice)).toBeCloseTo(0, 9);
  });

  it("are finite where a bin is empty on one side, and small where it holds little", () => {
    expect(psi([10_000, 0], [9_999, 1])).toBeCloseTo(0.00005 * Math.LN2, 6);
    expect(kl([10_000, 0], [9_999, 1])).toBeGreaterThanOrEqual(0);
    expect(psi([100, 0], [0, 100])).toBeCloseTo(2 * 0.995 * Math.log(200), 6);
    expect(js([100, 0], [0, 100])).toBeCloseTo(Math.sqrt(Math.LN2), 12);
  });
});

describe("tails", () => {
  it.each([
    [1, 1, 0.31731050786291115],
    [0.5, 9, 0.9999695662588389],
    [9, 9, 0.43727418891386693],
    [60, 50, 0.1572420272383916],
    [200, 150, 0.003973185970821635],
    [100, 9, 1.5735176303753876e-17],
  ])("of χ² at %d with %d degrees are SciPy's", (x, degrees, p) => {
    expect(chiSquareTail(x, degrees) / p).toBeCloseTo(1, 9);
  });

  it("of the normal distribution are SciPy's", () => {
    expect(normalTail(1.6448536269514722)).toBeCloseTo(0.05, 10);
    expect(normalTail(-1)).toBeCloseTo(0.8413447460685429, 10);
    expect(normalTail(5) / 2.866515718791933e-7).toBeCloseTo(1, 9);
  });
});

describe("two samples of numbers", () => {
  it("have the distances of ks_2samp and wasserstein_distance, with ties and unequal sizes", () => {
    const plain = distancesOf(
      Float64Array.of(38.7, 41.5, 43.8, 44.5, 45.5, 46, 47.7, 58),
      Float64Array.of(39.2, 39.3, 39.7, 41.4, 41.8, 42.9, 43.3, 45.8),
    );
    expect(plain.ks).toBe(0.625);
    expect(plain.wasserstein).toBeCloseTo(4.1625, 12);
    const tied = distancesOf(
      Float64Array.of(1, 2, 2, 3, 5, 5, 5, 8, 13, 21),
      Float64Array.of(2, 2, 4, 5, 5, 7, 8, 8, 9, 9, 30),
    );
    expect(tied.ks).toBeCloseTo(0.24545454545454545, 14);
    expect(tied.wasserstein).toBeCloseTo(2.6090909090909085, 12);
  });

  it.each([
    [8, 8, 0.625, 0.08702408702408701],
    [20, 35, 0.4, 0.0249008118021347],
    [100, 100, 0.2, 0.03638428787491733],
    [30, 500, 0.15, 0.5006180563145209],
    [60, 49, 0.3, 0.011435386704796465],
  ])("of %d and %d at distance %d have the exact p of ks_2samp", (n, m, distance, p) => {
    expect(ksP(distance, n, m)).toBeCloseTo(p, 10);
  });

  it.each([
    [3000, 2000, 0.045, 0.015167025098743243],
    [3000, 2000, 0.03, 0.22711814205593855],
    [100_000, 100_000, 0.008, 0.003305231279334067],
  ])("of %d and %d at distance %d have it within 2 percent", (n, m, distance, p) => {
    expect(ksP(distance, n, m) / p).toBeCloseTo(1, 1.4);
  });
});

describe("Benjamini and Hochberg's adjustment", () => {
  it("is that of false_discovery_control", () => {
    const expected = [0.035, 0.04666666666666667, 0.0525, 0.056, 0.23333333333333336, 0.0035, 0.6];
    benjaminiHochberg([0.01, 0.02, 0.03, 0.04, 0.2, 0.0005, 0.6]).forEach((p, i) => {
      expect(p).toBeCloseTo(expected[i] as number, 12);
    });
    expect(benjaminiHochberg([])).toEqual([]);
  });
});
