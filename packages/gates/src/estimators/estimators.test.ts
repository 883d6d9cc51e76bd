import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { catalog, namesFor } from "../catalog.ts";
import { ascendingOrder } from "../metrics/order.ts";
import { xoshiro128 } from "../random/xoshiro.ts";
import { reference } from "../reference.testing.ts";
import type { Task } from "../types.ts";
import { estimatedNames, estimatorFor } from "./registry.ts";
import { type Estimator, Side } from "./side.ts";

const confidence = 0.95;

/** Queries of five rows, for rankings; the others look at none. */
function queriesOf(labels: ArrayLike<number>): number[] {
  return Array.from(labels, (_, row) => Math.floor(row / 5));
}

function sideOf(
  labels: ArrayLike<number>,
  scores: ArrayLike<number>,
  classes = 2,
  threshold = 0.5,
  groups: readonly number[] = queriesOf(labels),
): Side {
  return new Side({
    labels: Float64Array.from(labels),
    scores: Float64Array.from(scores),
    classes,
    threshold,
    groups: Int32Array.from(groups),
  });
}

function estimator(task: Task, name: string): Estimator {
  return estimatorFor(task, name) as Estimator;
}

const tasks: readonly Task[] = ["binary", "multiclass", "regression", "ranking"];
const withoutEstimator = ["latency.pNN", "nan_rate", "agreement", "score_drift"];

it("every metric of the catalog for labels has an estimator, and no other", () => {
  for (const task of tasks) {
    const named = namesFor({ place: "offline", task }).filter((name) => !withoutEstimator.includes(name));
    expect(estimatedNames(task).sort()).toEqual(named.sort());
  }
});

describe("values agree with scikit-learn on tied scores", () => {
  const { binary, multiclass, regression } = reference;
  const cases: [Task, Side, Record<string, number>][] = [
    ["binary", sideOf(binary.labels, binary.candidate, 2, binary.threshold), binary.metrics],
    ["multiclass", sideOf(multiclass.labels, multiclass.candidate, multiclass.classes), multiclass.metrics],
    [
      "multiclass",
      sideOf(multiclass.labels, multiclass.untied.candidate, multiclass.classes),
      { top3_accuracy: multiclass.untied.top3_accuracy },
    ],
    ["regression", sideOf(regression.labels, regression.candidate, 0), regression.metrics],
  ];
  it.each(
    cases.flatMap(([task, side, values]) =>
      Object.entries(values).map(([name, value]) => [task, name, side, value] as const),
    ),
  )("%s %s", (task, name, side, value) => {
    expect(estimator(task, name).undefinedFor(side)).toBeUndefined();
    expect(Math.abs(estimator(task, name).value(side) - value)).toBeLessThan(
      1e-12 * Math.max(1, Math.abs(value)),
    );
  });
});

describe("DeLong's interval agrees with the definition computed pair by pair", () => {
  const { labels, candidate, baseline, delong } = reference.binary;
  const a = sideOf(labels, candidate);
  const b = sideOf(labels, baseline);
  it.each([
    ["of one model", null, 1, delong.candidate],
    ["of a difference", b, 1, delong.paired],
    ["of a difference from 0.9 of the baseline", b, 0.9, delong["factor0.9"]],
  ] as const)("%s", (_, against, factor, expected) => {
    const { se, at } = estimator("binary", "auc").uncertainty(a, against, factor, 0);
    const { low, high } = at(confidence);
    expect(se).toBeCloseTo(expected.se, 12);
    const logit = (x: number) => Math.log(x / (1 - x));
    const [from, to] = against === null ? [logit(low), logit(high)] : [low, high];
    expect((from + to) / 2).toBeCloseTo(against === null ? logit(expected.value) : expected.value, 12);
  });
});

describe("undefined metrics say why", () => {
  it.each([
    ["binary", "auc", sideOf([1, 1], [0.2, 0.3]), "no row is labelled negative"],
    ["binary", "f1", sideOf([0, 0], [0.2, 0.3]), "no row is labelled positive"],
    ["binary", "specificity", sideOf([1, 1], [0.2, 0.3]), "no row is labelled negative"],
    ["binary", "log_loss", sideOf([1, 0], [2, -1]), "2 scores lie outside 0 to 1"],
    ["regression", "mape", sideOf([0, 1], [2, 3], 0), "a label is 0"],
    ["regression", "r2", sideOf([5, 5], [2, 3], 0), "all labels are equal"],
  ] as const)("%s %s", (task, name, side, reason) => {
    expect(estimator(task, name).undefinedFor(side)).toContain(reason);
  });

  it("and a model that never says positive has precision 0", () => {
    expect(estimator("binary", "precision").value(sideOf([1, 0], [0.1, 0.1]))).toBe(0);
  });
});

/** Rows of a moderately good model with tied scores, and another. */
function sample(n: number, seed: number, classes = 2): { labels: number[]; a: number[]; b: number[] } {
  const random = xoshiro128(seed);
  const labels = Array.from({ length: n }, () =>
    classes === 0 ? 1 + Math.floor(random.uniform() * 9) : Math.floor(random.uniform() * classes),
  );
  const width = Math.max(1, classes === 2 ? 1 : classes);
  const score = (label: number, c: number): number => {
    const lift = classes === 0 ? label / 10 : classes === 2 ? label * 0.3 : label === c ? 0.3 : 0;
    return Math.round((lift + 0.6 * random.uniform()) * 50) / 50;
  };
  const model = () => labels.flatMap((label) => Array.from({ length: width }, (_, c) => score(label, c)));
  return { labels, a: model(), b: model() };
}

