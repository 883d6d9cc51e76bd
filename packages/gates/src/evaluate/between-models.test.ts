import { describe, expect, it } from "vitest";
import { evaluate } from "../evaluate.ts";
import { xoshiro128 } from "../random/xoshiro.ts";
import { rankers } from "./models.testing.ts";
import { spoilt, usual, verdictOf, verdicts } from "./verdicts.testing.ts";

const gates = "agreement >= 0.7\nscore_drift <= 0.2";

describe("agreement and score drift", () => {
  const rows = rankers(2000, 4);

  it("need no labels", () => {
    const unlabelled = { ...rows, labels: rows.labels.map(() => Number.NaN) };
    const [labelled, without] = [verdicts(gates, rows), verdicts(gates, unlabelled)];
    expect(without.map(({ verdict }) => verdict)).toEqual(["pass", "pass"]);
    expect(without).toEqual(labelled);
    expect(Object.keys(evaluate([], unlabelled, usual).candidate)).toEqual([
      "agreement",
      "score_drift",
      "nan_rate",
    ]);
  });

  it("are counted by hand", () => {
    const evaluation = {
      task: "binary",
      threshold: 0.5,
      labels: new Float64Array(4).fill(Number.NaN),
      candidate: Float64Array.of(0.9, 0.6, 0.2, 0.1),
      baseline: Float64Array.of(0.4, 0.6, 0.2, 0.1),
    } as const;
    const { candidate, baseline } = evaluate([], evaluation, usual);
    expect(candidate).toMatchObject({ agreement: 0.75, score_drift: 0.25 });
    expect(baseline).toEqual({ nan_rate: 0 });
    // The row on which they differ weighs 3 of 6.
    const weighted = { ...evaluation, weights: Float64Array.of(3, 1, 1, 1) };
    expect(evaluate([], weighted, usual).candidate).toMatchObject({ agreement: 0.5, score_drift: 0.5 });
  });

  it("fail by proof for another model, and not for chance", () => {
    const random = xoshiro128(2);
    const other = { ...rows, candidate: rows.candidate.map(() => random.uniform() ** 3) };
    expect(verdicts(gates, other).map(({ verdict }) => verdict)).toEqual(["fail", "fail"]);
    expect(verdictOf("score_drift <= 0.001 [refute]", rankers(300, 5)).verdict).toBe("pass");
  });

  it("without the baseline's scores are inconclusive, with NaN fail", () => {
    const { baseline: _, ...alone } = rows;
    for (const verdict of verdicts(gates, alone)) {
      expect(verdict.verdict).toBe("inconclusive");
      expect(verdict.reason).toContain("the baseline's scores of the same rows, and there are none");
    }
    const holed = { ...rows, candidate: spoilt(rows.candidate, Number.NaN, 3) };
    expect(verdicts(gates, holed).map(({ verdict }) => verdict)).toEqual(["fail", "fail"]);
    const against = verdictOf("agreement >= 0.7", {
      ...rows,
      baseline: spoilt(rows.baseline, Number.NaN, 3),
    });
    expect(against).toMatchObject({ verdict: "inconclusive" });
    expect(against.reason).toContain("of the baseline, 3 of 2,000 scores are NaN");
  });

  it("cannot be asked for against the baseline's own", () => {
    expect(() => verdicts("agreement >= baseline - 0.1", rows)).toThrow("expected a number");
  });
});

describe("weights", () => {
  const rows = rankers(400, 6);

  it("of 0 leave a row out, even one whose score is NaN", () => {
    const weights = rows.labels.map((_, row) => (row < 100 ? 0 : 2));
    const holed = { ...rows, candidate: rows.candidate.with(0, Number.NaN), weights };
    const rest = {
      ...rows,
      labels: rows.labels.subarray(100),
      candidate: holed.candidate.subarray(100),
      baseline: rows.baseline.subarray(100),
    };
    const found = evaluate([], holed, usual);
    const expected = evaluate([], rest, usual).candidate;
    expect(Object.keys(found.candidate)).toEqual(Object.keys(expected));
    for (const [metric, value] of Object.entries(expected)) {
      expect(found.candidate[metric]).toBeCloseTo(value, 12);
    }
  });

  it("make rows worth less: 400 of which one weighs most are too few to judge by", () => {
    const weights = rows.labels.map((_, row) => (row === 5 ? 1000 : 1));
    const verdict = verdictOf("auc >= 0.5", { ...rows, weights });
    expect(verdict).toMatchObject({ verdict: "inconclusive", n: 1 });
  });

  it.each([
    ["NaN", (w: Float64Array) => w.fill(Number.NaN, 3, 4), "the weight of row 4 is NaN"],
    ["negative", (w: Float64Array) => w.fill(-1, 7, 8), "the weight of row 8 is -1"],
    ["infinite", (w: Float64Array) => w.fill(Infinity, 0, 1), "the weight of row 1 is Infinity"],
    ["all 0", (w: Float64Array) => w.fill(0), "all weights are 0"],
    ["too few", (w: Float64Array) => w.subarray(1), "400 labels need as many weights, there are 399"],
  ])("that are %s are refused by name", (_, change, message) => {
    const weights = change(new Float64Array(400).fill(1)) as Float64Array;
    expect(() => evaluate([], { ...rows, weights }, usual)).toThrow(message);
  });
});

describe("a ranking", () => {
  const random = xoshiro128(3);
  const n = 300;
  const evaluation = {
    task: "ranking",
    threshold: 0,
    labels: Float64Array.from({ length: n }, () => Math.floor(random.uniform() * 4)),
    groups: Int32Array.from({ length: n }, (_, row) => row % 50),
  } as const;
  const scores = (by: number) => evaluation.labels.map((label) => label + by * random.uniform());
  const both = { ...evaluation, candidate: scores(2), baseline: scores(3) };

  it("is judged over its queries", () => {
    const found = verdicts("ndcg@10 >= 0.7\nmrr >= baseline - 0.2\nndcg@3 >= baseline - 0.1", both);
    expect(found.map(({ verdict, n: queries }) => [verdict, queries])).toEqual([
      ["pass", 50],
      ["pass", 50],
      ["pass", 50],
    ]);
    expect(Object.keys(evaluate([], both, usual).candidate)).toEqual([
      "ndcg@10",
      "mrr",
      "score_drift",
      "nan_rate",
    ]);
  });

  it("needs groups, relevance from 0 on, and one weight a query", () => {
    const { groups: _, ...rest } = both;
    expect(() => evaluate([], rest, usual)).toThrow("needs as many groups");
    expect(() => evaluate([], { ...both, labels: both.labels.with(4, -1) }, usual)).toThrow(
      "the label of row 5 is -1, expected a finite number from 0 on",
    );
    const weights = new Float64Array(n).fill(1).with(50, 2);
    expect(() => evaluate([], { ...both, weights }, usual)).toThrow(
      "row 51 weighs 2 and an earlier row of its query 1",
    );
  });
});
