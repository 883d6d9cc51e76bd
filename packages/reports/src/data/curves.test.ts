import { ascendingOrder } from "@ml-actions/gates/metrics/order";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { binaryRows } from "../examples/rows.ts";
import { meanByPosition } from "./by-position.ts";
import { calibrationBins } from "./calibration.ts";
import { prCurve } from "./pr-curve.ts";
import { type RocCurve, rocCurve } from "./roc-curve.ts";
import type { LabelledScores } from "./rows.ts";
import { sweepOf } from "./sweep.ts";
import { keptByExtremes } from "./thin.ts";

const rows = (labels: number[], scores: number[], weights: number[] | null = null): LabelledScores => ({
  labels: Float64Array.from(labels),
  scores: Float64Array.from(scores),
  weights: weights === null ? null : Float64Array.from(weights),
  left: 0,
  unlabelled: 0,
});
const roc = (part: LabelledScores) => rocCurve(sweepOf(part));
const pr = (part: LabelledScores) => prCurve(sweepOf(part));

/** Ties between and within the classes. */
const tied = [
  [0, 1, 1, 0, 1, 0, 0, 1],
  [0.1, 0.2, 0.9, 0.4, 0.4, 0.7, 0.2, 0.7],
] as const;
const weights = [1, 2, 0.5, 3, 1, 0, 4, 2];

