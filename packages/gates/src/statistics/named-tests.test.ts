import { describe, expect, it } from "vitest";
import { xoshiro128 } from "../random/xoshiro.ts";
import { reference } from "../reference.testing.ts";
import { delongPaired, delongUnpaired } from "./delong-test.ts";
import { mcnemar } from "./mcnemar.ts";
import { pairedDifference, unpairedDifference, wilsonInterval } from "./newcombe.ts";
import { nonInferiority, rowsForNonInferiority } from "./non-inferiority.ts";
import { normalQuantile } from "./normal.ts";
import { pairedPermutationTest } from "./permutation-test.ts";

describe("McNemar's test", () => {
  it.each([
    ["corrected", 121, 59, 20.67222, 5.450095e-6],
    ["uncorrected", 121, 59, 21.35556, 3.815136e-6],
  ] as const)("%s of 121 and 59 discordant rows", (method, firstOnly, secondOnly, statistic, p) => {
    const found = mcnemar({ firstOnly, secondOnly }, method);
    expect(found.statistic).toBeCloseTo(statistic, 5);
    expect(found.p / p).toBeCloseTo(1, 6);
  });

  it("exact of 11 and 1", () => {
    expect(mcnemar({ firstOnly: 11, secondOnly: 1 }, "exact").p).toBeCloseTo(0.00634765625, 12);
  });

  it.each(["corrected", "uncorrected", "exact"] as const)("%s without a difference says 1", (method) => {
    expect(mcnemar({ firstOnly: 0, secondOnly: 0 }, method).p).toBe(1);
    expect(mcnemar({ firstOnly: 4, secondOnly: 4 }, method).p).toBeCloseTo(1, 12);
  });

  it("exact and corrected reject equal models in at most 5 % of samples, uncorrected in about that", () => {
    const random = xoshiro128(5);
    const [runs, rejected] = [4000, { corrected: 0, uncorrected: 0, exact: 0 }];
    for (let run = 0; run < runs; run++) {
      const seen = { firstOnly: 0, secondOnly: 0 };
      for (let row = 0; row < 60; row++) {
        seen[random.uniform() < 0.5 ? "firstOnly" : "secondOnly"]++;
      }
      for (const method of ["corrected", "uncorrected", "exact"] as const) {
        rejected[method] += mcnemar(seen, method).p < 0.05 ? 1 / runs : 0;
      }
    }
    expect(rejected.exact).toBeLessThan(0.05);
    expect(rejected.corrected).toBeLessThan(0.05);
    expect(rejected.uncorrected).toBeGreaterThan(0.03);
    expect(rejected.uncorrected).toBeLessThan(0.065);
  });
});

describe("non-inferiority", () => {
  it("needs 1,546 rows at α = .05 and 1,962 at .025 for a margin of .02 with a tenth discordant", () => {
    const ask = { margin: 0.02, difference: 0, varianceOfRow: 0.1, power: 0.8 };
    expect(rowsForNonInferiority({ ...ask, confidence: 0.95 })).toBe(1546);
    expect(rowsForNonInferiority({ ...ask, confidence: 0.975 })).toBe(1962);
  });

  it("is significant exactly when the lower bound lies above the margin", () => {
    for (const [difference, se, margin] of [
      [0, 0.01, 0.02],
      [0.005, 0.02, 0.02],
      [-0.01, 0.005, 0.0183],
    ] as const) {
      const { z, p } = nonInferiority({ difference, se, margin });
      expect(z).toBeCloseTo((difference + margin) / se, 12);
      expect(p < 0.05).toBe(difference - normalQuantile(0.95) * se > -margin);
    }
    // scipy 1.17.1: norm.sf(2) = 0.022750131948179195.
    expect(nonInferiority({ difference: 0, se: 0.01, margin: 0.02 }).p).toBeCloseTo(0.022750131948179195, 14);
  });

  it("without an error says what was seen", () => {
    expect(nonInferiority({ difference: 0, se: 0, margin: 0.02 }).p).toBe(0);
    expect(nonInferiority({ difference: -0.1, se: 0, margin: 0.02 }).p).toBe(1);
    expect(nonInferiority({ difference: -0.02, se: 0, margin: 0.02 }).p).toBe(0.5);
  });
});

