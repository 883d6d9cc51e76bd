/** drift as the runner runs it: built, with real receivers of alerts and a stand-in for GitHub on 127.0.0.1. */
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type FakeGitHub, type Received, startFakeGitHub } from "@ml-actions/github/testing/github";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Receiver, startReceiver, status } from "../../actions/drift/src/testing/receiver.ts";
import { errorsOf } from "../runner/errors-of.ts";
import type { Job, PhaseResult } from "../runner/runner.ts";
import { predictions, samples, weather } from "./drift-data.ts";
import { filesOf, fileWith, flights, newJob } from "./suite.ts";

const token = "ghs_0123456789abcdefghij";
const secretPath = "/services/T000/B000/XXXXsecretXXXX";
const routingKey = "R0123456789abcdef0123456789ABCDE";
const data = samples();

let github: FakeGitHub;
let job: Job;
let state: string;
const receivers: Receiver[] = [];
beforeAll(async () => {
  github = await startFakeGitHub({
    token,
    repository: "octo-org/flights",
    workflows: { "retrain.yml": { refs: ["main"], inputs: ["evidence"] } },
  });
  job = await newJob({ GITHUB_API_URL: github.url });
});
beforeEach(() => {
  state = join(mkdtempSync(join(tmpdir(), "ml-actions-drift-")), "state", "drift.json");
  github.received.length = 0;
});
afterAll(async () => {
  for (const one of receivers) await one.close();
  await github?.close();
  await job?.end();
  expect(github.faults).toEqual([]);
});

const receiver = async (...given: Parameters<typeof startReceiver>) => {
  const started = await startReceiver(...given);
  receivers.push(started);
  return started;
};
const run = (inputs: Record<string, string>): Promise<PhaseResult> =>
  job.run({ action: "drift", inputs: { reference: data.reference, current: data.same, state, ...inputs } });
const warmer = { current: data.warmer };
const driftedOf = (done: PhaseResult) => JSON.parse(done.outputs.drifted as string);

