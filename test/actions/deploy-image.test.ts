/** Releases that come from images: verified before anything is touched, compared with, rolled back to without them. */
import { execFile } from "node:child_process";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { fileDigest } from "@ml-actions/rollout/release";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { liveRequests } from "../demo/live-requests.ts";
import { errorsOf } from "../runner/errors-of.ts";
import { freePort } from "../runner/free-port.ts";
import type { Job, PhaseResult, StepOptions } from "../runner/runner.ts";
import { Traffic } from "../traffic/traffic.ts";
import { type FlightsImage, imageOf, newSigning, scratch } from "./image-fixture.ts";
import { evaluationSample, filesOf, fileWith, flights, newJob } from "./suite.ts";

let job: Job;
let port: number;
let traffic: Traffic;
let state: string;
const signing = newSigning();
const stranger = newSigning();
const layouts = scratch();
const images: Record<"flights-1" | "flights-2", FlightsImage> = {} as never;
const labels = fileWith("labels.csv", "request_id,label\n");
const named = { name: "dataset_v20131231.parquet", digest: "" };

const deploy = (
  candidate: string,
  inputs: Record<string, string> = { require: "eval", key: signing.key },
  options: Partial<StepOptions> = {},
): Promise<PhaseResult> =>
  job.run({
    action: "deploy",
    inputs: {
      resource: "flights",
      steps: "50, 100",
      interval: "200ms",
      "step-timeout": "60s",
      gates: "error_rate <= 0.2\nnan_rate <= 0.02",
      "local-port": String(port),
      candidate,
      ...inputs,
    },
    ...options,
  });

const evalGate = (inputs: Record<string, string>): Promise<PhaseResult> =>
  job.run({ action: "eval-gate", inputs: { gates: "auc >= baseline - 0.2", ...inputs } });
const onRows = { model: flights("flights-1.onnx"), dataset: evaluationSample };

beforeAll(async () => {
  job = await newJob();
  port = await freePort();
  state = join(job.temp, "ml-actions-local/flights");
  named.digest = await fileDigest(evaluationSample);
  images["flights-1"] = await imageOf("flights-1", { place: `oci:${layouts}/one`, tag: "1.0.7" });
  images["flights-2"] = await imageOf("flights-2", { place: `oci:${layouts}/two`, version: "2.0.1" });
  const requests = await liveRequests(flights(""));
  traffic = new Traffic({ url: `http://127.0.0.1:${port}`, requests, perSecond: 150, labelsFile: labels });
});
afterAll(async () => {
  await traffic?.stop();
  for (const post of await job.end()) expect(post.exitCode, post.raw).toBe(0);
});

