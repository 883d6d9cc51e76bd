import { describe, expect, it } from "vitest";
import { namesFor } from "../catalog.ts";
import { assertDriftGates, compareDrift, estimatedMetrics } from "../drift.ts";
import { GatesError } from "../error.ts";
import { parseGates } from "../language.ts";
import type { Verdict } from "../types.ts";
import { normals, numbers, tableOf } from "./tables.testing.ts";
import type { FeatureTable } from "./types.ts";
import { yardsticks } from "./yardsticks.ts";

function compare(gates: string, reference: FeatureTable, current: FeatureTable, more = {}) {
  return compareDrift(parseGates(gates), { reference, current, confidence: 0.95, ...more });
}

const columns = (rows: number, seed: number, shifts: readonly number[]): FeatureTable =>
  tableOf(...shifts.map((shift, i) => numbers(`x${i}`, normals(100 * seed + i, rows, shift))));

const refused = (body: () => unknown): GatesError => {
  try {
    body();
  } catch (error) {
    if (error instanceof GatesError) return error;
  }
  throw new Error("nothing was refused");
};

describe("the metrics of drift", () => {
  it("are those of the catalog", () => {
    expect([...Object.keys(yardsticks), ...estimatedMetrics].sort()).toEqual(
      namesFor({ place: "drift" }).sort(),
    );
  });
});