describe("Newcombe's intervals", () => {
  it("of independent proportions are the paper's", () => {
    // Statistics in Medicine 17 (1998), table II, method 10: 56/70 − 48/80, 9/10 − 3/10, 10/10 − 0/10.
    const ends = (a: [number, number], b: [number, number]) =>
      unpairedDifference({ count: a[0], n: a[1] }, { count: b[0], n: b[1] }).at(0.975);
    expect(ends([56, 70], [48, 80]).low).toBeCloseTo(0.0524, 4);
    expect(ends([56, 70], [48, 80]).high).toBeCloseTo(0.3339, 4);
    expect(ends([9, 10], [3, 10]).low).toBeCloseTo(0.1705, 4);
    expect(ends([9, 10], [3, 10]).high).toBeCloseTo(0.809, 4);
    expect(ends([10, 10], [0, 10]).low).toBeCloseTo(0.6075, 4);
    expect(ends([10, 10], [0, 10]).high).toBeCloseTo(1, 4);
  });

  it("of pairs agree with the formula written out", () => {
    const { pairs, low, high } = reference.tests.newcombePaired;
    const ends = pairedDifference(pairs).at(0.975);
    expect(ends.low).toBeCloseTo(low, 12);
    expect(ends.high).toBeCloseTo(high, 12);
  });

  it("of pairs err on either side in at most 6 % of samples of 30 to 200 rows", () => {
    const random = xoshiro128(8);
    for (const [n, firstOnly, secondOnly] of [
      [30, 0.02, 0.07],
      [60, 0.15, 0.15],
      [200, 0.01, 0.05],
    ] as const) {
      const [runs, missed] = [2000, { low: 0, high: 0 }];
      for (let run = 0; run < runs; run++) {
        const pairs = { both: 0, firstOnly: 0, secondOnly: 0, neither: 0 };
        for (let row = 0; row < n; row++) {
          const u = random.uniform();
          const late = u < firstOnly + secondOnly ? "secondOnly" : u < 0.9 ? "both" : "neither";
          pairs[u < firstOnly ? "firstOnly" : late]++;
        }
        const ends = pairedDifference(pairs).at(0.95);
        missed.low += firstOnly - secondOnly < ends.low ? 1 / runs : 0;
        missed.high += firstOnly - secondOnly > ends.high ? 1 / runs : 0;
      }
      expect(missed.low).toBeLessThan(0.06);
      expect(missed.high).toBeLessThan(0.06);
    }
  });

  it("of pairs that never differ are not empty", () => {
    const { se, at } = pairedDifference({ both: 40, firstOnly: 0, secondOnly: 0, neither: 0 });
    expect(se).toBeGreaterThan(0);
    expect(at(0.95).low).toBeLessThan(0);
    expect(at(0.95).high).toBeGreaterThan(0);
  });

  it("rest on score intervals", () => {
    // statsmodels 0.14: proportion_confint(7, 50, .1, "wilson") = (0.0783.., 0.2372..); each end one-sided at .95.
    const { low, high } = reference.tests.wilson;
    const ends = wilsonInterval(7, 50, 0.95);
    expect(ends.low).toBeCloseTo(low, 12);
    expect(ends.high).toBeCloseTo(high, 12);
  });
});

describe("DeLong's test", () => {
  const { labels, candidate, baseline } = reference.binary;
  const rows = { labels: Float64Array.from(labels), scores: Float64Array.from(candidate) };
  const other = Float64Array.from(baseline);

  it("of pairs agrees with the definition computed pair by pair", () => {
    const found = delongPaired(rows, other, 0.975);
    const expected = reference.tests.delongPaired;
    expect(found.difference).toBeCloseTo(expected.difference, 12);
    expect(found.se).toBeCloseTo(expected.se, 12);
    expect(found.z).toBeCloseTo(expected.z, 10);
    expect(found.p).toBeCloseTo(expected.p, 10);
    expect(found.interval.low).toBeCloseTo(expected.low, 10);
    expect(found.interval.high).toBeCloseTo(expected.high, 10);
  });

  it("of different rows too", () => {
    const expected = reference.tests.delongUnpaired;
    const second = { labels: rows.labels.subarray(100), scores: other.subarray(100) };
    const found = delongUnpaired(rows, second, 0.975);
    expect(found.difference).toBeCloseTo(expected.difference, 12);
    expect(found.se).toBeCloseTo(expected.se, 12);
    expect(found.p).toBeCloseTo(expected.p, 10);
  });

  it("of a model against itself says no difference", () => {
    expect(delongPaired(rows, rows.scores, 0.975)).toMatchObject({ difference: 0, z: 0, p: 1 });
  });
});

describe("the permutation test of pairs", () => {
  it("is exact for few pairs", () => {
    // All signs of 1, 2, 3: |sum| = 6 in 2 of 8 patterns, at least 4 in 4 of 8.
    expect(pairedPermutationTest(Float64Array.of(1, 2, 3))).toEqual({ p: 0.25, exact: true });
    expect(pairedPermutationTest(Float64Array.of(-1, 2, 3, 0))).toEqual({ p: 0.5, exact: true });
    expect(pairedPermutationTest(new Float64Array(5))).toEqual({ p: 1, exact: true });
  });

  it("agrees with McNemar's exact test on rows that are right or wrong", () => {
    const differences = Float64Array.from({ length: 14 }, (_, i) => (i < 12 ? 1 : -1));
    const { p } = mcnemar({ firstOnly: 12, secondOnly: 2 }, "exact");
    expect(pairedPermutationTest(differences).p).toBeCloseTo(p, 12);
    const many = Float64Array.from({ length: 60 }, (_, i) => (i < 40 ? 1 : -1));
    const exact = mcnemar({ firstOnly: 40, secondOnly: 20 }, "exact").p;
    expect(Math.abs(pairedPermutationTest(many).p - exact)).toBeLessThan(0.003);
  });

  it("keeps its level where one huge difference ruins the normal approximation", () => {
    const random = xoshiro128(12);
    const [runs] = [600];
    let rejected = 0;
    for (let run = 0; run < runs; run++) {
      const differences = Float64Array.from(
        { length: 12 },
        () => (random.uniform() - 0.5) / random.uniform() ** 2,
      );
      rejected += pairedPermutationTest(differences).p < 0.05 ? 1 / runs : 0;
    }
    expect(rejected).toBeLessThan(0.07);
    expect(rejected).toBeGreaterThan(0.02);
  });
});
