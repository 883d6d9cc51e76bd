import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { judge } from "../judge.ts";
import { parseGates } from "../language.ts";
import { play, prove } from "./asking.testing.ts";
import { Stretches } from "./stretches.ts";
import { type Behaviour, healthy } from "./traffic.testing.ts";

describe("stretches", () => {
  it("hold every request once, at most eight of them, each an eighth of all or more once there are eight", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(60), { minLength: 1, maxLength: 200 }), (windows) => {
        const stretches = new Stretches(20);
        for (const n of windows) stretches.add(n, [n, Math.min(n, 1)]);
        const total = windows.reduce((sum, n) => sum + n, 0);
        const sizes = stretches.all.map(([n = 0]) => n);
        expect(sizes.reduce((sum, n) => sum + n, 0)).toBe(total);
        expect(stretches.all.reduce((sum, [, count = 0]) => sum + count, 0)).toBe(
          windows.filter((n) => n > 0).length,
        );
        expect(sizes.length).toBeLessThanOrEqual(8);
        // Windows of up to 60 requests: a stretch of 20 may hold 79.
        if (total > 3000) expect(Math.min(...sizes) / total).toBeGreaterThan(1 / 20);
      }),
      { seed: 1 },
    );
    const even = new Stretches(20);
    for (let window = 0; window < 1000; window++) even.add(10, [10]);
    const sizes = even.all.map(([n = 0]) => n);
    expect(Math.min(...sizes)).toBeGreaterThanOrEqual(10_000 / 8);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(10_000 / 2);
  });

  it("of nothing are one that is empty", () => {
    expect(new Stretches(20).all).toEqual([[]]);
  });
});

describe("once stable has no traffic", () => {
  const gates = parseGates(
    "error_rate <= baseline * 1.2, latency.p99 <= baseline * 1.2, nan_rate <= baseline + 0.005",
  );
  const evening = (from: number) => (window: number) =>
    ({ ...healthy, errors: window < from ? 0.001 : 0.02, medianMs: window < from ? 20 : 60 }) as Behaviour;
  const verdicts = (candidate: (window: number) => Behaviour, stable = candidate, seed = 11) =>
    judge(gates, play(healthy, seed, { stable, candidate }), prove).map(({ verdict }) => verdict);

  it("a bad hour that stable saw too is not blamed on the candidate", () => {
    // 20 windows each at 10, 25, 50 and 100 %.
    for (let seed = 1; seed <= 20; seed++) {
      expect(verdicts(evening(45), evening(45), seed)).not.toContain("fail");
    }
  });

  it("a candidate that is worse than stable ever was is still found", () => {
    const turned = (window: number): Behaviour =>
      window < 65 ? evening(45)(window) : { ...healthy, errors: 0.1, medianMs: 300 };
    expect(verdicts(turned, evening(45)).slice(0, 2)).toEqual(["fail", "fail"]);
  });
});
