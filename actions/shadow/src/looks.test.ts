import { xoshiro128 } from "@ml-actions/gates/random/xoshiro";
import { normalQuantile } from "@ml-actions/gates/statistics/normal";
import { describe, expect, it } from "vitest";
import { Looks } from "./looks.ts";

describe("looks at a growing sample", () => {
  it("come when the samples asked for are there, and when they have doubled", () => {
    const looks = new Looks(0.95, 1000);
    expect([looks.isDue(999), looks.isDue(1000)]).toEqual([false, true]);
    looks.early(1100);
    expect([looks.isDue(2199), looks.isDue(2200)]).toEqual([false, true]);
  });

  it("are as sure as was asked for when there is one", () => {
    expect(new Looks(0.95, 10).last()).toBeCloseTo(0.95, 12);
  });

  it("share what may be wrong among them", () => {
    const looks = new Looks(0.95, 1);
    const levels = [looks.early(1), looks.early(2), looks.early(4), looks.last()];
    expect(levels.reduce((sum, level) => sum + (1 - level), 0)).toBeCloseTo(0.05, 12);
    expect(looks.taken).toBe(4);
  });

  it("are wrong as often as was allowed, where looking at every sample is wrong several times as often", () => {
    const [runs, samples] = [2_000, 6_400];
    const random = xoshiro128(4, 7);
    let [spent, naive] = [0, 0];
    for (let run = 0; run < runs; run += 1) {
      const looks = new Looks(0.95, 100);
      let [sum, spentWrong, naiveWrong] = [0, false, false];
      for (let n = 100; n <= samples; n += 100) {
        // The sum of 100 differences of two equally good models, standardised.
        sum += 10 * normalQuantile(random.uniform());
        const z = sum / Math.sqrt(n);
        naiveWrong ||= z > normalQuantile(0.95);
        if (looks.isDue(n) && n < samples) spentWrong ||= z > normalQuantile(looks.early(n));
      }
      spentWrong ||= sum / Math.sqrt(samples) > normalQuantile(looks.last());
      spent += Number(spentWrong);
      naive += Number(naiveWrong);
    }
    expect(spent / runs).toBeLessThan(0.05);
    expect(spent / runs).toBeGreaterThan(0.015);
    expect(naive / runs).toBeGreaterThan(0.15);
  });
});
