import { describe, expect, it } from "vitest";
import { xoshiro128 } from "../random/xoshiro.ts";
import { reference } from "../reference.testing.ts";
import { binomialCdf, incompleteBeta } from "./binomial-tail.ts";
import { cellBootstrap } from "./cell-bootstrap.ts";
import { independentDifference } from "./difference.ts";
import { explainedShare, held, influenceSe, type Linearised, mean, rootMean } from "./influence.ts";
import { normalQuantile } from "./normal.ts";
import { poissonBootstrap } from "./poisson-bootstrap.testing.ts";
import { proportionInterval } from "./proportion.ts";
import { quantileInterval, quantileOfSorted, valuesForUpperBound } from "./quantile.ts";

const { distributions } = reference;
const confidence = 0.95;

describe("distributions agree with SciPy", () => {
  it.each(distributions.normalQuantile)("normal quantile of %d", (p, expected) => {
    expect(Math.abs(normalQuantile(p) - expected)).toBeLessThan(
      1e-14 * Math.max(1, Math.abs(expected)) + 1e-15,
    );
  });

  it.each(distributions.binomialCdf)("P(X <= $k), X binomial($n, $p)", ({ k, n, p, cdf }) => {
    expect(Math.abs(binomialCdf(k, n, p) - cdf)).toBeLessThan(1e-8);
  });

  it.each(distributions.clopperPearson)("interval of $count of $n", ({ count, n, low, high }) => {
    const interval = proportionInterval(count, n, confidence);
    expect(Math.abs(interval.low - low)).toBeLessThan(1e-9);
    expect(Math.abs(interval.high - high)).toBeLessThan(1e-9);
  });

  it("ends of the incomplete beta function", () => {
    expect([
      incompleteBeta(2, 3, 0),
      incompleteBeta(2, 3, 1),
      binomialCdf(-1, 5, 0.5),
      binomialCdf(5, 5, 0.5),
    ]).toEqual([0, 1, 0, 1]);
    // I_x(1, b) = 1 − (1 − x)^b.
    expect(incompleteBeta(1, 4, 0.3)).toBeCloseTo(1 - 0.7 ** 4, 14);
  });
});

describe("the quantile of times", () => {
  const sorted = Float64Array.from({ length: 1000 }, (_, i) => i + 1);

  it("is a value that was seen, whatever rounding does", () => {
    expect(quantileOfSorted(sorted, 0.95)).toBe(950);
    expect(quantileOfSorted(sorted.subarray(0, 100), 0.07)).toBe(7);
    expect(quantileOfSorted(sorted.subarray(0, 1), 0.999)).toBe(1);
  });

  it("lies between the order statistics of the binomial distribution", () => {
    // scipy 1.17.1: binom.ppf(.05, 1000, .95) = 938, binom.ppf(.95, 1000, .95) = 961.
    const { low, high } = quantileInterval(sorted, 0.95, confidence);
    expect([low, high]).toEqual([938, 962]);
  });

  it("has no upper bound until there are enough values", () => {
    expect(valuesForUpperBound(0.99, 0.95)).toBe(299);
    expect(quantileInterval(sorted.subarray(0, 298), 0.99, confidence).high).toBe(Number.POSITIVE_INFINITY);
    expect(quantileInterval(sorted.subarray(0, 299), 0.99, confidence).high).toBe(299);
    expect(quantileInterval(sorted.subarray(0, 10), 0.05, confidence).low).toBe(Number.NEGATIVE_INFINITY);
  });

  it("is below its lower and above its upper bound in at most 5 % of samples", () => {
    const random = xoshiro128(21);
    const [runs, q] = [4000, 0.9];
    let [below, above] = [0, 0];
    for (let run = 0; run < runs; run++) {
      const values = Float64Array.from({ length: 120 }, () => random.uniform()).sort();
      const { low, high } = quantileInterval(values, q, confidence);
      below += q < low ? 1 : 0;
      above += q > high ? 1 : 0;
    }
    expect(below / runs).toBeLessThan(0.06);
    expect(above / runs).toBeLessThan(0.06);
    expect(below + above).toBeGreaterThan(0);
  });
});

