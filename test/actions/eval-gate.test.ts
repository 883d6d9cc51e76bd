/** eval-gate as the runner runs it: built, with inputs as text, and outputs, summary and annotations as GitHub reads them. */
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { errorsOf } from "../runner/errors-of.ts";
import type { Job, PhaseResult } from "../runner/runner.ts";
import { evaluationSample, filesOf, fileWith, flights, models, newJob } from "./suite.ts";

let job: Job;
beforeAll(async () => {
  job = await newJob();
});
afterAll(() => job?.end());

const run = (inputs: Record<string, string>): Promise<PhaseResult> =>
  job.run({ action: "eval-gate", inputs });
const flights2 = {
  model: flights("flights-2.onnx"),
  baseline: flights("flights-1.onnx"),
  dataset: evaluationSample,
};

describe("a verdict", () => {
  it("passes a better model and leaves metrics, report and evidence", async () => {
    const done = await run({
      ...flights2,
      gates: "auc >= baseline - 0.01 [prove]\nlatency.p95 <= 50ms\nauc >= 0.65",
      slices: "origin",
    });
    expect(done.exitCode, done.raw).toBe(0);
    expect(done.outputs).toMatchObject({ verdict: "pass", passed: "true" });
    const { metrics, evidence, report } = filesOf(done);
    expect(metrics.candidate.auc).toBeCloseTo(0.686, 3);
    expect(metrics.baseline?.auc).toBeCloseTo(0.6778, 3);
    expect(metrics.candidate["auc{origin=JFK}"]).toBeCloseTo(0.6737, 3);
    expect(metrics.gates.map(({ verdict }) => verdict)).toEqual(["pass", "pass", "pass"]);
    expect(evidence.predicate.result).toBe("PASSED");
    expect(report).toContain("<svg");
    expect(report).not.toMatch(/<(?:script|link|img|iframe)|url\(/);
    expect(done.summary).toMatch(/flights-2 passed all 3 gates/);
    expect(done.summary).toMatch(/rows prove, 4 times in 5, that an equally good candidate is not worse by/);
    expect(done.refused).toEqual([]);
  });

  it("fails a worse model with exit code 1, an annotation a failed gate, and all its files", async () => {
    const done = await run({
      ...flights2,
      model: flights("flights-bad.onnx"),
      gates: "auc >= baseline - 0.01\nf1 >= baseline - 0.02",
    });
    expect(done.exitCode).toBe(1);
    expect(done.outputs).toMatchObject({ verdict: "fail", passed: "false" });
    expect(errorsOf(done)).toHaveLength(2);
    expect(errorsOf(done)[0]).toMatch(
      /^auc >= baseline - 0.01: auc is 0.594\d*, at least 0.6678 was asked for/,
    );
    expect(filesOf(done).evidence.predicate.failedTests).toHaveLength(2);
    expect(done.summary).toMatch(/^## ❌ .*flights-bad/);
  });

  it("is inconclusive, and not a pass, where the data cannot tell", async () => {
    const done = await run({ ...flights2, gates: "auc{carrier=ZZ} >= 0.5" });
    expect(done.exitCode).toBe(1);
    expect(done.outputs).toMatchObject({ verdict: "inconclusive", passed: "false" });
    expect(errorsOf(done)[0]).toMatch(/ZZ/);
  });

  it("reads CSV with the same result as Parquet", async () => {
    const gates = "auc >= baseline - 0.01\nf1 >= baseline - 0.02";
    const [parquet, csv] = [
      await run({ ...flights2, gates }),
      await run({ ...flights2, gates, dataset: flights("dataset_v20131231.csv") }),
    ];
    expect(filesOf(csv).metrics).toEqual(filesOf(parquet).metrics);
  });

  it("notes rows that a server would refuse", async () => {
    const [header = "", ...rows] = readFileSync(flights("dataset_v20131231.csv"), "utf8")
      .trimEnd()
      .split("\n");
    const month = header.split(",").indexOf("month");
    const broken = rows.slice(0, 500).map((row, index) => {
      const cells = row.split(",");
      if (index === 6) cells[month] = "13";
      return cells.join(",");
    });
    const dataset = fileWith("rows.csv", [header, ...broken].join("\n"));
    const done = await run({ ...flights2, dataset, gates: "auc >= 0.5" });
    expect(done.summary).toMatch(
      /1 row holds a .{0,10}month.{0,10} that the contract does not allow, row 7 the first/,
    );
  });

  it("compares with the metrics of an earlier run", async () => {
    const baseline = fileWith(
      "metrics.json",
      JSON.stringify({ schema: "ml-actions/metrics/v1", candidate: { auc: 0.9 } }),
    );
    const done = await run({ ...flights2, baseline, gates: "auc >= baseline - 0.01" });
    expect(done.outputs.verdict).toBe("fail");
    expect(errorsOf(done)[0]).toMatch(/at least 0.89 was asked for \(baseline 0.9\)/);
  });

  it("judges predictions that were made elsewhere", async () => {
    const done = await run({ predictions: flights("predictions_v20131231.csv"), threshold: "0.25" });
    expect(done.exitCode, done.raw).toBe(0);
    expect(filesOf(done).metrics.candidate.f1).toBeCloseTo(0.4158, 3);
  });

  it("judges a regression and a multiclass model", async () => {
    const regression = await run({
      model: models("delivery-2.onnx"),
      baseline: models("delivery-1.onnx"),
      dataset: models("delivery_v20240101.csv"),
      gates: "mae <= baseline\nr2 >= 0.1",
    });
    expect(regression.outputs.verdict, regression.raw).toBe("pass");
    const multiclass = await run({
      model: models("parcels-2.onnx"),
      baseline: models("parcels-1.onnx"),
      dataset: models("parcels_v20240101.jsonl"),
      gates: "accuracy >= baseline\nmacro_f1 >= 0.5",
    });
    expect(multiclass.outputs.verdict, multiclass.raw).toBe("pass");
  });

  it("weighs rows, and leaves those of weight 0 out", async () => {
    const rows = Array.from({ length: 400 }, (_, row) => {
      const late = row % 4 === 0;
      const wrong = row % 10 === 0;
      return `${Number(late)},${late !== wrong ? 0.9 : 0.1},${wrong ? 0 : 2}`;
    });
    const predictions = fileWith("p.csv", ["label,candidate,cost", ...rows].join("\n"));
    const plain = await run({ predictions, gates: "accuracy >= 0.5" });
    const weighed = await run({ predictions, gates: "accuracy >= 0.5", weight: "cost" });
    expect(filesOf(plain).metrics.candidate.accuracy).toBeCloseTo(0.9);
    expect(filesOf(weighed).metrics.candidate.accuracy, weighed.raw).toBe(1);
    const configurations = [plain, weighed].map((done) => filesOf(done).evidence.predicate.configuration);
    expect(configurations[0]).not.toEqual(configurations[1]);
  });

  it("ranks rows within their queries", async () => {
    const rows = Array.from(
      { length: 300 },
      (_, row) => `q${Math.floor(row / 5)},${row % 5},${row % 5},${-row}`,
    );
    const predictions = fileWith("p.csv", ["query,label,candidate,baseline", ...rows].join("\n"));
    const done = await run({ predictions, group: "query", gates: "ndcg@5 >= baseline\nmrr >= 0.9" });
    expect(done.outputs.verdict, done.raw).toBe("pass");
    expect(filesOf(done).metrics.candidate["ndcg@5"]).toBe(1);
  });

  it("needs no labels for gates on the answers alone", async () => {
    const [header = "", ...rows] = readFileSync(flights("dataset_v20131231.csv"), "utf8")
      .trimEnd()
      .split("\n");
    const label = header.split(",").indexOf("late");
    const without = [header, ...rows.slice(0, 2000)].map((row) =>
      row.split(",").toSpliced(label, 1).join(","),
    );
    const unlabelled = { ...flights2, dataset: fileWith("rows.csv", without.join("\n")) };
    const done = await run({ ...unlabelled, gates: "agreement >= 0.5\nscore_drift <= 0.2\nnan_rate <= 0" });
    expect(done.outputs.verdict, done.raw).toBe("pass");
    const asked = await run({ ...unlabelled, gates: "agreement >= 0.5\nauc >= 0.5" });
    expect(errorsOf(asked).join("\n")).toMatch(/no label column `late`/);
    const named = await run({ ...unlabelled, gates: "agreement >= 0.5", label: "late" });
    expect(errorsOf(named).join("\n")).toMatch(/no label column `late`/);
    const alone = await run({
      model: flights2.model,
      dataset: unlabelled.dataset,
      gates: "agreement >= 0.5",
    });
    expect(errorsOf(alone).join("\n")).toMatch(/no baseline/);
  });

  it("takes gates from delivery.yaml, and an input before those", async () => {
    const config = fileWith("delivery.yaml", "eval-gate:\n  gates:\n    - auc >= 0.99\n  threshold: 0.25\n");
    expect((await run({ ...flights2, config })).outputs.verdict).toBe("fail");
    expect((await run({ ...flights2, config, gates: "auc >= 0.6" })).outputs.verdict).toBe("pass");
  });
});

describe("a mistake is answered by one clear error, and the verdict stays inconclusive", () => {
  const csv = "label,candidate,baseline\n1,0.9,0.8\n0,0.2,0.3\n";
  /** 70,001 good rows, in more than one batch, then another one. */
  const longFile = (good: string, last: string) =>
    fileWith("long.csv", `w,g,label,candidate\n${`${good},1,0.5\n`.repeat(70_001)}${last},1,0.5\n`);
  const longSchema = () =>
    fileWith(
      "long.schema.json",
      JSON.stringify({
        schema: "ml-actions/dataset-schema/v1",
        columns: ["w", "g", "label", "candidate"].map((name) => ({ name, type: "number" })),
      }),
    );
  const cases: [string, () => Record<string, string>, RegExp][] = [
    ["nothing given", () => ({}), /`model` is missing/],
    ["a model that is not there", () => ({ ...flights2, model: "nowhere.onnx" }), /no such file/],
    [
      "a misspelt metric",
      () => ({ ...flights2, gates: "f2 >= 0.3\naucc >= 0.5" }),
      /aucc[\s\S]*\^[\s\S]*auc/,
    ],
    ["a gate the wrong way round", () => ({ ...flights2, gates: "auc <= 0.9" }), /auc/],
    ["a metric of another action", () => ({ ...flights2, gates: "error_rate <= 0.1" }), /error_rate/],
    [
      "the candidate as its own baseline",
      () => ({ ...flights2, baseline: flights("flights-2.onnx") }),
      /the same model/,
    ],
    [
      "no baseline for a gate that compares",
      () => ({ model: flights2.model, dataset: evaluationSample }),
      /no baseline/,
    ],
    ["a baseline of no known kind", () => ({ ...flights2, baseline: "main" }), /neither an ONNX file/],
    ["a truncated model", () => ({ ...flights2, model: models("truncated.onnx") }), /truncated/],
    ["another model's contract", () => ({ ...flights2, baseline: models("parcels-1.onnx") }), /contract/],
    [
      "a label that is not there",
      () => ({ ...flights2, label: "late_arrival" }),
      /no label column `late_arrival`/,
    ],
    [
      "weights that are not there",
      () => ({ ...flights2, weight: "cost" }),
      /no column `cost`[\s\S]*input `weight`/,
    ],
    [
      "a weight below 0",
      () => ({ predictions: longFile("3,2", "-3,2"), weight: "w", gates: "auc >= 0.5" }),
      /has -3 in row 70,002/,
    ],
    [
      "a row without a query",
      () => ({ predictions: longFile("3,2", "3,"), group: "g", gates: "mrr >= 0.5" }),
      /row 70,002/,
    ],
    [
      "a cell that is no number, far down",
      () => ({ predictions: longFile("3,2", "3,two"), schema: longSchema(), gates: "auc >= 0.5" }),
      /row 70,002, column "g": is "two"/,
    ],
    [
      "queries for a model of classes",
      () => ({
        model: models("parcels-2.onnx"),
        dataset: models("parcels_v20240101.jsonl"),
        group: "size",
        gates: "mrr >= 0.1",
      }),
      /multiclass model: it gives no one score/,
    ],
    ["nothing deployed", () => ({ ...flights2, baseline: "deployed" }), /no baseline/],
    ["an empty dataset", () => ({ ...flights2, dataset: fileWith("empty.csv", "") }), /empty/i],
    [
      "a dataset of another kind",
      () => ({ ...flights2, dataset: fileWith("data.xlsx", "PK\u0003\u0004") }),
      /csv/i,
    ],
    [
      "predictions and models at once",
      () => ({ ...flights2, predictions: fileWith("p.csv", csv) }),
      /beside `predictions`/,
    ],
    [
      "predictions without scores",
      () => ({ predictions: fileWith("p.csv", "label,score\n1,0.5\n0,0.1\n") }),
      /no column `candidate`/,
    ],
    [
      "a confidence of 95",
      () => ({ ...flights2, confidence: "95" }),
      /`confidence`: expected a number from 0.5/,
    ],
    ["hostile text", () => ({ ...flights2, gates: "auc\n::set-output name=passed::true\n" }), /expected/i],
    [
      "a config with a typing error",
      () => ({ ...flights2, config: fileWith("delivery.yaml", "eval-gate:\n  gate: auc >= 0.5\n") }),
      /gates/,
    ],
  ];
  it.for(cases)("%s", async ([, inputs, expected]) => {
    const done = await run(inputs());
    expect(done.exitCode, done.raw).toBe(1);
    expect(errorsOf(done).join("\n")).toMatch(expected);
    expect(["inconclusive", "fail"]).toContain(done.outputs.verdict);
    expect(done.outputs.passed).toBe("false");
    expect(done.raw).not.toMatch(/this is a bug/i);
    expect(done.raw).not.toMatch(/^\s+at .*\.js:\d+/m);
  });

  it("a missing score fails by name, whatever the gate", async () => {
    const predictions = fileWith(
      "p.csv",
      `label,candidate,baseline\n${"1,0.9,0.8\n0,0.2,0.3\n".repeat(200)}1,NaN,0.8\n`,
    );
    const done = await run({ predictions, gates: "auc >= 0.5" });
    expect(done.outputs.verdict).toBe("fail");
    expect(errorsOf(done)[0]).toMatch(/NaN|not a number/);
  });
});
