import { describe, expect, it } from "vitest";
import { ksP } from "../drift/ks-test.ts";
import { million } from "../million.testing.ts";
import { reference } from "../reference.testing.ts";
import type { Task } from "../types.ts";
import { estimatorFor } from "./registry.ts";
import { type Estimator, Side, type SideRows } from "./side.ts";

interface Rows {
  labels: ArrayLike<number>;
  candidate: ArrayLike<number>;
}

function sideOf(rows: Rows, others: Partial<SideRows> = {}): Side {
  return new Side({
    labels: Float64Array.from(rows.labels),
    scores: Float64Array.from(rows.candidate),
    classes: 2,
    threshold: 0.5,
    ...others,
  });
}

function check(task: Task, name: string, side: Side, expected: number): void {
  const estimator = estimatorFor(task, name) as Estimator;
  expect(estimator.undefinedFor(side)).toBeUndefined();
  expect(Math.abs(estimator.value(side) - expected)).toBeLessThan(1e-12 * Math.max(1, Math.abs(expected)));
}

describe("values agree with scikit-learn, with weights and without", () => {
  const { weights, binary, multiclass, regression, ranking } = reference.weighted;
  const w = Float64Array.from(weights);
  const cases = (["binary", "multiclass", "regression"] as const).flatMap((task) => {
    const rows = { binary, multiclass, regression }[task];
    const others = {
      classes: { binary: 2, multiclass: multiclass.classes, regression: 0 }[task],
      threshold: binary.threshold,
    };
    return [
      ...Object.entries(rows.metrics).map(
        ([name, value]) => [task, "weighted", name, value, sideOf(rows, { ...others, weights: w })] as const,
      ),
      ...Object.entries(rows.unweighted).map(
        ([name, value]) => [task, "unweighted", name, value, sideOf(rows, others)] as const,
      ),
    ];
  });
  it.each(cases)("%s %s %s is %d", (task, _, name, value, side) => {
    check(task, name, side, value);
  });

  const groups = Int32Array.from(ranking.groups);
  it.each(Object.entries(ranking.metrics))("ranking %s is %d with ties", (name, value) => {
    check("ranking", name, sideOf(ranking, { classes: 0, groups }), value);
  });
  it.each(Object.entries(ranking.weightedMetrics))(
    "ranking %s is %d with queries' weights",
    (name, value) => {
      check(
        "ranking",
        name,
        sideOf(ranking, { classes: 0, groups, weights: Float64Array.from(ranking.weights) }),
        value,
      );
    },
  );
});

describe("of constant scores and of one row a class they do too", () => {
  it.each(reference.weighted.degenerate)("$candidate of labels $labels", (rows) => {
    for (const [name, value] of Object.entries(rows.metrics)) {
      check("binary", name, sideOf(rows), value);
    }
  });

  it("one row has an accuracy and no AUC", () => {
    const one = sideOf({ labels: [1], candidate: [0.7] });
    check("binary", "accuracy", one, 1);
    check("binary", "average_precision", one, 1);
    expect(estimatorFor("binary", "auc")?.undefinedFor(one)).toBe("no row is labelled negative");
  });
});

it("the Kolmogorov-Smirnov distance of SciPy's two samples is .625, p .08702408702", () => {
  const positives = [38.7, 41.5, 43.8, 44.5, 45.5, 46, 47.7, 58];
  const negatives = [39.2, 39.3, 39.7, 41.4, 41.8, 42.9, 43.3, 45.8];
  const labels = [...positives.map(() => 1), ...negatives.map(() => 0)];
  const side = sideOf({ labels, candidate: [...positives, ...negatives] });
  check("binary", "ks", side, 0.625);
  expect(ksP(side.gap.distance, 8, 8)).toBeCloseTo(0.08702408702, 10);
});

describe("a million rows", () => {
  const { labels, candidate, baseline, weights } = million();
  const golden = reference.million;
  const sum = (values: Float64Array) => values.reduce((total, value) => total + value, 0);
  const sides = {
    candidate: sideOf({ labels, candidate }),
    baseline: sideOf({ labels, candidate: baseline }),
    weighted: sideOf({ labels, candidate }, { weights }),
  };

  it("are the same in Python and here", () => {
    expect(sum(labels)).toBe(golden.sums["labels"]);
    expect(sum(weights)).toBe(golden.sums["weights"]);
    expect(sum(candidate)).toBeCloseTo(golden.sums["candidate"] as number, 6);
    expect(sum(baseline)).toBeCloseTo(golden.sums["baseline"] as number, 6);
  });

  it.each(["candidate", "baseline", "weighted"] as const)(
    "of the %s have scikit-learn's figures",
    (which) => {
      for (const [name, value] of Object.entries(golden[which])) {
        const side = sides[which];
        // scikit-learn was given probabilities within 1e-6 of 0 and 1 as such, for it clips where we do not.
        const within = (score: number) => Math.min(1 - 1e-6, Math.max(1e-6, score));
        const scores = { labels, candidate: name === "log_loss" ? side.scores.map(within) : side.scores };
        const read = name === "log_loss" ? sideOf(scores, { weights: side.weights }) : side;
        const found = (estimatorFor("binary", name) as Estimator).value(read);
        expect(Math.abs(found - value), name).toBeLessThan(1e-10);
      }
    },
  );

  it("have the distance and DeLong's error of two models", () => {
    expect(sides.baseline.gap.distance).toBeCloseTo(golden.ks, 12);
    const { se } = (estimatorFor("binary", "auc") as Estimator).uncertainty(
      sides.candidate,
      sides.baseline,
      1,
      0,
    );
    expect(se / golden.delongSe).toBeCloseTo(1, 10);
  });
});
