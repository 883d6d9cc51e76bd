import { describe, expect, it } from "vitest";
import { pairFactor, rateFactor } from "./factors.ts";
import { Bets, better, logSum, type Prior, worse } from "./mixture.ts";

/** The Dirichlet(kρ, k(1−ρ)) prior of Lindon & Malek on θ = ρe^η/(1 − ρ + ρe^η), as a fine grid over η. */
function dirichlet(rho: number, k: number, side: "both" | "worse"): Prior {
  const etas = Array.from({ length: 24_000 }, (_, i) => (i - 12_000) / 300 + 1 / 600).filter(
    (eta) => side === "both" || eta > 0,
  );
  const logs = etas.map((eta) => {
    const odds = (rho / (1 - rho)) * Math.exp(eta);
    // Density times dθ/dη = θ(1 − θ).
    return k * rho * Math.log(odds / (1 + odds)) - k * (1 - rho) * Math.log1p(odds);
  });
  const total = logSum(logs);
  return { etas, logWeights: logs.map((log) => log - total) };
}

/** Windows in which both sides had requests in the ratio of ρ, and these events. */
function play(bets: Bets, rho: number, windows: readonly (readonly [number, number])[]): void {
  for (const [candidate, stable] of windows) {
    bets.advance(
      (eta) => pairFactor(eta, 1, { n: 1000 * (1 - rho), x: stable }, { n: 1000 * rho, x: candidate }).gain,
    );
  }
}

describe("the count test", () => {
  // ln E of arXiv 2011.03567 for two arms, prior Dirichlet(kρ, k(1−ρ)): SciPy 1.17.1, scipy.special.gammaln; truncated to
  // θ > ρ: scipy.special.betaln and betaincc.
  it.each([
    [5, 20, 0.1, 10, -0.08623230677110882, 0.7358485236759575],
    [30, 90, 0.1, 10, 8.689254753053646, 9.637496235276936],
    [12, 100, 0.1, 100, -0.38013038429866697, -0.21362410367866858],
    [40, 20, 0.5, 10, 1.9460028767238668, 2.6314039850525663],
    [0, 25, 0.25, 10, 3.699872926033951, -1.8079165137031765],
  ])(
    "equals the paper's closed form with its prior: %i of candidate, %i of stable, ρ %d, k %i",
    (xc, xs, rho, k, both, oneSided) => {
      for (const [side, expected] of [
        ["both", both],
        ["worse", oneSided],
      ] as const) {
        const bets = new Bets(dirichlet(rho, k, side), false);
        const half = [Math.floor(xc / 2), Math.floor(xs / 2)] as const;
        play(bets, rho, [half, [xc - half[0], xs - half[1]]]);
        expect(bets.log).toBeCloseTo(expected, 2);
      }
    },
  );

  // Beta(1, 1) truncated to θ < b: SciPy 1.17.1, betaln and betainc.
  it.each([
    [500, 1, 0.01, 1.754022735880917],
    [4000, 0, 0.001, 2.5970274784116043],
    [100, 30, 0.2, -2.6926381834799518],
  ])("equals the beta-binomial mixture for a single rate: n %i, x %i, bound %d", (n, x, bound, expected) => {
    // θ as odds e^η·b/(1 − b); a uniform θ has the density θ(1 − θ) over η.
    const etas = Array.from({ length: 12_000 }, (_, i) => -(i + 0.5) / 400);
    const logs = etas.map((eta) => {
      const odds = (bound / (1 - bound)) * Math.exp(eta);
      return Math.log(odds) - 2 * Math.log1p(odds);
    });
    const total = logSum(logs);
    const bets = new Bets({ etas, logWeights: logs.map((log) => log - total) }, false);
    bets.advance((eta) => rateFactor(eta, bound, { n, x }));
    expect(bets.log).toBeCloseTo(expected, 2);
  });
});

describe("the bets", () => {
  it("have weights that sum to 1, each prior on its own side", () => {
    for (const prior of [worse, better]) {
      expect(logSum(prior.logWeights)).toBeCloseTo(0, 12);
      expect(prior.etas.length).toBe(prior.logWeights.length);
    }
    expect(worse.etas.every((eta) => eta > 0)).toBe(true);
    expect(better.etas.every((eta) => eta < 0)).toBe(true);
  });

  it("keep all their money while nothing happens", () => {
    for (const restarts of [true, false]) {
      const bets = new Bets(worse, restarts);
      for (let window = 0; window < 50; window++) {
        bets.advance(() => 0);
        expect(bets.log).toBeCloseTo(0, 10);
      }
    }
  });

  it("find a late change much sooner with restarts", () => {
    const needed = Math.log(60);
    const windowsToFind = (restarts: boolean) => {
      const bets = new Bets(worse, restarts);
      play(
        bets,
        0.5,
        Array.from({ length: 100 }, () => [1, 5] as const),
      );
      for (let window = 1; window <= 500; window++) {
        play(bets, 0.5, [[15, 5]]);
        if (bets.log >= needed) {
          return window;
        }
      }
      return 500;
    };
    expect(windowsToFind(true)).toBeLessThan(9);
    expect(windowsToFind(false)).toBeGreaterThan(20);
  });

  it("add logarithms without overflow, and know nothing and everything", () => {
    expect(logSum([1000, 1000])).toBeCloseTo(1000 + Math.LN2, 10);
    expect(logSum([-Infinity, -Infinity])).toBe(-Infinity);
    expect(logSum([0, Infinity])).toBe(Infinity);
  });
});
