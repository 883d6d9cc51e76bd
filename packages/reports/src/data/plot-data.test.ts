import { ascendingOrder } from "@ml-actions/gates/metrics/order";
import { describe, expect, test } from "vitest";
import { carrierGates, verdict } from "../examples/evaluations.ts";
import { binaryRows, random } from "../examples/rows.ts";
import { calibrationBins } from "./calibration.ts";
import { confusionMatrix } from "./confusion.ts";
import { density } from "./density.ts";
import { centralRange, histogram } from "./histogram.ts";
import { blindSpots, moments, rateSeries, runs } from "./over-time.ts";
import { type RocCurve, rocCurve } from "./roc-curve.ts";
import { finiteRows, type LabelledScores } from "./rows.ts";
import { metricSlices, sliceGroups } from "./slices.ts";

const rows = (labels: number[], scores: number[]): LabelledScores => ({
  labels: Float64Array.from(labels),
  scores: Float64Array.from(scores),
  left: 0,
});

describe("the ROC curve", () => {
  // scikit-learn 1.5.2: roc_curve([0,0,1,1], [.1,.4,.35,.8], drop_intermediate=False), roc_auc_score → 0.75
  test("is that of scikit-learn", () => {
    const curve = rocCurve(rows([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]));
    expect(curve).toEqual({
      points: [
        [0, 0],
        [0, 0.5],
        [0.5, 0.5],
        [0.5, 1],
        [1, 1],
      ],
      auc: 0.75,
    });
  });

  test("has a slant where scores are tied", () => {
    expect(rocCurve(rows([0, 1, 0, 1], [1, 1, 1, 1]))).toEqual({
      points: [
        [0, 0],
        [1, 1],
      ],
      auc: 0.5,
    });
  });

  test("is none without both classes", () => {
    expect(rocCurve(rows([1, 1], [0.1, 0.2]))).toBeNull();
    expect(rocCurve(rows([], []))).toBeNull();
  });

  test("of many rows has few points, each within a pixel of the whole, and the area of the whole", () => {
    const { labels, candidate } = binaryRows(200_000);
    const part = { labels: labels ?? new Float64Array(), scores: candidate, left: 0 };
    const curve = rocCurve(part) as RocCurve;
    expect(curve.points.length).toBeLessThanOrEqual(500);
    expect(curve.auc).toBeCloseTo(mannWhitney(part), 12);
    expect(largestDistance(part, curve)).toBeLessThan(1 / 300);
  });
});

/** The share of pairs in which the positive scores above the negative; there are no ties in the data. */
function mannWhitney({ labels, scores }: LabelledScores): number {
  let [negatives, wins] = [0, 0];
  for (const row of ascendingOrder(scores)) {
    if (labels[row] === 1) wins += negatives;
    else negatives++;
  }
  return wins / negatives / (labels.length - negatives);
}

/** How far the true curve strays from the drawn one, measured in y at every row. */
function largestDistance({ labels, scores }: LabelledScores, { points }: RocCurve): number {
  const order = ascendingOrder(scores).reverse();
  const positives = labels.reduce((sum, label) => sum + label, 0);
  let [x, y, at, largest] = [0, 0, 0, 0];
  for (const row of order) {
    if (labels[row] === 1) y += 1 / positives;
    else x += 1 / (labels.length - positives);
    while (at < points.length - 2 && (points[at + 1]?.[0] ?? 1) <= x) at++;
    const [[x0, y0], [x1, y1]] = [points[at] ?? [0, 0], points[at + 1] ?? [1, 1]];
    const drawn = x1 > x0 ? y0 + (y1 - y0) * Math.min(1, (x - x0) / (x1 - x0)) : y1;
    largest = Math.max(largest, Math.abs(drawn - y) / Math.SQRT2);
  }
  return largest;
}

describe("calibration", () => {
  test("groups rows evenly and never parts equal scores", () => {
    const { labels, candidate } = binaryRows(10_000);
    const bins = calibrationBins({ labels: labels ?? new Float64Array(), scores: candidate, left: 0 });
    expect(bins).toHaveLength(10);
    for (const { rows: size, low, observed, high } of bins) {
      expect(size).toBe(1000);
      expect(low).toBeLessThan(observed);
      expect(high).toBeGreaterThan(observed);
    }
    expect(calibrationBins(rows(new Array(100).fill(1), new Array(100).fill(0.5)))).toMatchObject([
      { predicted: 0.5, observed: 1, rows: 100 },
    ]);
    expect(calibrationBins(rows([], []))).toEqual([]);
  });
});

describe("distributions", () => {
  test("sum to one, with outliers at the edges", () => {
    const { shares } = histogram(Float64Array.of(-5, 0, 0.5, 1, 99), [0, 1], 4);
    expect(shares).toEqual([0.4, 0, 0.2, 0.4]);
    expect(histogram(new Float64Array(), [0, 1], 2).shares).toEqual([0, 0]);
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
});
