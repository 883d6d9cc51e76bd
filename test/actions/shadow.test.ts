/** shadow as the runner runs it: real servers, real models, requests and labels of every kind. */
import { appendFileSync, copyFileSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { figuresField } from "@ml-actions/evidence/statement";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { liveRequests } from "../demo/live-requests.ts";
import { errorsOf } from "../runner/errors-of.ts";
import { freePort } from "../runner/free-port.ts";
import type { Job, PhaseResult } from "../runner/runner.ts";
import { Traffic } from "../traffic/traffic.ts";
import { filesOf, fileWith, flights, newJob } from "./suite.ts";

const testModels = join(import.meta.dirname, "../../packages/serving/test-models");
let job: Job;

const replay = (inputs: Record<string, string>): Promise<PhaseResult> =>
  job.run({
    action: "shadow",
    inputs: {
      resource: "flights",
      candidate: flights("flights-2.onnx"),
      mode: "replay",
      gates: "error_rate <= 0.1",
      "min-samples": "1",
      ...inputs,
    },
  });

async function deploy(resource: string, candidate: string): Promise<number> {
  const port = await freePort();
  const inputs = { resource, candidate, gates: "error_rate <= 0.2", "local-port": String(port) };
  const done = await job.run({ action: "deploy", inputs });
  expect(done.exitCode, done.raw).toBe(0);
  return port;
}

/** A model whose contract says something else. */
function withContract(path: string, change: (text: string) => string): string {
  const model = join(mkdtempSync(join(tmpdir(), "ml-actions-test-")), "changed.onnx");
  copyFileSync(path, model);
  const contract = readFileSync(path.replace(/onnx$/, "contract.json"), "utf8");
  writeFileSync(model.replace(/onnx$/, "contract.json"), change(contract));
  return model;
}

/** JSON Lines. */
const requestFile = (requests: readonly object[], name = "requests.jsonl") =>
  fileWith(name, requests.map((request) => `${JSON.stringify(request)}\n`).join(""));

type Live = { request_id: string; instance: Record<string, unknown> };
const live: Live[] = readFileSync(flights("live_v20131231.jsonl"), "utf8")
  .split("\n")
  .slice(0, 400)
  .map((line) => JSON.parse(line));
const flightRequests = live.map(({ request_id, instance }) => ({ request_id, instances: [instance] }));
const figuresOf = (done: PhaseResult) => filesOf(done).evidence.predicate[figuresField];

const point = { left: 0.2, right: 0.7 };
const classRequests = [
  { request_id: "one", instances: [point] },
  { request_id: "two", instances: [point, { left: 1, right: 0 }] },
];
const seat = { flight: 9007199254740991, seat: 500, international: true, distance: 70.5 };
const mixedRequests = [
  { request_id: "plain", instances: [seat] },
  { request_id: "windy", instances: [{ ...seat, wind: 12, carrier: "::set-output::" }] },
];

beforeAll(async () => {
  job = await newJob();
});
afterAll(() => job?.end());

describe("replay", () => {
  it("compares both sides on every version of the API in one go", async () => {
    await deploy("flights", flights("flights-1.onnx"));
    const without = live
      .slice(0, 200)
      .map(({ request_id, instance: { wind_gust, pressure, ...instance } }) => ({
        request_id: `v1-${request_id}`,
        instances: [instance],
      }));
    const first = requestFile(without, "requests-v1.jsonl");
    const second = requestFile(
      [
        ...flightRequests,
        { request_id: "bad-1", instances: [{ month: "May" }], expect: { status: 400 } },
        {
          request_id: "bad-2",
          body: { instance: [] },
          expect: { status: 400, response: { error: { code: "instances" } } },
        },
      ],
      "requests-v2.jsonl",
    );
    const done = await replay({
      requests: `${first}\n${second.replace("v2", "v[23]")}`,
      labels: flights("live_v20131231.labels.csv"),
      gates: "auc >= baseline - 0.05\nnan_rate <= 0.001\nlatency.p95 <= 30s\nerror_rate <= 0.01",
      "min-samples": "300",
    });
    expect(done.outputs, done.raw).toMatchObject({ verdict: "pass", passed: "true" });
    const { metrics, evidence } = filesOf(done);
    expect(metrics.gates.map(({ gate, verdict }) => [gate, verdict])).toContainEqual(["contract", "pass"]);
    expect(metrics.gates.find(({ gate }) => gate === "contract")?.reason).toMatch(
      /All 602 requests \(requests-v1, requests-v2\)/,
    );
    expect(metrics.candidate).toMatchObject({ coverage: 1, eligible_requests: 600, compared_requests: 600 });
    expect(evidence.predicate.configuration.map(({ name }) => name)).toEqual([
      "gates of flights",
      "flights-1",
      "requests requests-v1.jsonl",
      "requests requests-v2.jsonl",
    ]);
    // The 200 of the first version have ids that the labels do not know.
    expect(metrics.candidate.unlabelled_requests).toBe(200);
    expect(done.raw).toMatch(/200 compared requests have no label/);
  });

  it("fails a candidate that answers null where there was a number", async () => {
    const done = await replay({
      candidate: flights("flights-treacherous.onnx"),
      requests: requestFile(flightRequests),
    });
    expect(done.outputs, done.raw).toMatchObject({ verdict: "fail", passed: "false" });
    expect(errorsOf(done).join("\n")).toMatch(/contract: .*predictions\[\] in \d+ \(.*: 0\.\d+ → null\)/);
    expect(figuresOf(done).verdicts.map(({ gate }) => gate)).toContain("contract");
  });

  it("compares numbers where a tolerance is asked for", async () => {
    const requests = requestFile(flightRequests.slice(0, 20));
    const apart = await replay({ requests, tolerance: "0.000001" });
    expect(errorsOf(apart).join("\n"), apart.raw).toMatch(/contract: .*predictions\[\] in \d+/);
    const same = await replay({ requests, tolerance: "0", candidate: flights("flights-1.onnx") });
    expect(same.outputs, same.raw).toMatchObject({ verdict: "pass" });
  });

  it("keeps to its rate", async () => {
    const startedAt = Date.now();
    const done = await replay({ requests: requestFile(flightRequests.slice(0, 60)), rate: "20" });
    expect(done.outputs, done.raw).toMatchObject({ verdict: "pass" });
    expect(Date.now() - startedAt).toBeGreaterThan(2_900);
  });

  it("is inconclusive when the time is over before the requests are", async () => {
    const many = Array.from({ length: 100_000 }, (_, index) => ({
      request_id: `r${index}`,
      instances: flightRequests[index % 400]?.instances,
    }));
    const done = await replay({ requests: requestFile(many), duration: "4s" });
    expect(done.outputs, done.raw).toMatchObject({ verdict: "inconclusive", passed: "false" });
    expect(errorsOf(done).join("\n")).toMatch(/for [\d]+ the time was over/);
    expect(filesOf(done).metrics.candidate.coverage).toBeLessThan(0.95);
  });
});

describe("the API contract of several classes", () => {
  const classes = join(testModels, "classes.onnx");
  it("does not know a class by another name", async () => {
    await deploy("classes", classes);
    const renamed = withContract(classes, (text) => text.replace('"high"', '"tall"'));
    const done = await replay({
      resource: "classes",
      candidate: renamed,
      requests: requestFile(classRequests),
    });
    expect(done.outputs, done.raw).toMatchObject({ verdict: "fail" });
    expect(errorsOf(done).join("\n")).toMatch(/predictions\[\]\.high in 2 \(one: 0\.\d+ → is gone\)/);
    expect(errorsOf(done).join("\n")).toMatch(/predictions\[\]\.tall/);
    expect(filesOf(done).report).toContain("predictions[].high");
  });

  it("does not mind their order", async () => {
    const turned = withContract(classes, (text) =>
      text.replace('["low", "middle", "high"]', '["low", "high", "middle"]'),
    );
    const done = await replay({
      resource: "classes",
      candidate: turned,
      requests: requestFile(classRequests),
    });
    expect(done.outputs, done.raw).toMatchObject({ verdict: "pass" });
  });
});

describe("the API contract of features", () => {
  const mixed = join(testModels, "mixed.onnx");
  const changed: [string, (text: string) => string, RegExp | null][] = [
    ["is renamed", (text) => text.replaceAll('"wind"', '"gusts"'), /status in 1 \(windy: 200 → 400 .*wind/],
    [
      "is optional no more",
      (text) =>
        text.replace(
          '{ "name": "carrier", "type": "string", "optional": true,',
          '{ "name": "carrier", "type": "string",',
        ),
      /status in 1 \(plain: 200 → 400 .*carrier/,
    ],
    ["may be less", (text) => text.replace('"maximum": 999', '"maximum": 100'), /status in 2 .*200 → 400/],
    ["may be more", (text) => text.replace('"maximum": 999', '"maximum": 9999'), null],
  ];
  it.for(changed)("one that %s", async ([, change, expected], { expect: check }) => {
    if (changed[0]?.[1] === change) await deploy("mixed", mixed);
    const requests = requestFile([
      ...mixedRequests,
      { request_id: "too-large", instances: [{ ...seat, seat: 1200 }] },
    ]);
    const done = await replay({ resource: "mixed", candidate: withContract(mixed, change), requests });
    check(done.outputs.verdict, done.raw).toBe(expected === null ? "pass" : "fail");
    if (expected !== null) check(errorsOf(done).join("\n")).toMatch(expected);
  });

  it("what was recorded comes before what stable says now", async () => {
    const response = { predictions: [1], model: { name: "mixed" }, trace: "t" };
    const requests = requestFile([{ ...mixedRequests[0], expect: { status: 200, response } }]);
    const done = await replay({ resource: "mixed", candidate: mixed, requests });
    expect(errorsOf(done).join("\n"), done.raw).toMatch(/trace in 1 \(plain: "t" → is gone\)/);
  });
});

describe("mirror", () => {
  it("accounts for every request and every label", { timeout: 120_000 }, async () => {
    const port = await deploy("mirrored", flights("flights-1.onnx"));
    const labels = fileWith("labels.csv", "request_id,label\n");
    const url = `http://127.0.0.1:${port}`;
    const traffic = new Traffic({
      url,
      requests: await liveRequests(flights("")),
      perSecond: 150,
      labelsFile: labels,
    });
    traffic.start();
    // A caller who thinks that every request is the same one, with a label for it, and another.
    const careless = setInterval(() => {
      const headers = { "content-type": "application/json", "x-request-id": "always-me" };
      const body = JSON.stringify({ instances: [live[0]?.instance] });
      fetch(`${url}/predict`, { method: "POST", headers, body }).then(
        (answer) => answer.arrayBuffer(),
        () => {},
      );
    }, 250);
    appendFileSync(labels, "always-me,1\nnobody,1\nnobody,0\n");
    try {
      const done = await job.run({
        action: "shadow",
        inputs: {
          resource: "mirrored",
          candidate: flights("flights-2.onnx"),
          labels,
          gates:
            "auc >= baseline - 0.05\nagreement >= 0.5\nscore_drift <= 0.5\nnan_rate <= 0.01\nerror_rate <= 0.05",
          "min-samples": "300",
          "min-coverage": "0.9",
          duration: "60s",
        },
      });
      expect(done.outputs, done.raw).toMatchObject({ verdict: "pass" });
      const { candidate } = filesOf(done).metrics;
      expect(candidate.coverage).toBeGreaterThan(0.9);
      expect(candidate.coverage).toBeLessThan(1);
      expect(candidate.duplicate_requests).toBeGreaterThan(1);
      // On a busy machine a few answers may be later than is waited for.
      expect(candidate.unanswered_requests).toBeLessThan(0.05 * (candidate.eligible_requests ?? 0));
      expect(candidate.labels_not_compared).toBeGreaterThanOrEqual(1);
      expect(candidate.unknown_labels).toBeGreaterThanOrEqual(2);
      expect(candidate.eligible_requests).toBe(
        (candidate.compared_requests ?? 0) +
          (candidate.duplicate_requests ?? 0) +
          (candidate.unanswered_requests ?? 0),
      );
      const strict = await job.run({
        action: "shadow",
        inputs: {
          resource: "mirrored",
          candidate: flights("flights-2.onnx"),
          gates: "nan_rate <= 0.01",
          "min-samples": "100",
          "min-coverage": "1",
          duration: "8s",
        },
      });
      expect(strict.outputs, strict.raw).toMatchObject({ verdict: "inconclusive" });
      expect(errorsOf(strict).join("\n")).toMatch(/with an id that came more than once/);
    } finally {
      clearInterval(careless);
      await traffic.stop();
    }
  });

  it("refuses answers that mean something else before any request is copied", async () => {
    const done = await job.run({
      action: "shadow",
      inputs: {
        resource: "mirrored",
        candidate: join(testModels, "classes.onnx"),
        gates: "error_rate <= 0.1",
      },
    });
    expect(done.exitCode).toBe(1);
    expect(errorsOf(done).join("\n")).toMatch(
      /cannot be compared with stable's: the model was binary and is now multiclass/,
    );
  });
});

describe("a mistake is answered by one clear error, and nothing is started", () => {
  const line = (text: string) => ({ mode: "replay", requests: fileWith("r.jsonl", text) });
  const good = JSON.stringify(flightRequests[0]);
  const cases: [string, Record<string, string>, RegExp][] = [
    [
      "several at once",
      line(`${good}\n{\n[]\n${good}\n`),
      /line 2: not JSON[\s\S]*line 3: [\s\S]*line 4: the request_id .* was there before \(r\.jsonl, line 1\)/,
    ],
    ["NaN", line('{"instances":[{"x":NaN}]}\n'), /line 1: not JSON/],
    [
      "an id that no header can carry",
      line('{"request_id":"a\\nb","instances":[]}\n'),
      /request_id: expected 1 to 200/,
    ],
    ["a key that is none", line('{"request_id":"a","instances":[],"expected":{}}\n'), /line 1.*expected/],
    ["neither instances nor a body", line('{"request_id":"a"}\n'), /either `instances` or/],
    [
      "a line without an end",
      line(`{"instances":["${"x".repeat(34 * 1024 * 1024)}`),
      /line 1: is longer than 32 MiB/,
    ],
    ["a file with nothing in it", line("\n\n"), /there is no request in it/],
    ["no such file", { mode: "replay", requests: "no-*.jsonl" }, /requests.*no file matches/],
    ["a rate for live requests", { rate: "10" }, /rate.*only for `mode: replay`/],
    ["a rate of nothing", { ...line(`${good}\n`), rate: "0" }, /rate.*at least|rate.*from/],
    ["slices", { gates: "auc{carrier=UA} >= 0.5" }, /gates.*no slices/],
    ["a gate of another action", { gates: "psi <= 0.2" }, /gates.*psi is judged by another action/],
    ["a gate of another task", { gates: "rmse <= 3" }, /rmse is for regression models/],
    ["a coverage above all", { "min-coverage": "1.5" }, /min-coverage/],
    [
      "labels without their column",
      { ...line(`${good}\n`), labels: fileWith("l.csv", "id,label\na,1\n") },
      /no column `request_id`/,
    ],
  ];
  it.for(cases)("%s", async ([, inputs, expected]) => {
    const given = { resource: "flights", candidate: flights("flights-2.onnx"), duration: "10s" };
    const done = await job.run({ action: "shadow", inputs: { ...given, ...inputs } });
    expect(done.exitCode, done.raw).toBe(1);
    expect(errorsOf(done).join("\n")).toMatch(expected);
    expect(done.raw).not.toMatch(/this is a bug/i);
    expect(done.outputs).toMatchObject({ verdict: "inconclusive", passed: "false" });
  });

  it("takes what only looks dangerous", async () => {
    const nasty = '{"request_id":"::set-output::","instances":[{"__proto__":{"a":1},"constructor":1}]}\n';
    const done = await replay({ requests: fileWith("r.jsonl", `${good}\n${nasty}`) });
    expect(done.outputs, done.raw).toMatchObject({ verdict: "pass" });
    expect(done.raw).toMatch(/1 requests are refused by stable itself/);
  });
});