describe("a gate on drift", () => {
  const reference = columns(1000, 1, [0, 0, 0, 0]);
  const current = columns(1000, 2, [0.9, 0, 0, 0.5]);

  it("fails on features beyond the bound that are no chance, and names them with their figures", () => {
    const { verdicts, features } = compare("psi <= 0.1", reference, current);
    expect(verdicts).toHaveLength(1);
    expect(verdicts[0]).toMatchObject({
      verdict: "fail",
      rule: "refute",
      metric: "psi",
      bound: 0.1,
      baseline: null,
      n: 1000,
    });
    expect(verdicts[0]?.reason).toMatch(
      /^2 of 4 features drifted: x0 PSI 0\.\d+ \(p below 1e-15\), x3 PSI 0\.\d+ .*; at most 0.1 was asked for\.$/,
    );
    expect(features.map(({ feature, drifted }) => [feature, drifted])).toEqual([
      ["x0", true],
      ["x3", true],
      [expect.any(String), false],
      [expect.any(String), false],
    ]);
    expect(verdicts[0]?.observed).toBe(features[0]?.psi);
    const [low, high] = (verdicts[0] as Verdict).interval as [number, number];
    expect(low).toBeLessThanOrEqual(features[0]?.psi as number);
    expect(high).toBeGreaterThanOrEqual(features[0]?.psi as number);
  });

  it("passes what is beyond the bound by chance, where estimate fails it, and says so", () => {
    const [few, other] = [columns(60, 5, [0, 0]), columns(60, 6, [0, 0])];
    const { verdicts } = compare("psi <= 0.01\npsi <= 0.02 [estimate]", few, other);
    expect(verdicts.map(({ verdict }) => verdict)).toEqual(["pass", "fail"]);
    expect(verdicts[0]?.reason).toMatch(/may be chance/);
    expect(verdicts[1]?.reason).not.toMatch(/\(p /);
  });

  it("proves what keeps the bound with room, leaves open what does not, and says how many rows would do", () => {
    const [a, b] = [columns(20_000, 1, [0, 0]), columns(20_000, 2, [0.1, 0])];
    expect(compare("psi <= 0.05 [prove]", a, b).verdicts[0]).toMatchObject({ verdict: "pass" });
    const [c, d] = [columns(400, 1, [0, 0]), columns(400, 2, [0, 0])];
    const [open] = compare("psi <= 0.05 [prove]", c, d).verdicts;
    expect(open).toMatchObject({
      verdict: "inconclusive",
      settle: expect.stringMatching(/^need about [\d,]+ rows, have 400$/),
    });
    expect(compare("psi <= 0.05 [prove]", a, columns(20_000, 2, [1, 0])).verdicts[0]?.verdict).toBe("fail");
  });

  it("of one feature looks at that one, and of * has a verdict for each", () => {
    const { verdicts } = compare(
      "psi{feature=x1} <= 0.1\nks_distance{feature=*} <= 0.15",
      reference,
      current,
    );
    expect(verdicts.map(({ metric, verdict }) => [metric, verdict])).toEqual([
      ["psi{feature=x1}", "pass"],
      ["ks_distance{feature=x0}", "fail"],
      ["ks_distance{feature=x1}", "pass"],
      ["ks_distance{feature=x2}", "pass"],
      ["ks_distance{feature=x3}", "fail"],
    ]);
  });

  it("on missing rows compares their share with a number, or with the reference", () => {
    const holes = (share: number) => {
      const values = normals(5, 1000).map((x, i) => (i < 1000 * share ? Number.NaN : x));
      return tableOf(numbers("x", values));
    };
    const gates = "missing_rate <= 5%\nmissing_rate <= baseline + 2%";
    expect(
      compare(gates, holes(0.1), holes(0.11)).verdicts.map(({ verdict, bound, baseline }) => [
        verdict,
        bound,
        baseline,
      ]),
    ).toEqual([
      ["fail", 0.05, null],
      ["pass", 0.12000000000000001, 0.1],
    ]);
    expect(compare(gates, holes(0), holes(0.06)).verdicts.map(({ verdict }) => verdict)).toEqual([
      "pass",
      "fail",
    ]);
    expect(compare("missing_rate <= 5% [prove]", holes(0), holes(0.01)).verdicts[0]?.verdict).toBe("pass");
  });

  it("has the same verdicts for the same input, and other draws for another seed", () => {
    const gates = "psi <= 0.1\nwasserstein <= 0.2";
    const once = compare(gates, reference, current);
    expect(compare(gates, reference, current)).toEqual(once);
    expect(compare(gates, reference, current, { seed: 9 }).verdicts[0]?.interval).not.toEqual(
      once.verdicts[0]?.interval,
    );
  });
});

describe("importance", () => {
  const reference = columns(500, 1, [0, 0, 0]);
  const current = columns(500, 2, [1, 0.7, 0]);

  it("ranks features by effect × importance, and judges none", () => {
    const { features, verdicts } = compare("psi <= 0.1", reference, current, {
      importance: { x0: 0.1, x1: 0.9 },
    });
    expect(features.map(({ feature, importance }) => [feature, importance])).toEqual([
      ["x1", 0.9],
      ["x0", 0.1],
      ["x2", 0],
    ]);
    expect(verdicts[0]?.reason).toMatch(/x0 .*x1/);
    expect(compare("psi <= 0.1", reference, current).features.map(({ feature }) => feature)).toEqual([
      "x0",
      "x1",
      "x2",
    ]);
  });

  it("is refused, all at once, for features that are not there and numbers that are none", () => {
    const importance = { x0: -1, x1: Number.NaN, nope: 1, __proto__x: 2 };
    const error = refused(() => compare("psi <= 0.1", reference, current, { importance }));
    expect(error).toMatchObject({ code: "drift", remedy: expect.stringContaining("x0, x1, x2") });
    for (const part of [
      "x0 has the importance -1",
      "x1 has the importance NaN",
      "nope is no feature",
      "__proto__x is no",
    ])
      expect(error.message).toContain(part);
  });
});

describe("gates that drift has no answer to", () => {
  it("are refused all at once before any data is read", () => {
    const gates = parseGates(
      "psi{carrier=UA} <= 0.1\nks_distance <= baseline + 0.1\nestimated_f1{feature=x} >= 0.4",
    );
    const { message, code } = refused(() => assertDriftGates(gates));
    expect(code).toBe("drift");
    expect(message).toContain("psi{feature=UA}");
    expect(message).toContain("measured from the reference already");
    expect(message).toContain("estimated_f1 is of the model");
    expect(() => assertDriftGates(parseGates("psi <= 0.2\nmissing_rate <= baseline"))).not.toThrow();
  });

  it("are those of other actions, and confidences out of range", () => {
    const table = columns(50, 1, [0]);
    expect(refused(() => compare("auc >= 0.7", table, table)).code).toBe("metric-not-here");
    expect(refused(() => compare("psi <= 0.1", table, table, { confidence: 1 })).code).toBe("shape");
  });
});
