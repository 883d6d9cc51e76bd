/** One good result, for tests of this package. */
import type { Verdict } from "@ml-actions/gates/types";
import type { TestResultInput } from "./statement.ts";

export function verdict(changes: Partial<Verdict> = {}): Verdict {
  return {
    gate: "f1 >= baseline - 0.02",
    metric: "f1",
    verdict: "pass",
    rule: "estimate",
    observed: 0.412,
    baseline: 0.405,
    bound: 0.385,
    interval: [0.398, 0.426],
    n: 20_000,
    reason: "f1 is 0.412, at least 0.385 is allowed.",
    ...changes,
  };
}

export function testResult(changes: Partial<TestResultInput> = {}): TestResultInput {
  return {
    kind: "eval",
    subject: { name: "flights-2", digest: `sha256:${"2".repeat(64)}` },
    verdicts: [
      verdict(),
      verdict({ gate: "f1{carrier=UA} >= 0.3", metric: "f1{carrier=UA}", baseline: null }),
    ],
    rule: "estimate",
    confidence: 0.95,
    configuration: [{ name: "gates", digest: `sha256:${"c".repeat(64)}` }],
    metrics: { candidate: { f1: 0.412, "f1{carrier=UA}": 0.39 }, baseline: { f1: 0.405 } },
    dataset: { name: "dataset_v20131231", version: "20131231", digest: `sha256:${"d".repeat(64)}` },
    tool: "ml-actions 0.1.0",
    startedAt: Date.UTC(2026, 10, 22, 12, 0, 0),
    finishedAt: Date.UTC(2026, 10, 22, 12, 1, 44),
    runUrl: "https://github.com/example/flights/actions/runs/1",
    ...changes,
  };
}
