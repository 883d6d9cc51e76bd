import { describe, expect, it } from "vitest";
import { pairFactor, rateFactor } from "./factors.ts";
import { better, worse } from "./mixture.ts";

/** Probabilities of 0…n events. */
function binomialMasses(n: number, p: number): number[] {
  const masses: number[] = [];
  let mass = (1 - p) ** n;
  for (let x = 0; x <= n; x++) {
    masses.push(mass);
    mass *= ((n - x) / (x + 1)) * (p / (1 - p));
  }
  return masses;
}

/** Exact mean of the factor of one window of `pairFactor`, over both binomial counts. */
function meanOfPair(
  eta: number,
  how: { f: number; offset: number; ns: number; nc: number; ps: number; pc: number },
) {
  let mean = 0;
  binomialMasses(how.ns, how.ps).forEach((stableMass, xs) => {
    binomialMasses(how.nc, how.pc).forEach((candidateMass, xc) => {
      const { gain, price } = pairFactor(eta, how.f, { n: how.ns, x: xs }, { n: how.nc, x: xc });
      mean += stableMass * candidateMass * Math.exp(gain - how.offset * price);
    });
  });
  return mean;
}

describe("one window's factor", () => {
  it("has a mean of at most 1 under the null of a comparison, whatever the rates and exposures", () => {
    for (const eta of [...worse.etas, ...better.etas]) {
      for (const [ns, nc] of [
        [90, 10],
        [50, 50],
        [3, 60],
      ] as const) {
        for (const [f, offset] of [
          [1, 0],
          [1.5, 0],
          [1, 0.01],
          [0.5, 0.05],
          [1, -0.01],
        ] as const) {
          for (const ps of [0.02, 0.1, 0.5]) {
            const edge = f * ps + offset;
            const nullSide = eta > 0 ? edge * 0.7 : Math.min(0.99, edge * 1.3);
            for (const pc of [edge, nullSide]) {
              expect(meanOfPair(eta, { f, offset, ns, nc, ps, pc })).toBeLessThanOrEqual(1 + 1e-9);
            }
          }
        }
      }
    }
  });

  it("grows on average where the candidate is on the other side", () => {
    const rates = { f: 1, offset: 0.01, ns: 90, nc: 10, ps: 0.02 };
    expect(meanOfPair(0.7, { ...rates, pc: 0.2 })).toBeGreaterThan(1.5);
    expect(meanOfPair(-1, { ...rates, pc: 0.001 })).toBeGreaterThan(1.01);
  });

  it("has a mean of exactly 1 for a rate at its bound, and less inside the null", () => {
    const mean = (eta: number, bound: number, p: number) =>
      binomialMasses(60, p).reduce(
        (sum, mass, x) => sum + mass * Math.exp(rateFactor(eta, bound, { n: 60, x })),
        0,
      );
    for (const eta of [...worse.etas.slice(0, 12), ...better.etas]) {
      expect(mean(eta, 0.1, 0.1)).toBeCloseTo(1, 9);
      expect(mean(eta, 0.1, eta > 0 ? 0.05 : 0.2)).toBeLessThan(1);
    }
  });

  it("refutes a bound of 0 by a single event, and never by none", () => {
    expect(rateFactor(0.1, 0, { n: 1000, x: 1 })).toBe(Infinity);
    expect(rateFactor(0.1, 0, { n: 1000, x: 0 })).toBe(0);
  });

  it("says nothing about a comparison while one side has no requests", () => {
    for (const eta of [0.7, -0.7]) {
      for (const [ns, nc] of [
        [0, 50],
        [50, 0],
        [0, 0],
      ] as const) {
        const { gain, price } = pairFactor(eta, 1, { n: ns, x: ns / 5 }, { n: nc, x: nc / 5 });
        expect(gain).toBeCloseTo(0, 12);
        expect(price).toBeCloseTo(0, 12);
      }
    }
  });
});
