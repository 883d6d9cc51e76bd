import { describe, expect, test } from "vitest";
import { carrierGates, verdict } from "../examples/evaluations.ts";
import { random } from "../examples/rows.ts";
import { confusionMatrix } from "./confusion.ts";
import { density } from "./density.ts";
import { centralRange, histogram } from "./histogram.ts";
import { blindSpots, moments, rateSeries, runs } from "./over-time.ts";
import { finiteRows, finiteValues, weightedMean } from "./rows.ts";
import { metricSlices, sliceGroups } from "./slices.ts";

const plain = (...values: number[]) => ({ values: Float64Array.from(values), weights: null });

describe("distributions", () => {
  test("sum to one, with outliers at the edges", () => {
    const { shares } = histogram(plain(-5, 0, 0.5, 1, 99), [0, 1], 4);
    expect(shares).toEqual([0.4, 0, 0.2, 0.4]);
    expect(histogram(plain(), [0, 1], 2).shares).toEqual([0, 0]);
    const weighted = { values: Float64Array.of(0.1, 0.9), weights: Float64Array.of(3, 1) };
    expect(histogram(weighted, [0, 1], 2).shares).toEqual([0.75, 0.25]);
  });

  test("are not squeezed by one outlier", () => {
    const values = Float64Array.from({ length: 10_000 }, (_, index) => (index === 0 ? 1e9 : index / 10_000));
    const [low, high] = centralRange([values]);
    expect(low).toBeGreaterThanOrEqual(0);
    expect(high).toBeLessThan(1.01);
    expect(centralRange([Float64Array.of(7)])).toEqual([6.5, 7.5]);
    expect(centralRange([])).toEqual([0, 1]);
  });

  test("of two dimensions keep every row", () => {
    const next = random(1);
    const x = Float64Array.from({ length: 500 }, () => next() * 4 - 1);
    const grid = density(x, x, [0, 1], [0, 1], [10, 10]);
    expect(grid.counts.reduce((sum, count) => sum + count, 0)).toBe(500);
  });
});

describe("the confusion matrix", () => {
  test("counts truth by prediction, first of equals, NaN left out", () => {
    const labels = Float64Array.of(0, 1, 1, 0, 7);
    const scores = Float64Array.of(0.5, 0.5, 0.1, 0.9, 0.8, 0.2, Number.NaN, 1, 1, 0);
    expect(confusionMatrix(labels, scores, ["a", "b"])).toEqual({
      names: ["a", "b"],
      counts: [
        [1, 0],
        [1, 1],
      ],
      merged: 0,
    });
  });

  test("counts a row by its weight", () => {
    const scores = Float64Array.of(1, 0, 0, 1, 1, 0);
    const matrix = confusionMatrix(Float64Array.of(0, 1, 1), scores, ["a", "b"], Float64Array.of(2, 0.5, 3));
    expect(matrix.counts).toEqual([
      [2, 0],
      [3, 0.5],
    ]);
  });

  test("merges the smallest of many classes", () => {
    const size = 40;
    const labels = Float64Array.from({ length: 820 }, (_, row) =>
      Math.floor((Math.sqrt(8 * row + 1) - 1) / 2),
    );
    const scores = new Float64Array(labels.length * size);
    labels.forEach((label, row) => {
      scores[row * size + label] = 1;
    });
    const matrix = confusionMatrix(
      labels,
      scores,
      Array.from({ length: size }, (_, index) => `class ${index}`),
    );
    expect(matrix.names).toHaveLength(15);
    expect(matrix.names.at(-1)).toBe("26 others");
    expect(matrix.counts.flat().reduce((sum, count) => sum + count, 0)).toBe(820);
  });
});

