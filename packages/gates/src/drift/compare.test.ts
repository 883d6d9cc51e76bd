import { describe, expect, it } from "vitest";
import { compareDrift, type Profile, ProfileBuilder } from "../drift.ts";
import { parseGates } from "../language.ts";
import { xoshiro128 } from "../random/xoshiro.ts";
import { normals, numbers, strings, tableOf } from "./tables.testing.ts";
import type { FeatureDrift, FeatureTable } from "./types.ts";

function compare(
  gates: string,
  reference: FeatureTable | Profile,
  current: FeatureTable | Profile,
  more = {},
) {
  return compareDrift(parseGates(gates), { reference, current, confidence: 0.95, ...more });
}

function featureOf(reference: FeatureTable, current: FeatureTable): FeatureDrift {
  return compare("psi <= 0.2", reference, current).features[0] as FeatureDrift;
}

function profileOf(table: FeatureTable): Profile {
  const builder = new ProfileBuilder();
  builder.add(table);
  return builder.profile();
}

const share = (parts: Record<string, number>): string[] =>
  Object.entries(parts).flatMap(([value, rows]) => new Array<string>(rows).fill(value));

describe("a numeric feature", () => {
  it("is compared over the deciles of the reference, whose counts are near a tenth each", () => {
    const { bins, psi, p, test } = featureOf(
      tableOf(numbers("x", normals(1, 20_000))),
      tableOf(numbers("x", normals(2, 20_000))),
    );
    expect(bins).toHaveLength(10);
    for (const { reference } of bins) expect(reference / 20_000).toBeCloseTo(0.1, 1.5);
    expect(psi).toBeLessThan(0.005);
    expect(p).toBeGreaterThan(0.01);
    expect(test).toBe("chi-square");
    expect(bins[0]?.label).toMatch(/^< -1\.\d+$/);
    expect(bins[9]?.label).toMatch(/^>= 1\.\d+$/);
  });

  it("of few distinct values has a bin a value, and new values are unseen", () => {
    const drift = featureOf(
      tableOf(numbers("x", share({ 0: 500, 1: 300, 7: 200 }).map(Number))),
      tableOf(numbers("x", share({ 0: 500, 1: 260, 7: 200, 9: 40 }).map(Number))),
    );
    expect(drift.bins).toEqual([
      { label: "0", reference: 500, current: 500 },
      { label: "1", reference: 300, current: 260 },
      { label: "7", reference: 200, current: 200 },
      { label: "unseen", reference: 0, current: 40 },
    ]);
    expect(drift.unseen).toEqual({ rows: 40, names: [{ name: "9", rows: 40 }] });
    expect(drift.p).toBeLessThan(1e-6);
  });

  it("that is constant says so, and is no drift while it stays", () => {
    const constant = tableOf(numbers("x", new Float64Array(100).fill(5)));
    const same = featureOf(constant, constant);
    expect(same).toMatchObject({ psi: 0, p: 1, ks: 0, wasserstein: 0, drifted: false });
    expect(same.notes).toContain("the reference is constant: 5");
    const moved = featureOf(constant, tableOf(numbers("x", new Float64Array(100).fill(6))));
    expect(moved).toMatchObject({ drifted: true, ks: 1, wasserstein: 1 });
  });

  it("counts NaN as missing, in a bin of its own, and says so", () => {
    const values = normals(1, 1000);
    const holes = values.map((x, i) => (i % 5 === 0 ? Number.NaN : x));
    const drift = featureOf(tableOf(numbers("x", values)), tableOf(numbers("x", holes)));
    expect(drift.bins.at(-1)).toEqual({ label: "missing", reference: 0, current: 200 });
    expect(drift.missing).toEqual({ reference: 0, current: 0.2 });
    expect(drift.drifted).toBe(true);
    expect(drift.notes).toContain("200 NaN of the current data count as missing");
  });

  it("has infinite values in bins of their own, and no Wasserstein distance between different shares", () => {
    const values = normals(1, 1000);
    const infinite = values.map((x, i) => (i < 100 ? Number.POSITIVE_INFINITY : x));
    const drift = featureOf(tableOf(numbers("x", values)), tableOf(numbers("x", infinite)));
    expect(drift.bins).toContainEqual({ label: "Infinity", reference: 0, current: 100 });
    expect(drift).toMatchObject({ drifted: true, wasserstein: null });
    expect(drift.notes.join()).toMatch(/100 infinite values/);
    const { verdicts } = compare(
      "wasserstein <= 1",
      tableOf(numbers("x", values)),
      tableOf(numbers("x", infinite)),
    );
    expect(verdicts[0]).toMatchObject({ verdict: "inconclusive" });
  });

  it("keeps its verdict when one row is 1e6, in either table and for every metric", () => {
    const gates = "psi <= 0.1, kl <= 0.1, js <= 0.1, ks_distance <= 0.1, wasserstein <= 0.2, chi2 <= 100";
    for (const shift of [0, 0.8]) {
      const [before, now] = [normals(3, 2000), normals(4, 2000, shift)];
      const verdicts = (a: Float64Array, b: Float64Array) =>
        compare(gates, tableOf(numbers("x", a)), tableOf(numbers("x", b))).verdicts.map(
          ({ verdict }) => verdict,
        );
      const plain = verdicts(before, now);
      expect(new Set(plain)).toEqual(new Set([shift === 0 ? "pass" : "fail"]));
      const spoil = (values: Float64Array) => values.map((x, i) => (i === 7 ? 1e6 : x));
      // Wasserstein is a mean distance: an outlier is part of it, and buries a shift.
      const robust = (all: string[]) => (shift === 0 ? all : all.filter((_, i) => i !== 4));
      expect(robust(verdicts(spoil(before), now))).toEqual(robust(plain));
      expect(robust(verdicts(before, spoil(now)))).toEqual(robust(plain));
    }
  });

  it("has nearly the same distances from profiles as from rows", () => {
    const [a, b] = [
      tableOf(numbers("x", normals(1, 50_000))),
      tableOf(numbers("x", normals(2, 50_000, 0.3))),
    ];
    const [exact] = compare("psi <= 0.2", a, b).features;
    const [fromProfiles] = compare("psi <= 0.2", profileOf(a), profileOf(b)).features;
    expect(fromProfiles?.psi).toBe(exact?.psi);
    expect(fromProfiles?.ks).toBeCloseTo(exact?.ks as number, 2);
    expect(fromProfiles?.wasserstein).toBeCloseTo(exact?.wasserstein as number, 2);
    expect(fromProfiles?.notes.join()).toMatch(/buckets/);
  });
});

