/** drift takes the model out of production: on a real local target, under traffic. */
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { liveRequests } from "../demo/live-requests.ts";
import { errorsOf } from "../runner/errors-of.ts";
import { freePort } from "../runner/free-port.ts";
import type { Job } from "../runner/runner.ts";
import { Traffic } from "../traffic/traffic.ts";
import { samples } from "./drift-data.ts";
import { filesOf, flights, models, newJob } from "./suite.ts";

const data = samples();
const state = join(mkdtempSync(join(tmpdir(), "ml-actions-drift-")), "drift.json");
let job: Job;
let port: number;
let traffic: Traffic;
beforeAll(async () => {
  job = await newJob();
  port = await freePort();
  const requests = await liveRequests(flights(""));
  traffic = new Traffic({ url: `http://127.0.0.1:${port}`, requests, perSecond: 100 });
});
afterAll(async () => {
  await traffic?.stop();
  await job?.end();
});

const drift = (inputs: Record<string, string>) =>
  job.run({
    action: "drift",
    inputs: {
      reference: data.reference,
      current: data.warmer,
      state,
      resource: "flights",
      "on-drift": "degrade",
      ...inputs,
    },
  });
const seconds = (count: number) => new Promise((resolve) => setTimeout(resolve, count * 1000));

it("begins with a model in production", async () => {
  const deployed = await job.run({
    action: "deploy",
    inputs: { resource: "flights", candidate: flights("flights-2.onnx"), "local-port": String(port) },
  });
  expect(deployed.exitCode, deployed.raw).toBe(0);
  traffic.start();
  await seconds(1);
});

it("refuses a fallback that callers of today would fail with, before anything is read", async () => {
  const done = await drift({ fallback: models("parcels-1.onnx") });
  expect(errorsOf(done).join("\n")).toMatch(/fallback: .* breaks the contract of flights-2/);
  expect(done.outputs).toMatchObject({ verdict: "inconclusive", drifted: "[]" });
});

it("leaves the model where it is while nothing has drifted", async () => {
  const done = await drift({ current: data.same, fallback: flights("flights-1.onnx") });
  expect(done.exitCode, done.raw).toBe(0);
  expect(traffic.models.has("flights-1")).toBe(false);
});

it("gives the traffic to the fallback when data has drifted", async () => {
  const done = await drift({ fallback: flights("flights-1.onnx") });
  expect(done.exitCode).toBe(1);
  expect(done.outputs.verdict).toBe("fail");
  expect(done.summary, done.raw).toMatch(/flights was degraded to flights-1/);
  expect(filesOf(done).evidence.predicate.result).toBe("FAILED");
  const before = traffic.models.get("flights-2")?.requests;
  await seconds(1);
  expect(traffic.models.get("flights-2")?.requests).toBe(before);
  expect(traffic.models.get("flights-1")?.requests).toBeGreaterThan(50);
});

it("does not do it again the next night, and not twice without a cooldown", async () => {
  const suppressed = await drift({ fallback: flights("flights-1.onnx") });
  expect(suppressed.summary).toMatch(/no degrading: cooldown until/);
  const again = await drift({ fallback: flights("flights-1.onnx"), cooldown: "0" });
  expect(again.summary).toMatch(/flights-1 serves flights already/);
});

it("takes a fallback back that fails itself, and says so", async () => {
  const done = await drift({ fallback: flights("flights-treacherous.onnx"), cooldown: "0" });
  expect(done.exitCode).toBe(1);
  expect(errorsOf(done).join("\n"), done.raw).toMatch(/flights was not degraded: .*nan_rate/);
  expect(done.summary).toMatch(/degrading failed/);
});

it("lost no request of its users in all of this", async () => {
  await traffic.stop();
  expect(traffic.failures).toEqual([]);
  expect(traffic.answered).toBeGreaterThan(500);
});