it("the difference of independent proportions is Newcombe's when each interval is Wilson's", () => {
  // Newcombe, Statistics in Medicine 17 (1998), table II example (a), 56/70 − 48/80: 0.2, method 10: 0.0524 to 0.3339.
  const wilson = (count: number, n: number) => {
    const z = 1.959963984540054;
    const p = count / n;
    const half = z * Math.sqrt((p * (1 - p)) / n + (z * z) / (4 * n * n));
    const uncertainty = {
      se: Math.sqrt((p * (1 - p)) / n),
      at: () => ({
        low: (p + (z * z) / (2 * n) - half) / (1 + (z * z) / n),
        high: (p + (z * z) / (2 * n) + half) / (1 + (z * z) / n),
      }),
    };
    return { value: p, uncertainty };
  };
  const { low, high } = independentDifference(wilson(56, 70), wilson(48, 80), 1).at(confidence);
  expect(low).toBeCloseTo(0.0524, 4);
  expect(high).toBeCloseTo(0.3339, 4);
});

function meanOf(values: Float64Array): Linearised {
  return mean({ n: values.length, weights: null }, held(values));
}

describe("standard errors", () => {
  const random = xoshiro128(17);
  const normal = () => Math.sqrt(-2 * Math.log(random.uniform())) * Math.cos(2 * Math.PI * random.uniform());
  const labels = Float64Array.from({ length: 3000 }, () => 10 + 3 * normal());
  const squares = labels.map(() => normal() ** 2);

  it("of a mean are the textbook's", () => {
    const values = Float64Array.of(1, 2, 3, 4, 10);
    // sd 3.5355339 (divisor n − 1), over sqrt 5.
    expect(influenceSe(meanOf(values), null, 1, 0)).toBeCloseTo(3.5355339059 / Math.sqrt(5), 9);
  });

  it("by influence agree with the row bootstrap for rmse and r2", () => {
    const weighted = (weights: Uint8Array, of: (i: number) => number): number => {
      let [sum, total] = [0, 0];
      weights.forEach((weight, i) => {
        sum += weight * of(i);
        total += weight;
      });
      return sum / total;
    };
    const rmse = poissonBootstrap(3000, 0, (w) => Math.sqrt(weighted(w, (i) => squares[i] as number)), [1]);
    // 400 replicates know a standard error to 3.5 %.
    expect(
      Math.abs(influenceSe(rootMean({ n: 3000, weights: null }, held(squares)), null, 1, 0) / rmse.se - 1),
    ).toBeLessThan(0.12);
    const r2 = poissonBootstrap(
      3000,
      0,
      (w) => {
        const centre = weighted(w, (i) => labels[i] as number);
        return (
          1 -
          weighted(w, (i) => squares[i] as number) / weighted(w, (i) => ((labels[i] as number) - centre) ** 2)
        );
      },
      [2],
    );
    expect(
      Math.abs(
        influenceSe(explainedShare({ n: 3000, weights: null }, labels, held(squares)), null, 1, 0) / r2.se -
          1,
      ),
    ).toBeLessThan(0.12);
  });

  it("are never 0 for rows that all agree", () => {
    const same = meanOf(Float64Array.from({ length: 50 }, () => 1));
    expect(influenceSe(same, same, 1, 1)).toBe(1 / 50);
    const varied = meanOf(squares);
    expect(influenceSe(varied, varied, 1, 0)).toBeGreaterThan(0);
    expect(influenceSe(meanOf(Float64Array.of(3)), null, 1, 0)).toBe(Number.POSITIVE_INFINITY);
  });

  it("of the cell bootstrap match the binomial's", () => {
    const counts = Float64Array.of(300, 700);
    const { se, at } = cellBootstrap(
      { name: "share", counts, smoothing: 0 },
      (c) => (c[0] as number) / 1000,
      0,
    );
    const { low, high } = at(confidence);
    const exact = Math.sqrt((0.3 * 0.7) / 1000);
    expect(Math.abs(se / exact - 1)).toBeLessThan(0.06);
    expect(Math.abs((high - low) / (2 * normalQuantile(confidence) * exact) - 1)).toBeLessThan(0.1);
  });

  it("of the cell bootstrap know nothing where the statistic is mostly undefined", () => {
    const counts = Float64Array.of(1, 1000);
    const { at } = cellBootstrap(
      { name: "x", counts, smoothing: 0 },
      (c) => (c[0] === 0 ? Number.NaN : c[0] === 1 ? Number.NaN : 1),
      0,
    );
    expect(at(confidence).high).toBe(Number.POSITIVE_INFINITY);
  });
});
