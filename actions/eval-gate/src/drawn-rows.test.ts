import type { Evaluation } from "@ml-actions/gates/evaluate";
import { describe, expect, it } from "vitest";
import { drawnRows } from "./drawn-rows.ts";

const rows = 10_000;
const own = Float64Array.from({ length: rows }, (_, row) => row);
const evaluation: Evaluation = { task: "binary", labels: own, candidate: own, threshold: 0.5 };

describe("the rows that are drawn", () => {
  it("are all of them up to the limit", () => {
    expect(drawnRows(evaluation)).toEqual({ rows: evaluation, note: null });
    expect(drawnRows(evaluation, rows).rows).toBe(evaluation);
  });

  it("are one of every stretch, and the same rows of every column", () => {
    const classes = ["a", "b", "c"];
    const candidate = Float64Array.from({ length: 3 * rows }, (_, place) => place);
    const drawn = drawnRows({ ...evaluation, classes, candidate, baseline: candidate, weights: own }, 100);
    const places = drawn.rows.labels;
    expect([...places].map((row) => Math.floor(row / 100))).toEqual([...places.keys()]);
    expect(new Set(places.map((row) => row % 2))).toEqual(new Set([0, 1]));
    expect(drawn.rows.weights).toEqual(places);
    const triples = [...places].flatMap((row) => [3 * row, 3 * row + 1, 3 * row + 2]);
    expect(drawn.rows.candidate).toEqual(Float64Array.from(triples));
    expect(drawn.rows.baseline).toEqual(drawn.rows.candidate);
    expect(drawn.note).toMatch(/100 rows spread evenly over all 10,000/);
  });

  it("keep a baseline of metrics, and whole queries", () => {
    const metrics = { metrics: { auc: 0.7 } };
    expect(drawnRows({ ...evaluation, baseline: metrics }, 100).rows.baseline).toBe(metrics);
    const ranking = { ...evaluation, groups: new Int32Array(rows) };
    expect(drawnRows(ranking, 100)).toEqual({ rows: ranking, note: null });
  });
});