describe("a categorical feature", () => {
  it("names what is unseen, most frequent first, and takes hostile names as names", () => {
    const drift = featureOf(
      tableOf(strings("s", share({ UA: 500, AA: 400, missing: 100 }))),
      tableOf(
        strings("s", [...share({ UA: 500, AA: 400, missing: 50, __proto__x: 5, "::error::": 40 }), null]),
      ),
    );
    expect(drift.bins.map(({ label }) => label)).toEqual(["UA", "AA", '"missing"', "unseen", "missing"]);
    expect(drift.unseen.names[0]).toEqual({ name: "::error::", rows: 40 });
    expect(drift.unseen.rows).toBe(45);
    expect(drift.test).toBe("permutation");
  });

  it("has its rare categories put together, and says so", () => {
    const random = xoshiro128(3);
    const rare = () => Array.from({ length: 1000 }, () => `c${Math.floor(random.uniform() ** 3 * 200)}`);
    const drift = featureOf(tableOf(strings("s", rare())), tableOf(strings("s", rare())));
    const ordinary = drift.bins.filter(({ label }) => label !== "unseen");
    expect(ordinary.every(({ reference, current }) => reference + current >= 20)).toBe(true);
    expect(drift.bins.some(({ label }) => / rare categories( |$)/.test(label))).toBe(true);
    expect(drift.drifted).toBe(false);
  });

  it("of too many categories to name is still compared", () => {
    const ids = (seed: number, first: number) => {
      const random = xoshiro128(seed);
      return Array.from({ length: 5000 }, () => `id ${first + Math.floor(random.uniform() * 3000)}`);
    };
    const reference = tableOf(strings("s", ids(1, 0)));
    expect(featureOf(reference, tableOf(strings("s", ids(2, 0))))).toMatchObject({ drifted: false });
    const other = featureOf(reference, tableOf(strings("s", new Array<string>(5000).fill("id 7"))));
    expect(other.drifted).toBe(true);
    expect(other.notes.join()).toMatch(/by a hash/);
  });
});

describe("what cannot be compared", () => {
  const x = numbers("x", normals(1, 100));
  const y = numbers("y", normals(2, 100));

  it.each([
    ["a column that the current data lacks", tableOf(x, y), tableOf(x), /y is not in the current data/],
    ["a column that the reference lacks", tableOf(x), tableOf(x, y), /y is not in the reference data/],
    [
      "a type that changed",
      tableOf(x, y),
      tableOf(x, strings("y", new Array(100).fill("1"))),
      /y changed its type: numeric in the reference, categorical/,
    ],
  ])("is never a pass: %s", (_what, reference, current, reason) => {
    const { verdicts, features } = compare("psi <= 0.2", reference, current);
    expect(verdicts[0]).toMatchObject({ verdict: "inconclusive", settle: expect.stringContaining("y") });
    expect(verdicts[0]?.reason).toMatch(reason);
    expect(features[0]).toMatchObject({ feature: "y", psi: null, p: null, drifted: false });
  });

  it("is never a pass: too few rows, no columns, no such feature, a metric of numbers asked of names", () => {
    const few = tableOf(numbers("x", normals(1, 29)));
    expect(compare("psi <= 0.2", tableOf(x), few).verdicts[0]).toMatchObject({
      verdict: "inconclusive",
      n: 29,
      settle: "need 30 rows, have 29",
    });
    expect(compare("psi <= 0.2 [estimate]", tableOf(x), few).verdicts[0]).toMatchObject({
      verdict: "inconclusive",
    });
    expect(compare("psi <= 0.2", tableOf(), tableOf()).verdicts[0]).toMatchObject({
      verdict: "inconclusive",
      n: 0,
    });
    expect(compare("psi{feature=xx} <= 0.2", tableOf(x), tableOf(x)).verdicts[0]).toMatchObject({
      verdict: "inconclusive",
      settle: "did you mean x?",
    });
    const names = tableOf(strings("s", new Array(100).fill("a")));
    expect(compare("ks_distance{feature=s} <= 0.2", names, names).verdicts[0]?.reason).toMatch(
      /s is categorical/,
    );
    expect(compare("ks_distance <= 0.2", names, names).verdicts[0]).toMatchObject({
      verdict: "inconclusive",
    });
  });

  it("does not hide a feature that drifted", () => {
    const { verdicts } = compare("psi <= 0.2", tableOf(x, y), tableOf(numbers("x", normals(3, 100, 2))));
    expect(verdicts[0]?.verdict).toBe("fail");
    expect(verdicts[0]?.reason).toMatch(/x PSI .*y is not in the current data/);
  });

  it("has the kind of the other side when all of it is missing, and then is drift of what is missing", () => {
    const { features } = compare("psi <= 0.2", tableOf(x), tableOf(strings("x", new Array(100).fill(null))));
    expect(features[0]).toMatchObject({ kind: "numeric", missing: { current: 1 }, drifted: true });
  });
});
