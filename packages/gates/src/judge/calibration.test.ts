import { describe, expect, it } from "vitest";
import { judge } from "../judge.ts";
import { defaults, play, prove } from "./asking.testing.ts";
import { type Behaviour, healthy } from "./traffic.testing.ts";

describe("over many rollouts", () => {
  const runs = 80;

  /** Share of seeded rollouts in which any gate is ever refuted. The verdict keeps a refutation, so looking once at
   * the end is looking after every interval. */
  function refuted(
    candidate: Behaviour | ((w: number) => Behaviour),
    stable = candidate,
    perWindow = 300,
  ): number {
    let count = 0;
    for (let run = 0; run < runs; run++) {
      const observations = play(healthy, 1000 + run, { candidate, stable, perWindow, windowsPerStep: 10 });
      count += judge(defaults, observations, prove).some(({ verdict }) => verdict === "fail") ? 1 : 0;
    }
    return count / runs;
  }

  it("equal releases are refuted in at most 5 %", () => {
    expect(refuted(healthy)).toBeLessThanOrEqual(0.05);
  });

  it("a candidate right at all its bounds is refuted in at most 5 %", () => {
    // 5 % of 80, and three standard errors.
    expect(refuted({ errors: 0.012, nan: 0.001, medianMs: 30, sigma: 0.4 }, healthy)).toBeLessThanOrEqual(
      0.12,
    );
  });

  it("a candidate just beyond one bound passes all gates in at most 5 %", () => {
    let passed = 0;
    for (let run = 0; run < runs; run++) {
      const observations = play({ ...healthy, errors: 0.0121 }, 2000 + run, { windowsPerStep: 10 });
      const everPassed = observations.some(
        (_, index) =>
          index % 4 === 3 &&
          judge(defaults.slice(0, 1), observations.slice(0, index + 1), prove)[0]?.verdict === "pass",
      );
      passed += everPassed ? 1 : 0;
    }
    expect(passed / runs).toBeLessThanOrEqual(0.12);
  });
});
