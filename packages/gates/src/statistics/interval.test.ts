import { describe, expect, it } from "vitest";
import { cellBootstrap } from "./cell-bootstrap.ts";
import { independentDifference } from "./difference.ts";
import { normalUncertainty, onScale, type Uncertainty, unknowable } from "./interval.ts";
import { normalQuantile } from "./normal.ts";
import { proportionUncertainty } from "./proportion.ts";
import { quantileUncertainty } from "./quantile.ts";

const sorted = Float64Array.from({ length: 400 }, (_, i) => i);
const all: Record<string, Uncertainty> = {
  normal: normalUncertainty(2, 0.5),
  "on another scale": onScale(normalUncertainty(2, 0.5), Math.exp),
  proportion: proportionUncertainty(30, 400),
  "proportion of none": proportionUncertainty(0, 400),
  quantile: quantileUncertainty(sorted, 0.5),
  "quantile near the end": quantileUncertainty(sorted, 0.99),
  difference: independentDifference(
    { value: 0.1, uncertainty: proportionUncertainty(40, 400) },
    { value: 0.2, uncertainty: proportionUncertainty(80, 400) },
    0.9,
  ),
  "cell bootstrap": cellBootstrap(
    { name: "share", counts: Float64Array.of(30, 370), smoothing: 0.5 },
    (c) => (c[0] as number) / 400,
    0,
  ),
  unknowable,
};

describe.each(Object.entries(all))("an uncertainty: %s", (_, { se, at }) => {
  it("has wider intervals for higher confidence, on which a family of questions rests", () => {
    const levels = [0.5, 0.8, 0.95, 0.99, 0.995, 0.996, 0.999, 0.9999, 0.999999];
    for (const [i, level] of levels.slice(1).entries()) {
      const [inner, outer] = [at(levels[i] as number), at(level)];
      expect(outer.low).toBeLessThanOrEqual(inner.low);
      expect(outer.high).toBeGreaterThanOrEqual(inner.high);
    }
    expect(se).toBeGreaterThan(0);
  });

  it("has no end that is no number", () => {
    for (const level of [0.5, 0.95, 0.9999999]) {
      expect(Number.isNaN(at(level).low + 0)).toBe(false);
      expect(at(level).low).toBeLessThanOrEqual(at(level).high);
    }
  });
});

it("a normal estimate's ends are those of the normal distribution", () => {
  // scipy 1.17.1: norm.ppf(.975) = 1.959963984540054, norm.ppf(.9995) = 3.2905267314918945.
  const { at } = normalUncertainty(1, 2);
  expect(at(0.975).high).toBeCloseTo(1 + 2 * 1.959963984540054, 12);
  expect(at(0.9995).low).toBeCloseTo(1 - 2 * 3.2905267314918945, 12);
});

it("the cell bootstrap reaches farther for a family than its replicates, as a normal tail does", () => {
  const counts = Float64Array.of(300, 700);
  const share = (c: Float64Array) => (c[0] as number) / 1000;
  const { at } = cellBootstrap({ name: "share", counts, smoothing: 0 }, share, 0);
  const exact = Math.sqrt((0.3 * 0.7) / 1000);
  for (const level of [0.99, 0.999, 0.9999, 0.999995]) {
    const { low, high } = at(level);
    expect(Math.abs((high - low) / (2 * normalQuantile(level) * exact) - 1)).toBeLessThan(0.1);
  }
});
