/** deploy, shadow and rollback on the target `local`, as the runner runs them. */
import { appendFileSync, readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { liveRequests } from "../demo/live-requests.ts";
import { errorsOf } from "../runner/errors-of.ts";
import { freePort } from "../runner/free-port.ts";
import type { Job, PhaseResult } from "../runner/runner.ts";
import { Traffic } from "../traffic/traffic.ts";
import { evaluationSample, filesOf, fileWith, flights, models, newJob } from "./suite.ts";

let job: Job;
let port: number;
let traffic: Traffic;
const labels = fileWith("labels.csv", "request_id,label\n");
const quickly = { resource: "flights", steps: "50, 100", interval: "200ms", "step-timeout": "60s" };
const gates = "error_rate <= 0.2\nnan_rate <= 0.02";

const deploy = (candidate: string, inputs: Record<string, string> = {}): Promise<PhaseResult> =>
  job.run({
    action: "deploy",
    inputs: {
      ...quickly,
      gates,
      "local-port": String(port),
      candidate: flights(`${candidate}.onnx`),
      ...inputs,
    },
  });

beforeAll(async () => {
  job = await newJob();
  port = await freePort();
  const requests = await liveRequests(flights(""));
  traffic = new Traffic({ url: `http://127.0.0.1:${port}`, requests, perSecond: 150, labelsFile: labels });
});
afterAll(async () => {
  await traffic?.stop();
  await job?.end();
});

describe("before anything is deployed", () => {
  it("shadow and rollback say that nothing is there", async () => {
    for (const step of [
      { action: "shadow", inputs: { resource: "flights", candidate: flights("flights-2.onnx") } },
      { action: "rollback", inputs: { resource: "flights" } },
    ]) {
      const done = await job.run(step);
      expect(done.exitCode).toBe(1);
      expect(errorsOf(done).join()).toMatch(/Nothing is deployed as `flights`[\s\S]*deploy/);
    }
  });
});

describe("the life of a resource", () => {
  it("begins with a first release, which had nothing to be compared with", async () => {
    const done = await deploy("flights-1");
    expect(done.exitCode, done.raw).toBe(0);
    expect(done.outputs).toMatchObject({ stage: "promoted", verdict: "inconclusive" });
    expect(done.summary).toMatch(/first release/);
    expect(done.raw).toMatch(/::notice.*carries no evidence/);
    expect(done.env.ML_ACTIONS_LOCAL_STATE).toBeTruthy();
    traffic.start();
  });

  it("is a baseline that eval-gate finds by itself", async () => {
    const inputs = {
      model: flights("flights-2.onnx"),
      dataset: evaluationSample,
      baseline: "deployed",
      gates: "auc >= baseline - 0.01",
    };
    const done = await job.run({ action: "eval-gate", inputs });
    expect(done.outputs.verdict, done.raw).toBe("pass");
    expect(filesOf(done).metrics.baseline?.auc).toBeCloseTo(0.6778, 3);
  });

  it("compares a candidate in its shadow", async () => {
    const done = await job.run({
      action: "shadow",
      inputs: {
        resource: "flights",
        candidate: flights("flights-2.onnx"),
        labels,
        gates: "auc >= baseline - 0.05\nnan_rate <= 0.01\nerror_rate <= 0.05",
        "min-samples": "300",
        duration: "60s",
      },
    });
    expect(done.exitCode, done.raw).toBe(0);
    expect(done.outputs).toMatchObject({ verdict: "pass", passed: "true" });
    const { metrics, evidence } = filesOf(done);
    expect(metrics.candidate.auc).toBeGreaterThan(0.6);
    expect(evidence.predicate.result).toBe("PASSED");
    expect(traffic.models.has("flights-2")).toBe(false);
  });

  it("promotes a good candidate", async () => {
    const done = await deploy("flights-2");
    expect(done.exitCode, done.raw).toBe(0);
    expect(done.outputs).toMatchObject({ stage: "promoted", verdict: "pass" });
    const { metrics, report } = filesOf(done);
    expect(metrics.steps?.map(({ weight }) => weight)).toEqual([50, 100]);
    expect(metrics.steps?.[0]?.requests.candidate).toBeGreaterThan(0);
    expect(report).toContain("<svg");
    expect(done.raw).toMatch(/50 % █████/);
  });

  it("does nothing for the release that serves already", async () => {
    const done = await deploy("flights-2");
    expect(done.exitCode, done.raw).toBe(0);
    expect(done.raw).toMatch(/already/);
  });

  it("takes a treacherous candidate back, and names the gate", async () => {
    const done = await deploy("flights-treacherous");
    expect(done.exitCode).toBe(1);
    expect(done.outputs).toMatchObject({ stage: "restored", verdict: "fail" });
    expect(errorsOf(done).join()).toMatch(/nan_rate/);
    expect(done.summary).toMatch(/taken back/);
    expect(filesOf(done).evidence.predicate.result).toBe("FAILED");
  });

  it("holds a candidate that comes to no verdict, if asked to, and restores it otherwise", async () => {
    const undecided = { gates: "error_rate <= 0.000001", "step-timeout": "2s" };
    const held = await deploy("flights-treacherous", { ...undecided, "on-inconclusive": "hold" });
    expect(held.outputs, held.raw).toMatchObject({ stage: "held", verdict: "inconclusive" });
    expect(held.exitCode).toBe(1);
    const restored = await deploy("flights-1", undecided);
    expect(restored.outputs, restored.raw).toMatchObject({ stage: "restored", verdict: "inconclusive" });
  });

  it("takes the candidate back when the run is cancelled", async () => {
    const done = await job.run({
      action: "deploy",
      inputs: {
        ...quickly,
        gates: "error_rate <= 0.000001",
        "local-port": String(port),
        candidate: flights("flights-1.onnx"),
      },
      interrupt: { how: "cancel", when: (running) => running.line(/50 %/) },
    });
    expect(done.outputs, done.raw).toMatchObject({ stage: "restored" });
    expect(done.killed).toBe("cancel");
  });

  it("replays recorded requests to both on the runner alone", async () => {
    const lines = readFileSync(flights("live_v20131231.jsonl"), "utf8").split("\n").slice(0, 400);
    const requests = fileWith("requests.jsonl", "");
    for (const line of lines) {
      const { request_id, instance } = JSON.parse(line);
      appendFileSync(requests, `${JSON.stringify({ request_id, instances: [instance] })}\n`);
    }
    const done = await job.run({
      action: "shadow",
      inputs: {
        resource: "flights",
        candidate: flights("flights-treacherous.onnx"),
        mode: "replay",
        requests,
        labels: flights("live_v20131231.labels.csv"),
        gates: "nan_rate <= 0.001\nauc >= 0.5",
        "min-samples": "300",
      },
    });
    expect(done.outputs, done.raw).toMatchObject({ verdict: "fail", passed: "false" });
    expect(errorsOf(done).join("\n")).toMatch(/nan_rate/);
  });

  it("goes back to the release before, and to one by its digest", async () => {
    const back = await job.run({ action: "rollback", inputs: { resource: "flights" } });
    expect(back.exitCode, back.raw).toBe(0);
    expect(back.summary).toMatch(/flights-1/);
    const digest = back.outputs.restored as string;
    const again = await job.run({ action: "rollback", inputs: { resource: "flights", to: "previous" } });
    expect(again.summary).toMatch(/flights-2/);
    const byDigest = await job.run({ action: "rollback", inputs: { resource: "flights", to: digest } });
    expect(byDigest.outputs.restored).toBe(digest);
  });

  it("lost no request of its users in all of this", async () => {
    await traffic.stop();
    expect(traffic.failures).toEqual([]);
    expect(traffic.answered).toBeGreaterThan(1000);
  });
});

describe("a mistake is answered by one clear error, and nothing is moved", () => {
  const cases: [string, string, Record<string, string>, RegExp][] = [
    ["a gate that live counts cannot answer", "deploy", { gates: "auc >= 0.7" }, /auc/],
    ["steps that fall", "deploy", { steps: "50, 10" }, /steps.*rising/],
    ["a model without a contract", "deploy", { candidate: fileWith("lonely.onnx", "x") }, /no contract file/],
    ["a truncated model", "deploy", { candidate: models("truncated.onnx") }, /truncated|parcels/],
    ["a resource's name that is a path", "deploy", { resource: "../../etc" }, /resource.*expected a name/],
    ["a target that is not there", "deploy", { target: "kubernetes" }, /target.*local/],
    ["a digest that is none", "rollback", { to: "sha256:1234" }, /to.*previous/],
    [
      "a digest that was never stable",
      "rollback",
      { to: `sha256:${"0".repeat(64)}` },
      /has been stable here/,
    ],
    ["replay without requests", "shadow", { mode: "replay" }, /requests.*missing/],
    [
      "requests that are no JSON",
      "shadow",
      { mode: "replay", requests: fileWith("r.jsonl", "{\n") },
      /line 1/,
    ],
  ];
  it.for(cases)("%s", async ([, action, inputs, expected]) => {
    const given =
      action === "rollback"
        ? { resource: "flights" }
        : { resource: "flights", candidate: flights("flights-2.onnx") };
    const more: Record<string, string> =
      action === "deploy" ? { "local-port": String(port), interval: "1s", "step-timeout": "5s" } : {};
    const done = await job.run({ action, inputs: { ...given, ...more, ...inputs } });
    expect(done.exitCode, done.raw).toBe(1);
    expect(errorsOf(done).join("\n")).toMatch(expected);
    expect(done.raw).not.toMatch(/this is a bug/i);
  });
});