describe("the ROC curve", () => {
  // scikit-learn 1.9.1: roc_curve([0,0,1,1], [.1,.4,.35,.8], drop_intermediate=False), roc_auc_score → 0.75
  test("is that of scikit-learn", () => {
    const curve = roc(rows([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]));
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

  // scikit-learn 1.9.1: roc_curve and roc_auc_score with sample_weight
  test("counts rows by their weight as scikit-learn does", () => {
    const curve = roc(rows([...tied[0]], [...tied[1]], weights));
    expect(curve?.auc).toBeCloseTo(0.7386363636363635, 14);
    const expected = [
      [0, 0],
      [0, 0.09090909],
      [0, 0.45454545],
      [0.375, 0.63636364],
      [0.875, 1],
      [1, 1],
    ];
    expect(curve?.points.flat().map((value) => Number(value.toFixed(8)))).toEqual(expected.flat());
  });

  test("has a slant where scores are tied", () => {
    expect(roc(rows([0, 1, 0, 1], [1, 1, 1, 1]))).toEqual({
      points: [
        [0, 0],
        [1, 1],
      ],
      auc: 0.5,
    });
  });

  test("is none without both classes", () => {
    expect(roc(rows([1, 1], [0.1, 0.2]))).toBeNull();
    expect(roc(rows([], []))).toBeNull();
  });

  test("of many rows has few points, each within a pixel of the whole, and the area of the whole", () => {
    const { labels, candidate } = binaryRows(200_000);
    const part = {
      labels: labels ?? new Float64Array(),
      scores: candidate,
      weights: null,
      left: 0,
      unlabelled: 0,
    };
    const curve = roc(part) as RocCurve;
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

describe("the precision-recall curve", () => {
  // scikit-learn 1.9.1: precision_recall_curve and average_precision_score; its arrays run the other way and end
  // with a point (0, 1) that no threshold has.
  test("is that of scikit-learn", () => {
    const curve = pr(rows([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]));
    expect(curve?.points).toEqual([
      [0.5, 1],
      [0.5, 0.5],
      [1, 2 / 3],
      [1, 0.5],
    ]);
    expect(curve?.averagePrecision).toBeCloseTo(0.8333333333333333, 14);
    expect(curve?.prevalence).toBe(0.5);
    expect(pr(rows([...tied[0]], [...tied[1]]))?.averagePrecision).toBeCloseTo(0.7095238095238094, 14);
    expect(pr(rows([...tied[0]], [...tied[1]], weights))?.averagePrecision).toBeCloseTo(
      0.7124475524475525,
      14,
    );
  });

  test("is none without positive rows, and whole without negative ones", () => {
    expect(pr(rows([0, 0], [0.1, 0.2]))).toBeNull();
    expect(pr(rows([1], [0.1]))).toEqual({ points: [[1, 1]], averagePrecision: 1, prevalence: 1 });
  });

  test("of many rows has few points and the area of the whole", () => {
    const { labels, candidate } = binaryRows(200_000);
    const part = {
      labels: labels ?? new Float64Array(),
      scores: candidate,
      weights: null,
      left: 0,
      unlabelled: 0,
    };
    const [order, { positives }] = [ascendingOrder(candidate).reverse(), sweepOf(part)];
    let [hits, area] = [0, 0];
    order.forEach((row, place) => {
      if (labels?.[row] === 1) area += ++hits / (place + 1) / positives;
    });
    const curve = pr(part);
    expect(curve?.points.length).toBeLessThanOrEqual(402);
    expect(curve?.averagePrecision).toBeCloseTo(area, 12);
  });
});

describe("thinning", () => {
  test("keeps the ends and what stands out, and no more than two of a part", () => {
    const values = Array.from({ length: 1000 }, (_, index) => (index === 513 ? 9 : index % 2));
    const kept = keptByExtremes(
      1000,
      (index) => Math.floor(index / 100),
      (index) => values[index] ?? 0,
    );
    expect(kept).toContain(513);
    expect([kept[0], kept.at(-1)]).toEqual([0, 999]);
    expect(kept.length).toBeLessThanOrEqual(22);
    expect(
      keptByExtremes(
        0,
        () => 0,
        () => 0,
      ),
    ).toEqual([]);
  });

  test("never loses the highest or the lowest, whatever the line", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer(), { minLength: 1, maxLength: 200 }),
        fc.integer({ min: 1, max: 20 }),
        (values, parts) => {
          const kept = keptByExtremes(
            values.length,
            (index) => Math.floor((index * parts) / values.length),
            (index) => values[index] ?? 0,
          );
          const shown = kept.map((index) => values[index] ?? 0);
          expect([Math.min(...shown), Math.max(...shown)]).toEqual([
            Math.min(...values),
            Math.max(...values),
          ]);
          expect(kept.length).toBeLessThanOrEqual(2 * parts + 2);
          expect(kept).toEqual([...new Set(kept)].sort((a, b) => a - b));
        },
      ),
    );
  });
});

describe("calibration", () => {
  test("groups rows evenly and never parts equal scores", () => {
    const { labels, candidate } = binaryRows(10_000);
    const bins = calibrationBins({
      labels: labels ?? new Float64Array(),
      scores: candidate,
      weights: null,
      left: 0,
      unlabelled: 0,
    });
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

  test("counts rows by their weight, and does not take weight for rows", () => {
    const [labels, scores] = [
      [1, 0, 0, 0],
      [0.2, 0.4, 0.4, 0.2],
    ];
    const [light] = calibrationBins(rows(labels, scores, [3, 1, 1, 1]));
    expect(light).toMatchObject({ observed: 0.5, rows: 4 });
    expect(light?.predicted).toBeCloseTo(1.6 / 6, 14);
    const [heavy] = calibrationBins(rows(labels, scores, [3000, 1000, 1000, 1000]));
    expect(heavy).toEqual(light);
  });
});

describe("relevance by position", () => {
  test("is the mean over queries, equal scores sharing their places", () => {
    const part = {
      labels: Float64Array.of(3, 0, 2, 1, 0),
      scores: Float64Array.of(0.9, 0.1, 0.5, 0.5, 0.5),
      groups: Int32Array.of(1, 1, 2, 2, 2),
      weights: null,
    };
    expect(meanByPosition(part)).toEqual([
      { position: 1, relevance: 2, queries: 2 },
      { position: 2, relevance: 0.5, queries: 2 },
      { position: 3, relevance: 1, queries: 1 },
    ]);
    const weighed = meanByPosition({ ...part, weights: Float64Array.of(3, 3, 1, 1, 1) });
    expect(weighed[0]).toEqual({ position: 1, relevance: 2.5, queries: 2 });
    const tiedFirst = meanByPosition({
      labels: Float64Array.of(4, 2, 0),
      scores: Float64Array.of(0.9, 0.9, 0.1),
      groups: new Int32Array(3),
      weights: null,
    });
    expect(tiedFirst.map(({ relevance }) => relevance)).toEqual([3, 3, 0]);
    const nan = meanByPosition({ ...part, scores: new Float64Array(5).fill(Number.NaN) });
    expect(nan).toEqual([]);
  });
});