describe("an image that was not proven", () => {
  const expectUntouched = async (done: PhaseResult) => {
    expect(existsSync(state), done.raw).toBe(false);
    await expect(fetch(`http://127.0.0.1:${port}/ready`)).rejects.toThrow();
    expect(done.env.ML_ACTIONS_LOCAL_STATE).toBeUndefined();
  };

  it("is refused by every way in which its evidence can fail, and nothing is touched", async () => {
    const image = images["flights-1"];
    const refusals: [() => Promise<void>, Record<string, string>, RegExp][] = [
      [async () => {}, { require: "eval", key: signing.key }, /not signed/],
      [() => signing.image(image), { require: "eval", key: signing.key }, /No evidence of eval/],
      [
        () => signing.evaluation(image, { metrics: { auc: 0.4 }, verdict: "fail", finishedAt: 1.7e12 }),
        { require: "eval", key: signing.key },
        /verdict is FAILED/,
      ],
      [
        () => signing.evaluation(image, { metrics: { auc: 0.6778 }, dataset: named, finishedAt: 1.71e12 }),
        { require: "eval", key: stranger.key },
        /key/,
      ],
      [async () => {}, { require: "eval", key: signing.key, "max-age": "30d" }, /30d|30 d|old/],
      [async () => {}, { require: "eval, scan", key: signing.key }, /No evidence of scan/],
    ];
    for (const [attach, inputs, reason] of refusals) {
      await attach();
      const done = await deploy(image.reference, inputs);
      expect(done.exitCode, done.raw).toBe(1);
      expect(done.outputs).toMatchObject({ stage: "refused", verdict: "fail", image: image.reference });
      expect(errorsOf(done).join("\n")).toMatch(reason);
      expect(done.summary).toContain("may not serve");
      expect(done.raw).not.toMatch(/\n\s+at /);
      await expectUntouched(done);
    }
  });

  it("is not asked about when nobody is named who signs; of a file nobody can be asked", async () => {
    const anyone = await deploy(images["flights-1"].reference, {});
    expect(errorsOf(anyone).join()).toMatch(/neither a key nor an identity/);
    const file = await deploy(flights("flights-1.onnx"), { require: "eval", key: signing.key });
    const text = errorsOf(file).join();
    expect(text).toMatch(/require[\s\S]*carries no evidence[\s\S]*key/);
    await expectUntouched(file);
  });

  it("that is gone is told with what to do", async () => {
    const done = await deploy(`oci:${layouts}/none@${images["flights-1"].digest}`);
    expect(done.exitCode).toBe(1);
    expect(errorsOf(done).join()).toMatch(/candidate: .*has no image|no image layout/);
    expect(done.raw).not.toMatch(/\n\s+at /);
    await expectUntouched(done);
  });

  it("leaves nothing behind when the runner dies while it is verified", async () => {
    let asked: () => void;
    const heard = new Promise<void>((resolve) => {
      asked = resolve;
    });
    // A registry that takes the question and never answers.
    const registry: Server = createServer(() => asked());
    await new Promise<void>((resolve) => registry.listen(0, "127.0.0.1", resolve));
    const { port: at } = registry.address() as AddressInfo;
    const image = `127.0.0.1:${at}/flights@${images["flights-1"].digest}`;
    const killed = await deploy(image, undefined, { interrupt: { how: "kill", when: () => heard } });
    registry.closeAllConnections();
    registry.close();
    expect(killed.killed, killed.raw).toBe("kill");
    await expectUntouched(killed);
  });
});

describe("an image with good evidence", () => {
  beforeAll(async () => {
    await signing.image(images["flights-1"]);
    await signing.evaluation(images["flights-1"], {
      metrics: { auc: 0.6778 },
      dataset: named,
      finishedAt: 1.71e12,
    });
  });

  it("is deployed by a tag, whose digest is printed and kept with what was verified", async () => {
    const image = images["flights-1"];
    const done = await deploy(`oci:${layouts}/one:1.0.7`);
    expect(done.exitCode, done.raw).toBe(0);
    expect(done.outputs).toMatchObject({ stage: "promoted", image: image.reference, stable: image.digest });
    expect(done.annotations.map(({ message }) => message).join()).toContain(`candidate: ${image.reference}`);
    expect(done.summary).toContain("carries the evidence that it needs");
    const { stable } = JSON.parse(readFileSync(join(state, "state.json"), "utf8"));
    expect(stable).toMatchObject({
      digest: image.digest,
      label: "flights-1.0.7",
      image: image.reference,
      verified: { at: expect.any(Number), summary: expect.stringMatching(/^sha256:[0-9a-f]{64}$/) },
    });
    traffic.start();
  });

  it("takes over step by step, and its canary's evidence is about the image and its model", async () => {
    const image = images["flights-2"];
    await signing.image(image);
    // Figures that this model never had on this dataset.
    await signing.evaluation(image, { metrics: { auc: 0.9, "latency.p95": 1 }, dataset: named });
    const done = await deploy(image.reference);
    expect(done.exitCode, done.raw).toBe(0);
    expect(done.outputs).toMatchObject({ stage: "promoted", verdict: "pass" });
    const { subject } = filesOf(done).evidence;
    const digests = subject.map(({ digest }) => `sha256:${digest.sha256}`);
    expect(digests).toEqual([image.digest, image.releaseDigest]);
    expect(done.summary).toContain(image.reference);
    expect(done.summary).toContain(`Gate configuration \`${done.outputs.configuration}\``);
    const file = done.outputs.evidence as string;
    const { stdout } = await promisify(execFile)(process.execPath, [join(job.tree, "replay"), file]);
    expect(stdout).toContain(`(sha256:${image.digest.slice(7, 19)}…), `);
    expect(stdout).toContain("The counts give what is claimed.");
  });

  it("is the stable release that a shadow is compared with", async () => {
    const inputs = {
      resource: "flights",
      candidate: flights("flights-1.onnx"),
      gates: "error_rate <= 0.1\nnan_rate <= 0.1",
      "min-samples": "300",
      duration: "60s",
    };
    const done = await job.run({ action: "shadow", inputs });
    expect(done.outputs.verdict, done.raw).toBe("pass");
    expect(done.summary).toContain(images["flights-2"].reference);
  }, 90_000);
});