const everyEstimator = tasks.flatMap((task) =>
  namesFor({ place: "offline", task })
    .map((name) => catalog.find((entry) => entry.name === name)?.family?.example ?? name)
    .filter((name) => estimatorFor(task, name) !== undefined)
    .map((name) => ({ task, name, classes: { binary: 2, multiclass: 4, regression: 0, ranking: 0 }[task] })),
);

describe.each(everyEstimator)("$task $name", ({ task, name, classes }) => {
  const { value, uncertainty } = estimator(task, name);
  const interval = (candidate: Side, baseline: Side | null, factor: number) =>
    uncertainty(candidate, baseline, factor, 0).at(confidence);
  const { labels, a, b } = sample(400, 31, classes);
  const [sideA, sideB] = [sideOf(labels, a, classes), sideOf(labels, b, classes)];

  it("has the same value, and an interval as wide, whatever the order of the rows", () => {
    const width = a.length / labels.length;
    const shuffled = labels.map((_, row) => (row * 7 + 3) % labels.length);
    const pick = (scores: number[]) =>
      shuffled.flatMap((row) => scores.slice(row * width, (row + 1) * width));
    const [movedA, movedB] = [a, b].map((scores) =>
      sideOf(
        shuffled.map((row) => labels[row] as number),
        pick(scores),
        classes,
        0.5,
        shuffled.map((row) => queriesOf(labels)[row] as number),
      ),
    ) as [Side, Side];
    expect(value(movedA)).toBeCloseTo(value(sideA), 12);
    const before = interval(sideA, sideB, 1);
    const after = interval(movedA, movedB, 1);
    // Seeds of the row bootstrap depend on the order, so that its standard error varies by some per cent.
    expect(Math.abs((after.high - after.low) / (before.high - before.low) - 1)).toBeLessThan(0.15);
  });

  it("has an interval that mirrors when the models change sides", () => {
    const there = interval(sideA, sideB, 1);
    const back = interval(sideB, sideA, 1);
    expect(Math.abs(there.low + back.high)).toBeLessThan(0.15 * (there.high - there.low));
    expect(Math.abs(there.high + back.low)).toBeLessThan(0.15 * (there.high - there.low));
  });

  it("has an interval that holds the value and is the same every time", () => {
    const own = interval(sideA, null, 1);
    expect(own.low).toBeLessThanOrEqual(value(sideA));
    expect(own.high).toBeGreaterThanOrEqual(value(sideA));
    expect(own.high - own.low).toBeGreaterThan(0);
    expect(interval(sideOf(labels, a, classes), null, 1)).toEqual(own);
  });

  it("does not claim to know the difference of a model from itself exactly", () => {
    const small = sample(40, 5, classes);
    const side = sideOf(small.labels, small.a, classes);
    const { low, high } = interval(side, side, 1);
    expect(low).toBeLessThan(0);
    expect(high).toBeGreaterThan(0);
  });
});

it("the difference of two models of several classes is the candidate's value less the baseline's", () => {
  const labels = Array.from({ length: 300 }, (_, row) => row % 3);
  const rightFor = (share: number) =>
    labels.flatMap((label, row) =>
      [0, 1, 2].map((c) => (c === (row % 10 < share ? label : (label + 1) % 3) ? 1 : 0)),
    );
  const [better, worse] = [sideOf(labels, rightFor(9), 3), sideOf(labels, rightFor(6), 3)];
  const { low, high } = estimator("multiclass", "accuracy").uncertainty(better, worse, 1, 0).at(confidence);
  // All 90 discordant rows favour the candidate: 0.3 ± 1.645·sqrt(0.3·0.7/300).
  expect(low).toBeCloseTo(0.3 - 0.0435, 1.9);
  expect(high).toBeCloseTo(0.3 + 0.0435, 1.9);
});

describe("the ascending order", () => {
  it("is that of a comparison sort, with ties, signs, both zeros and subnormals, by counting too", () => {
    const double = fc.double({ noNaN: true, noDefaultInfinity: true });
    const value = fc.oneof(double, fc.constantFrom(-0, 0, 1, -1, 5e-324, -5e-324, 1e308));
    fc.assert(
      fc.property(fc.array(value, { minLength: 1, maxLength: 300 }), (values) => {
        const few = Float64Array.from(values);
        // 20,000 rows and more are sorted by counting.
        const many = Float64Array.from({ length: 20_001 }, (_, i) => values[i % values.length] as number);
        for (const scores of [few, many]) {
          const expected = Array.from(scores.keys()).sort(
            (i, j) => (scores[i] as number) - (scores[j] as number) || i - j,
          );
          expect(Array.from(ascendingOrder(scores))).toEqual(expected);
        }
      }),
      { seed: 4, numRuns: 15 },
    );
  });
});
