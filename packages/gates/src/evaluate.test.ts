import { describe, expect, it } from "vitest";
import { GatesError } from "./error.ts";
import { rankers } from "./evaluate/models.testing.ts";
import { usual, verdictOf, verdicts } from "./evaluate/verdicts.testing.ts";
import { type Evaluation, evaluate } from "./evaluate.ts";
import { parseGates } from "./language.ts";

describe("other tasks", () => {
  it("several classes", () => {
    const labels = Float64Array.from({ length: 300 }, (_, i) => i % 3);
    const candidate = Float64Array.from({ length: 900 }, (_, i) =>
      (i % 3 === Math.floor(i / 3) % 3) !== (i % 17 === 0) ? 0.8 : 0.1,
    );
    const result = evaluate(
      parseGates("accuracy >= baseline - 0.1\nmacro_f1 >= 0.5\ntop2_accuracy >= 0.7"),
      {
        task: "multiclass",
        classes: ["a", "b", "c"],
        labels,
        candidate,
        baseline: candidate,
        threshold: 0.5,
      },
      { rule: "prove", confidence: 0.95 },
    );
    expect(result.verdicts.map(({ verdict }) => verdict)).toEqual(["pass", "pass", "pass"]);
    expect(Object.keys(result.candidate)).toEqual([
      "accuracy",
      "balanced_accuracy",
      "log_loss",
      "macro_f1",
      "weighted_f1",
      "micro_f1",
      "macro_precision",
      "macro_recall",
      "weighted_precision",
      "weighted_recall",
      "agreement",
      "score_drift",
      "nan_rate",
      "top2_accuracy",
    ]);
  });

  it("values, where huge ones are undefined and not infinite", () => {
    const labels = Float64Array.from({ length: 200 }, (_, i) => 10 + (i % 7));
    const candidate = labels.map((label, i) => label + (i % 3) - 1);
    const values = {
      task: "regression",
      labels,
      candidate,
      baseline: labels.map((label, i) => label + ((i % 5) - 2)),
      threshold: 0,
    } as const;
    const found = verdicts("rmse <= baseline * 1.1\nmae <= 0.9\nr2 >= 0.5\nmape <= 10%", values, {
      rule: "prove",
      confidence: 0.95,
    });
    expect(found.map(({ verdict }) => verdict)).toEqual(["pass", "pass", "pass", "pass"]);
    expect(verdictOf("rmse <= 3", { ...values, candidate: candidate.map(() => 1e300) })).toMatchObject({
      verdict: "inconclusive",
    });
  });
});

describe("refused", () => {
  const rows = rankers(50, 10);

  it.each([
    ["fewer scores than labels", { ...rows, candidate: rows.candidate.subarray(1) }, "the candidate has 49"],
    ["a label that is no class", { ...rows, labels: rows.labels.with(6, 2) }, "the label of row 7 is 2"],
    ["a threshold that is no number", { ...rows, threshold: Number.NaN }, "the threshold is NaN"],
    [
      "codes beyond the names",
      { ...rows, slices: { a: { codes: new Int32Array(50).fill(3), names: ["x"] } } },
      "code 3 in row 1",
    ],
    ["one class", { ...rows, task: "multiclass", classes: ["a"] }, "at least 2 classes"],
  ] as const)("%s", (_, evaluation, message) => {
    expect(() => evaluate([], evaluation as Evaluation, usual)).toThrow(message);
    expect(() => evaluate([], evaluation as Evaluation, usual)).toThrow(GatesError);
  });

  it("gates on metrics of other tasks and actions, all at once, with those that can be had", () => {
    const call = () => verdicts("rmse <= 3\npsi <= 0.2\nerror_rate <= 1%\nf1 >= 0.1", rows);
    expect(call).toThrow("3 gates ask");
    expect(call).toThrow(
      /rmse is for regression models.*psi belongs to drift.*error_rate belongs to deploy and shadow/s,
    );
  });

  it("a confidence in percent", () => {
    expect(() => evaluate([], rows, { rule: "prove", confidence: 95 })).toThrow("from 0.5 to below 1");
  });
});

it("has the same result every time, and every number in it is one", () => {
  const rows = rankers(500, 11);
  const gates = parseGates(
    "f1 >= baseline - 0.02\nks >= 0.1\nece <= 0.5\nauc >= baseline\nlatency.p50 <= 3ms",
  );
  const result = evaluate(gates, rows, usual);
  expect(evaluate(gates, { ...rows, candidate: rows.candidate.slice() }, usual)).toEqual(result);
  expect(JSON.parse(JSON.stringify(result))).toEqual(result);
  expect(evaluate(gates, rows, { ...usual, seed: 5 }).verdicts[0]?.interval).not.toEqual(
    result.verdicts[0]?.interval,
  );
});

it("judges a million rows with one F1 and one AUC gate in a few seconds", () => {
  const rows = rankers(1_000_000, 12);
  const started = performance.now();
  const found = verdicts("f1 >= baseline - 0.02\nauc >= baseline - 0.01", rows, {
    rule: "prove",
    confidence: 0.95,
  });
  expect(found.map(({ verdict }) => verdict)).toEqual(["pass", "pass"]);
  // About a second on an idle machine; the limit only catches another order of growth.
  expect(performance.now() - started).toBeLessThan(15_000);
});

describe("columns that are given to slice by", () => {
  const labels = Float64Array.from({ length: 200 }, (_, i) => (i % 4 === 0 ? 1 : 0));
  const candidate = labels.map((label, i) => (label + (i % 10)) / 12);
  // 150 rows of a, 40 of b, 10 of c.
  const codes = Int32Array.from({ length: 200 }, (_, i) => (i < 150 ? 0 : i < 190 ? 1 : 2));
  const evaluation: Evaluation = {
    task: "binary",
    labels,
    candidate,
    threshold: 0.5,
    slices: { city: { codes, names: ["a", "b", "c"] } },
  };
  const read = (gate: string) =>
    Object.keys(
      evaluate(parseGates(gate), evaluation, { rule: "estimate", confidence: 0.95 }).candidate,
    ).filter((name) => name.includes("{"));

  it("are read by the metrics that the gates speak of, small slices left out", () => {
    expect(read("f1 >= 0.1")).toEqual(["f1{city=a}", "f1{city=b}"]);
  });

  it("are read by the task's first metric when the gates speak of none", () => {
    expect(read("nan_rate <= 0.1")).toEqual(["accuracy{city=a}", "accuracy{city=b}"]);
  });
});