describe("slices", () => {
  test("are grouped by metric and column, worst first", () => {
    const [group] = sliceGroups([
      verdict({ gate: "f1 >= 0.1" }),
      ...carrierGates(2),
      verdict({ gate: "auc{x=y} >= 0.5" }),
    ]);
    expect(group).toMatchObject({ metric: "f1", column: "carrier", whole: { gate: "f1 >= 0.1" } });
    expect(group?.slices.map(({ verdict: { verdict: name } }) => name).slice(0, 4)).toEqual([
      "fail",
      "fail",
      "inconclusive",
      "pass",
    ]);
    expect(sliceGroups([])).toEqual([]);
  });

  test("come by how far they miss their bound, on the side that is bad for the metric", () => {
    const gates = [0.2, 0.9, 0.5].map((observed, index) =>
      verdict({ gate: `brier{carrier=${index}} <= 0.1`, verdict: "fail", observed, bound: 0.1 }),
    );
    expect(sliceGroups(gates)[0]).toMatchObject({
      bound: 0.1,
      slices: [{ value: "1" }, { value: "2" }, { value: "0" }],
    });
    const own = gates.map((gate, index) => ({ ...gate, bound: index }));
    expect(sliceGroups(own)[0]?.bound).toBeNull();
  });

  test("of different gates are different groups, and those without a value are named", () => {
    const gates = ["f1{c=a} >= 0.1", "f1{c=b} >= 0.1", "f1{c=a} >= baseline", "f1{c=b} >= baseline"];
    expect(sliceGroups(gates.map((gate) => verdict({ gate })))).toHaveLength(2);
    const small = verdict({ gate: "f1{c=z} >= 0.1", verdict: "inconclusive", observed: null, n: 3 });
    expect(sliceGroups([verdict({ gate: "f1{c=a} >= 0.1" }), small])[0]?.unjudged).toMatchObject([
      { value: "z", verdict: { n: 3 } },
    ]);
    expect(sliceGroups([small])).toEqual([]);
  });

  test("without gates show the metric that the gates speak of, the greatest loss first", () => {
    const candidate = {
      "auc{origin=A}": 0.6,
      "auc{origin=B}": 0.7,
      "f1{origin=A}": 0.3,
      "f1{origin=B}": 0.3,
      'f1{"a=b"="c}d"}': 1,
    };
    const baseline = { "f1{origin=A}": 0.2, "f1{origin=B}": 0.4 };
    const groups = metricSlices({ candidate, baseline }, [verdict({ gate: "f1 >= 0.1" })]);
    expect(groups).toHaveLength(1);
    expect(groups[0]).toMatchObject({
      metric: "f1",
      column: "origin",
      slices: [{ value: "B" }, { value: "A" }],
    });
  });
});

describe("observations", () => {
  const side = { requests: 100, errors: 2, nan: null, p50Ms: 1, p99Ms: 2 };
  const seen = { at: 0, weightPercent: 10, stable: side, candidate: side };
  const blind = { at: 1, weightPercent: 10, problem: "outage", detail: "" } as const;

  test("become rates with exact bounds and gaps", () => {
    const series = rateSeries([seen, blind, { ...seen, at: 2 }], ({ errors }) => errors, 0.95).candidate;
    // Clopper-Pearson of 2 in 100 at 5 % a side; SciPy 1.14: beta.ppf(.05, 2, 99), beta.ppf(.95, 3, 98)
    expect(series[0]?.low).toBeCloseTo(0.003569, 5);
    expect(series[0]?.high).toBeCloseTo(0.061619, 5);
    expect(series[1]).toBeNull();
    expect(runs(series).map((run) => run.length)).toEqual([1, 1]);
  });

  test("without a count or a request are gaps", () => {
    expect(rateSeries([seen], ({ nan }) => nan, 0.95).stable).toEqual([null]);
    const none = { ...seen, candidate: { ...side, requests: 0 } };
    expect(rateSeries([none], ({ errors }) => errors, 0.95).candidate).toEqual([null]);
  });

  test("that failed in a row are one stretch", () => {
    const observations = [seen, blind, { ...blind, at: 2 }, { ...seen, at: 3 }];
    expect(blindSpots(observations)).toEqual([{ from: 1, to: 3, problem: "outage" }]);
  });

  test("of a day are thinned, the newest kept", () => {
    const day = Array.from({ length: 8640 }, (_, index) => ({ ...seen, at: index }));
    expect(moments(day)).toHaveLength(160);
    expect(moments(day).at(-1)?.at).toBe(8639);
  });
});

test("rows with NaN are left out and counted", () => {
  const kept = finiteRows(Float64Array.of(0, 1, 1), Float64Array.of(0.1, Number.NaN, 0.3));
  expect([...kept.scores]).toEqual([0.1, 0.3]);
  expect(kept.left).toBe(1);
  expect(finiteRows(Float64Array.of(Number.NaN, 1), Float64Array.of(0.1, 0.2))).toMatchObject({
    left: 0,
    unlabelled: 1,
  });
  const weighted = finiteRows(Float64Array.of(0, 1), Float64Array.of(0.1, 0.3), Float64Array.of(0, 2));
  expect([...weighted.labels, ...(weighted.weights ?? []), weighted.left]).toEqual([1, 2, 0]);
  const values = finiteValues(Float64Array.of(1, Number.NaN, 3), Float64Array.of(1, 1, 3));
  expect(weightedMean(values)).toBe(2.5);
  expect(weightedMean({ values: new Float64Array(), weights: null })).toBeNull();
});
