import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { catalog, namesFor } from "../catalog.ts";
import type { Task } from "../types.ts";
import { estimatorFor } from "./registry.ts";
import { type Estimator, Side } from "./side.ts";

const tasks: readonly Task[] = ["binary", "multiclass", "regression", "ranking"];
const everyEstimator = tasks.flatMap((task) =>
  namesFor({ place: "offline", task })
    .map((name) => catalog.find((entry) => entry.name === name)?.family?.example ?? name)
    .flatMap((name) => {
      const estimator = estimatorFor(task, name);
      return estimator === undefined ? [] : [{ task, name, estimator }];
    }),
);

interface Row {
  label: number;
  scores: number[];
  weight: number;
  query: number;
}

const width: Record<Task, number> = { binary: 1, multiclass: 4, regression: 1, ranking: 1 };

function rowsOf(task: Task): fc.Arbitrary<Row[]> {
  // Tenths, so that there are ties within and across classes.
  const score = fc.nat(10).map((tenths) => tenths / 10);
  const label = task === "binary" ? fc.nat(1) : task === "multiclass" ? fc.nat(3) : fc.nat(4);
  const row = fc.record({
    label: task === "regression" ? label.map((value) => value + 1) : label,
    scores: fc.array(score, { minLength: width[task], maxLength: width[task] }),
    weight: fc.integer({ min: 1, max: 4 }),
    query: fc.nat(6),
  });
  return fc
    .array(row, { minLength: 5, maxLength: 60 })
    .map((rows) =>
      task === "ranking" ? rows.map((one) => ({ ...one, weight: 1 + (one.query % 3) })) : rows,
    );
}

function sideOf(task: Task, rows: readonly Row[], weighted: boolean): Side {
  return new Side({
    labels: Float64Array.from(rows, ({ label }) => label),
    scores: Float64Array.from(rows.flatMap(({ scores }) => scores)),
    classes: { binary: 2, multiclass: 4, regression: 0, ranking: 0 }[task],
    threshold: 0.5,
    weights: weighted ? Float64Array.from(rows, ({ weight }) => weight) : null,
    groups: Int32Array.from(rows, ({ query }) => query),
  });
}

/** Rows as often as they weigh; of a ranking the whole query as often, under numbers of its own. */
function repeated(task: Task, rows: readonly Row[]): Row[] {
  return rows.flatMap((row) =>
    Array.from({ length: row.weight }, (_, copy) => ({
      ...row,
      weight: 1,
      query: task === "ranking" ? row.query + 100 * copy : row.query,
    })),
  );
}

function same(estimator: Estimator, a: Side, b: Side): void {
  expect(estimator.undefinedFor(a)).toBe(estimator.undefinedFor(b));
  if (estimator.undefinedFor(a) === undefined) {
    const [valueOfA, valueOfB] = [estimator.value(a), estimator.value(b)];
    expect(Math.abs(valueOfA - valueOfB)).toBeLessThan(1e-10 * Math.max(1, Math.abs(valueOfA)));
  }
}

describe.each(everyEstimator)("$task $name", ({ task, estimator }) => {
  it("has for weights the value of rows as often as they weigh", () => {
    fc.assert(
      fc.property(rowsOf(task), (rows) => {
        same(estimator, sideOf(task, rows, true), sideOf(task, repeated(task, rows), false));
      }),
      { seed: 3, numRuns: 60 },
    );
  });

  it("has the same value whatever the order of the rows, and a finite error or none", () => {
    fc.assert(
      fc.property(rowsOf(task), fc.infiniteStream(fc.nat(1000)), (rows, keys) => {
        const moved = rows
          .map((row) => ({ row, key: keys.next().value as number }))
          .sort((a, b) => a.key - b.key)
          .map(({ row }) => row);
        const [side, other] = [sideOf(task, rows, true), sideOf(task, moved, true)];
        same(estimator, side, other);
        if (estimator.undefinedFor(side) === undefined) {
          const { low, high } = estimator.uncertainty(side, null, 1, 0).at(0.95);
          expect(low).toBeLessThanOrEqual(estimator.value(side) + 1e-9);
          expect(high).toBeGreaterThanOrEqual(estimator.value(side) - 1e-9);
        }
      }),
      { seed: 4, numRuns: 25 },
    );
  });
});

describe("when labels and scores change sides", () => {
  const swapped = (rows: readonly Row[]): Row[] =>
    rows.map((row) => ({ ...row, label: 1 - row.label, scores: row.scores.map((score) => 1 - score) }));
  const value = (name: string, rows: readonly Row[]): number =>
    (estimatorFor("binary", name) as Estimator).value(sideOf("binary", rows, true));
  const bothClasses = rowsOf("binary").filter(
    (rows) => rows.some(({ label }) => label === 1) && rows.some(({ label }) => label === 0),
  );

  it("labels alone turn the AUC into 1 − AUC and leave KS", () => {
    fc.assert(
      fc.property(bothClasses, (rows) => {
        const turned = rows.map((row) => ({ ...row, label: 1 - row.label }));
        expect(value("auc", turned)).toBeCloseTo(1 - value("auc", rows), 12);
        expect(value("ks", turned)).toBeCloseTo(value("ks", rows), 12);
      }),
      { seed: 5, numRuns: 100 },
    );
  });

  it("both leave AUC, KS, Brier and log loss as they are", () => {
    fc.assert(
      fc.property(bothClasses, (rows) => {
        for (const name of ["auc", "ks", "brier", "log_loss"]) {
          expect(value(name, swapped(rows))).toBeCloseTo(value(name, rows), 10);
        }
      }),
      { seed: 6, numRuns: 100 },
    );
  });

  it("recall and specificity change places, accuracy and MCC stay, off the threshold", () => {
    const offThreshold = bothClasses.map((rows) =>
      rows.map((row) => ({ ...row, scores: row.scores.map((score) => (score === 0.5 ? 0.6 : score)) })),
    );
    fc.assert(
      fc.property(offThreshold, (rows) => {
        expect(value("recall", swapped(rows))).toBeCloseTo(value("specificity", rows), 12);
        for (const name of ["accuracy", "balanced_accuracy", "mcc"]) {
          expect(value(name, swapped(rows))).toBeCloseTo(value(name, rows), 12);
        }
      }),
      { seed: 7, numRuns: 100 },
    );
  });
});
