import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { normal } from "../evaluate/models.testing.ts";
import { xoshiro128 } from "../random/xoshiro.ts";
import { familyConfidence, holmRejections } from "./holm.ts";
import { normalQuantile } from "./normal.ts";

const byP = (p: number) => (confidence: number) => p <= 1 - confidence + 1e-15;

/** Holm's procedure as he states it: in the order of p, up to the first above α/(m − i). */
function textbook(ps: readonly number[], alpha: number): boolean[] {
  const order = [...ps.keys()].sort((i, j) => (ps[i] as number) - (ps[j] as number));
  const rejected = ps.map(() => false);
  for (const [i, index] of order.entries()) {
    if ((ps[index] as number) > alpha / (ps.length - i) + 1e-15) {
      break;
    }
    rejected[index] = true;
  }
  return rejected;
}

describe("Holm's procedure", () => {
  it("rejects what statsmodels does", () => {
    // statsmodels 0.15.0, multipletests(p, method="holm"): adjusted .03 .06 .06 .02 and .04 .04 .036 .004.
    expect(holmRejections([0.01, 0.04, 0.03, 0.005].map(byP), 0.95)).toEqual([true, false, false, true]);
    expect(holmRejections([0.04, 0.02, 0.012, 0.001].map(byP), 0.95)).toEqual([true, true, true, true]);
    expect(holmRejections([], 0.95)).toEqual([]);
  });

  it("goes one by one in the order of p, whatever the order of the questions", () => {
    const p = fc.oneof(
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.double({ min: 0, max: 0.02, noNaN: true }),
    );
    fc.assert(
      fc.property(fc.array(p, { maxLength: 30 }), (ps) => {
        expect(holmRejections(ps.map(byP), 0.95)).toEqual(textbook(ps, 0.05));
      }),
      { seed: 12, numRuns: 2000 },
    );
  });

  it("rejects any true hypothesis in at most 5 % of families, however they hang together", () => {
    const random = xoshiro128(8);
    const [runs, m] = [4000, 14];
    let [wrong, alone] = [0, 0];
    for (let run = 0; run < runs; run++) {
      // Ten true, four false by three standard errors, all sharing a part.
      const shared = normal(random);
      const zs = Array.from({ length: m }, (_, i) => (i < 10 ? 0 : 3) + 0.6 * shared + 0.8 * normal(random));
      const family = zs.map((z) => (confidence: number) => z > normalQuantile(confidence));
      wrong += holmRejections(family, 0.95).slice(0, 10).includes(true) ? 1 / runs : 0;
      alone += family.slice(0, 10).some((rejects) => rejects(0.95)) ? 1 / runs : 0;
    }
    expect(wrong).toBeLessThan(0.06);
    expect(wrong).toBeGreaterThan(0.02);
    expect(alone).toBeGreaterThan(0.25);
  });

  it("asks each of m questions for 1 − α/m", () => {
    expect(familyConfidence(0.95, 1)).toBe(0.95);
    expect(familyConfidence(0.95, 10)).toBeCloseTo(0.995, 15);
    expect(familyConfidence(0.95, 0)).toBe(0.95);
  });
});