describe("a verdict", () => {
  it("passes what is as it was, and leaves metrics, report, profiles and evidence", async () => {
    const done = await run({});
    expect(done.exitCode, done.raw).toBe(0);
    expect(done.outputs).toMatchObject({ verdict: "pass", passed: "true", drifted: "[]" });
    const { metrics, evidence, report } = filesOf(done);
    expect(metrics.candidate["psi{feature=temp}"]).toBeLessThan(0.1);
    expect(metrics.candidate["missing_rate{feature=wind_speed}"]).toBeCloseTo(0.02, 1);
    expect(evidence.predicate.result).toBe("PASSED");
    const digest = createHash("sha256").update(readFileSync(data.same)).digest("hex");
    expect(evidence.subject[0]).toEqual({ name: "same.csv", digest: { sha256: digest } });
    expect(report).toContain("<svg");
    expect(report).not.toMatch(/<(?:script|link|img|iframe)|url\(/);
    expect(done.summary).toMatch(/No drift/);
    expect(existsSync(state)).toBe(false);
    expect(done.refused).toEqual([]);
  });

  it("fails what has changed, also with `report` alone, and says what", async () => {
    const done = await run(warmer);
    expect(done.exitCode).toBe(1);
    expect(done.outputs).toMatchObject({ verdict: "fail", passed: "false" });
    const drifted = driftedOf(done);
    expect(drifted.map(({ feature }: { feature: string }) => feature).sort()).toEqual(["carrier", "temp"]);
    expect(drifted[0]).toMatchObject({ statistic: "psi", rows: { reference: 2000, current: 1000 } });
    expect(drifted[0].value).toBeGreaterThan(0.2);
    expect(drifted[0].p).toBeLessThan(0.001);
    expect(errorsOf(done)).toHaveLength(1);
    expect(filesOf(done).evidence.predicate.failedTests).toEqual(["psi <= 0.2"]);
    expect(done.summary).toMatch(/2 of 3 features drifted/);
    expect(github.received).toEqual([]);
  });

  it("comes out the same from the profile that an earlier run wrote", async () => {
    const profile = join(mkdtempSync(join(tmpdir(), "ml-actions-drift-")), "models", "weather.profile.json");
    const first = await run({ ...warmer, "profile-out": profile });
    expect(first.outputs.profile).toBe(profile);
    const second = await run({ ...warmer, reference: profile });
    expect(filesOf(second).metrics).toEqual(filesOf(first).metrics);
    expect(driftedOf(second)).toEqual(driftedOf(first));
    const moved = await run({ current: data.warmer, reference: first.outputs["current-profile"] as string });
    expect(moved.outputs.verdict, moved.raw).toBe("pass");
  });

  it("is inconclusive for ten rows and for a feature that is gone, and nothing is done then", async () => {
    const slack = await receiver();
    const alerting = { "on-drift": "alert", "slack-webhook": slack.url };
    const few = await run({ ...alerting, current: data.few });
    expect(few.outputs.verdict, few.raw).toBe("inconclusive");
    expect(few.exitCode).toBe(1);
    expect(few.summary).toMatch(/no alert: nothing is shown either way/);
    const gone = fileWith("gone.csv", weather({ rows: 1000, seed: 2 }).replace("wind_speed", "wind"));
    const without = await run({ ...alerting, current: gone });
    expect(without.outputs.verdict).toBe("inconclusive");
    expect(errorsOf(without).join()).toMatch(/wind_speed is not in the current data/);
    expect(slack.got).toEqual([]);
  });

  it("looks at the columns and gates that are asked for, and ranks by importance", async () => {
    const done = await run({
      ...warmer,
      columns: "wind_speed, temp, carrier",
      gates: "psi{feature=wind_speed} <= 0.2\nmissing_rate <= 10%",
    });
    expect(done.exitCode, done.raw).toBe(0);
    const ranked = await run({ ...warmer, importance: '{"carrier": 1, "temp": 0.01}' });
    expect(driftedOf(ranked).map(({ feature }: { feature: string }) => feature)).toEqual(["carrier", "temp"]);
  });
});

describe("an alert", () => {
  it("reaches Slack and PagerDuty with the figures, once until the cooldown is over", async () => {
    const slack = await receiver();
    const pagerDuty = await receiver(status(202));
    const inputs = {
      ...warmer,
      resource: "flights",
      "on-drift": "alert",
      "slack-webhook": `${slack.url}${secretPath}`,
      "pagerduty-routing-key": routingKey,
      "pagerduty-url": pagerDuty.url,
    };
    const done = await run(inputs);
    expect(done.exitCode).toBe(1);
    expect(done.raw).not.toMatch(/did not reach/);
    expect(slack.got).toHaveLength(1);
    expect(JSON.stringify(slack.got[0]?.body)).toMatch(
      /flights: 2 of 3 features drifted.*`temp` psi .*1,000 rows.*\/actions\/runs\/1658821493/,
    );
    expect(pagerDuty.got[0]?.body).toMatchObject({ payload: { custom_details: { drifted_features: 2 } } });
    expect(done.summary).toMatch(/alert sent to Slack/);
    for (const [name, text] of Object.entries({ log: done.log, summary: done.summary, ...filesOf(done) })) {
      expect(JSON.stringify(text), name).not.toMatch(/XXXXsecretXXXX|R0123456789abcdef/);
    }
    const again = await run(inputs);
    expect(again.exitCode).toBe(1);
    expect(again.summary).toMatch(/no alert to Slack: cooldown until \d{4}-\d\d-\d\d/);
    expect([slack.got.length, pagerDuty.got.length]).toEqual([1, 1]);
    await run({ ...inputs, cooldown: "0" });
    expect(slack.got).toHaveLength(2);
  });

  it("is sent once by two runs at once", async () => {
    const slack = await receiver();
    const inputs = { ...warmer, "on-drift": "alert", "slack-webhook": slack.url };
    const both = await Promise.all([run(inputs), run(inputs)]);
    expect(slack.got).toHaveLength(1);
    expect(both.map(({ summary }) => /no alert to Slack: cooldown/.test(summary)).sort()).toEqual([
      false,
      true,
    ]);
  });

  it("that cannot be delivered fails the step by name, after everything is written, and is tried the next time", async () => {
    const slack = await receiver(status(404, 200));
    const pagerDuty = await receiver(status(202));
    const inputs = {
      ...warmer,
      "on-drift": "alert",
      "slack-webhook": `${slack.url}${secretPath}`,
      "pagerduty-routing-key": routingKey,
      "pagerduty-url": pagerDuty.url,
    };
    const done = await run(inputs);
    expect(done.exitCode).toBe(1);
    expect(errorsOf(done).join("\n")).toMatch(/did not reach Slack: it answered 404[\s\S]*slack-webhook/);
    expect(done.raw).not.toMatch(/this is a bug/i);
    expect(filesOf(done).evidence.predicate.result).toBe("FAILED");
    expect(filesOf(done).report).toMatch(/alert to Slack failed/);
    expect(done.summary).toMatch(/alert to Slack failed[\s\S]*alert sent to PagerDuty/);
    await run(inputs);
    expect([slack.got.length, pagerDuty.got.length]).toEqual([2, 1]);
  });
});

describe("a retraining", () => {
  const retraining = { ...warmer, "on-drift": "retrain", token };

  it("is started with the evidence, once", async () => {
    const done = await run({ ...retraining, "retrain-workflow": "retrain.yml" });
    expect(done.exitCode).toBe(1);
    expect(github.received).toHaveLength(1);
    const { ref, inputs } = (github.received[0] as Received).body;
    expect(ref).toBe("main");
    const request = JSON.parse((inputs as { evidence: string }).evidence);
    const evidence = readFileSync(done.outputs.evidence as string);
    expect(request).toMatchObject({
      schema: "ml-actions/retrain-request/v1",
      drifted_features: 2,
      drifted: [{ feature: expect.any(String), value: expect.any(Number) }, {}],
      evidence: `sha256:${createHash("sha256").update(evidence).digest("hex")}`,
      run: "https://github.com/octo-org/flights/actions/runs/1658821493/attempts/1",
    });
    expect(done.summary).toMatch(/retrain\.yml was started/);
    await run({ ...retraining, "retrain-workflow": "retrain.yml" });
    expect(github.received).toHaveLength(1);
  });

  it("is an event where that is asked for", async () => {
    await run({ ...retraining, "retrain-workflow": "repository_dispatch:drift" });
    expect(github.received[0]).toMatchObject({
      path: "/repos/octo-org/flights/dispatches",
      body: { event_type: "drift", client_payload: { evidence: { drifted_features: 2 } } },
    });
  });

  it("that is refused fails the step with the permission it needs", async () => {
    const done = await run({ ...retraining, "retrain-workflow": "train.yml" });
    expect(errorsOf(done).join("\n")).toMatch(/404 for the workflow train\.yml[\s\S]*actions: write/);
    expect(done.log).not.toContain(token);
    expect(filesOf(done).evidence.predicate.result).toBe("FAILED");
  });
});

describe("estimates without labels", () => {
  const gates = "estimated_accuracy >= 0.7\nestimated_auc >= 0.7";

  it("pass a model that is as sure as it was", async () => {
    const done = await run({
      predictions: fileWith(
        "p.csv",
        predictions((random) => random()),
      ),
      gates,
    });
    expect(done.outputs.verdict, done.raw).toBe("pass");
    expect(filesOf(done).metrics.candidate.estimated_accuracy).toBeCloseTo(0.75, 1);
  });

  it("fail one that has become unsure", async () => {
    const unsure = predictions((random) => 0.4 + 0.2 * random());
    const done = await run({ predictions: fileWith("p.csv", unsure), gates });
    expect(done.outputs.verdict, done.raw).toBe("fail");
    expect(errorsOf(done)).toHaveLength(2);
  });
});

describe("a mistake is answered by one clear error, and the verdict stays inconclusive", () => {
  const cases: [string, Record<string, string>, RegExp][] = [
    ["no such reference", { reference: "nowhere.csv" }, /`reference`.*no such file/],
    ["an alert without a receiver", { "on-drift": "alert" }, /`alert` needs a receiver/],
    ["a receiver without an alert", { "slack-webhook": "https://x.example/y" }, /no `alert`/],
    ["a retraining of nothing", { "on-drift": "retrain" }, /`retrain` needs `retrain-workflow`/],
    ["a degrading to nothing", { "on-drift": "degrade" }, /needs `fallback`[\s\S]*needs `resource`/],
    [
      "a degrading of nothing",
      { "on-drift": "degrade", resource: "flights", fallback: flights("flights-1.onnx") },
      /Nothing is deployed as `flights`/,
    ],
    ["a response that there is not", { "on-drift": "alert, retrian" }, /did you mean `retrain`/],
    [
      "a webhook that can be overheard",
      { "on-drift": "alert", "slack-webhook": "http://hooks.slack.com/XXXXsecretXXXX" },
      /`slack-webhook`.*not valid.*secret/,
    ],
    ["a metric of another action", { gates: "auc >= 0.7" }, /auc belongs to/],
    ["a slice that is no feature", { gates: "psi{carrier=UA} <= 0.1" }, /braces name a feature/],
    ["an estimate without predictions", { gates: "estimated_f1 >= 0.4" }, /needs `predictions`/],
    ["a column that is not there", { columns: "temp, humidity" }, /humidity/],
    [
      "nothing in common",
      { current: fileWith("other.csv", "a,b\n1,2\n") },
      /none of the reference's features/,
    ],
    ["an empty file", { current: fileWith("empty.csv", "") }, /empty/i],
    ["a profile that is none", { reference: fileWith("p.json", '{"schema": "x"}') }, /profile/],
    [
      "a damaged profile",
      { reference: fileWith("p", '{"schema":"ml-actions/drift-profile/v1","rows":-1,"columns":[{}]}') },
      /profile/,
    ],
    ["weights that are none", { importance: '{"temp": -1}' }, /`importance`: expected weights from 0/],
    [
      "predictions of another kind",
      { predictions: fileWith("p.csv", "label,candidate\n1,0.5\n"), gates: "estimated_f1 >= 0.4" },
      /no column `set`/,
    ],
    ["hostile text", { gates: "psi <= 0.2\n::set-output name=passed::true" }, /expected/i],
  ];
  it.for(cases)("%s", async ([, inputs, expected]) => {
    const done = await run(inputs);
    expect(done.exitCode, done.raw).toBe(1);
    expect(errorsOf(done).join("\n")).toMatch(expected);
    expect(done.outputs).toMatchObject({ verdict: "inconclusive", passed: "false", drifted: "[]" });
    expect(done.log).not.toMatch(/this is a bug|XXXXsecretXXXX/i);
    expect(done.raw).not.toMatch(/^\s+at .*\.js:\d+/m);
  });

  it("a state that can be kept nowhere is known before the day of need", async () => {
    const file = fileWith("file", "");
    const done = await run({
      state: join(file, "state.json"),
      "on-drift": "alert",
      "slack-webhook": "https://hooks.example/x",
    });
    expect(errorsOf(done).join()).toMatch(/`state`: .* cannot be written/);
    rmSync(file);
  });
});
