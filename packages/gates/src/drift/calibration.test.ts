/** Seeded simulations: how often the tests err, and whether bounds hold. Wider ones are in test/bench/calibration. */
import { describe, expect, it } from "vitest";
import { compareDrift } from "../drift.ts";
import { parseGates } from "../language.ts";
import { multinomial } from "../random/binomial.ts";
import { xoshiro128 } from "../random/xoshiro.ts";
import { psi } from "./divergences.ts";
import { effectUncertainty } from "./effect-bootstrap.ts";
import { normals, numbers, strings, tableOf } from "./tables.testing.ts";
import type { FeatureColumn } from "./types.ts";

/** Share of columns without drift whose p is at most 5 %, over 250 columns: above .1 by chance once in 1,000. */
function falseShare(
  rows: readonly [number, number],
  column: (seed: number, rows: number) => FeatureColumn,
): number {
  let low = 0;
  for (let i = 0; i < 250; i++) {
    const [reference, current] = rows.map((n, side) => tableOf(column(2 * i + side, n)));
    const { features } = compareDrift(parseGates("psi <= 9 [estimate]"), {
      reference: reference as NonNullable<typeof reference>,
      current: current as NonNullable<typeof current>,
      confidence: 0.95,
    });
    if ((features[0]?.p as number) <= 0.05) low++;
  }
  return low / 250;
}

/** Categories of which most are rare: the reference misses some, the current data others. */
function rare(seed: number, rows: number): FeatureColumn {
  const random = xoshiro128(seed, 1);
  return strings(
    "s",
    Array.from({ length: rows }, () => `c${Math.floor(random.uniform() ** 3 * 150)}`),
  );
}

describe("without drift", () => {
  it.each([
    [40, 40],
    [200, 200],
    [1500, 100],
  ])("numbers of %d and %d rows have a p of at most 5 percent in about as many", (n, m) => {
    const share = falseShare([n, m], (seed, rows) => numbers("x", normals(seed + 50_000, rows)));
    expect(share).toBeLessThan(0.1);
    expect(share).toBeGreaterThan(0.015);
  });

  it("rare and unseen categories have, too", () => {
    expect(falseShare([300, 300], rare)).toBeLessThan(0.1);
    expect(falseShare([1500, 150], rare)).toBeLessThan(0.1);
  });
});

describe("the upper end of a PSI", () => {
  it.each([0, 0.02, 0.15])("lies below a true PSI of %d in at most 5 percent of samples, about", (target) => {
    const random = xoshiro128(3);
    const flat = new Float64Array(10).fill(0.1);
    // Shares moved between the first and the last bin: PSI = δ·ln((.1 + δ)/(.1 − δ)).
    let delta = 0;
    while (delta * Math.log((0.1 + delta) / (0.1 - delta)) < target) delta += 1e-5;
    const moved = flat.map((share, i) => share + (i === 0 ? delta : i === 9 ? -delta : 0));
    const [p, q] = [new Float64Array(10), new Float64Array(10)];
    let below = 0;
    for (let run = 0; run < 200; run++) {
      multinomial(random, 1000, flat, 1, p);
      multinomial(random, 1000, moved, 1, q);
      const { high } = effectUncertainty(p, q, psi, { name: "x", seed: run }).at(0.95);
      if (high < target) below++;
    }
    expect(below / 200).toBeLessThan(0.1);
  });
});