describe("as a baseline, an image", () => {
  it("is run on the same rows, and evidence that says otherwise is named", async () => {
    const done = await evalGate({ ...onRows, baseline: "deployed", key: signing.key });
    expect(done.outputs.verdict, done.raw).toBe("pass");
    const measured = filesOf(done).metrics.baseline?.auc as number;
    expect(measured).toBeLessThan(0.8);
    const warnings = done.annotations
      .filter(({ level }) => level === "warning")
      .map(({ message }) => message);
    expect(warnings.join()).toMatch(
      /other figures of the baseline on this very dataset: auc 0\.9, measured 0\.\d+;/,
    );
    expect(filesOf(done).report).toContain("other figures of the baseline");
  });

  it("that runs elsewhere is named by its reference and run too; its evidence agrees", async () => {
    const inputs = { ...onRows, model: flights("flights-2.onnx"), baseline: images["flights-1"].reference };
    const done = await evalGate({ ...inputs, key: signing.key });
    expect(done.outputs.verdict, done.raw).toBe("pass");
    expect(filesOf(done).metrics.baseline?.auc).toBeCloseTo(0.6778, 3);
    expect(done.annotations.filter(({ level }) => level === "warning")).toEqual([]);
    expect(done.summary).toContain(images["flights-1"].reference);
  });

  it("gives the figures that were signed for when it cannot be run, and no others", async () => {
    const predictions = {
      predictions: flights("predictions_v20131231.csv"),
      baseline: images["flights-1"].reference,
    };
    const withoutColumn = fileWith(
      "predictions.csv",
      readFileSync(predictions.predictions, "utf8").replace(/^(.*)\bbaseline\b/, "$1other"),
    );
    const signed = await evalGate({ ...predictions, predictions: withoutColumn, key: signing.key });
    expect(signed.outputs.verdict, signed.raw).toBe("pass");
    expect(filesOf(signed).metrics.baseline?.auc).toBe(0.6778);
    expect(signed.summary).toContain("taken as exact");
    for (const [key, reason] of [
      [{ key: stranger.key }, /its evidence is no baseline[\s\S]*key/],
      [{}, /neither `key` nor `identity` says who signs/],
    ] as const) {
      const unsigned = await evalGate({ ...predictions, predictions: withoutColumn, ...key });
      expect(unsigned.exitCode).toBe(1);
      expect(unsigned.outputs.verdict).toBe("inconclusive");
      expect(errorsOf(unsigned).join("\n")).toMatch(reason);
      expect(unsigned.outputs.metrics).toBeUndefined();
    }
  });
});

describe("when the images are gone", () => {
  beforeAll(() => rmSync(layouts, { recursive: true, force: true }));

  it("what is deployed is still a baseline, with a word on its evidence", async () => {
    const done = await evalGate({ ...onRows, baseline: "deployed", key: signing.key });
    expect(done.outputs.verdict, done.raw).toBe("pass");
    expect(done.raw).toMatch(/could not be held against its figures/);
  });

  it("a rollback to what was verified here needs neither them nor evidence", async () => {
    const [one] = [images["flights-1"]];
    const done = await job.run({ action: "rollback", inputs: { resource: "flights" } });
    expect(done.exitCode, done.raw).toBe(0);
    expect(done.outputs.restored).toBe(one.digest);
    expect(done.summary).toContain(`${one.reference}`);
    expect(done.summary).toContain("evidence verified");
    const again = await job.run({
      action: "rollback",
      inputs: { resource: "flights", to: images["flights-2"].reference },
    });
    expect(again.outputs.restored, again.raw).toBe(images["flights-2"].digest);
  });

  it("one that never was stable here is for deploy", async () => {
    const to = `ghcr.io/org/flights@sha256:${"7".repeat(64)}`;
    const done = await job.run({ action: "rollback", inputs: { resource: "flights", to } });
    expect(done.exitCode).toBe(1);
    expect(errorsOf(done).join()).toMatch(/action deploy, with its evidence/);
  });

  it("no request was lost by any of this", () => {
    expect(traffic.failures).toEqual([]);
  });
});
