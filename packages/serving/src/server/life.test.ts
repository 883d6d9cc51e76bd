import { once } from "node:events";
import { copyFile, mkdtemp, readFile, rm } from "node:fs/promises";
import { Agent, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { contractBeside } from "../load-contract.ts";
import { childrenOf } from "../testing/children.ts";
import { modelPath } from "../testing/models.ts";
import { launch, spawnServer, startServer, stopServers } from "../testing/server-process.ts";

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "ml-actions-server-"));
});
afterEach(async () => {
  await stopServers();
  await rm(directory, { recursive: true });
});

const fatal = (output: string) =>
  output
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line))
    .find((line) => line.level === "fatal");

describe("the server", { timeout: 60_000 }, () => {
  it("is neither ready nor healthy before the model has answered its probe", async () => {
    const server = await launch({ MODEL_URI: modelPath("classes") });
    const [ready, health, predict] = await Promise.all([
      fetch(`${server.url}/ready`),
      fetch(`${server.url}/health`),
      server.predict({ instances: [{ left: 1, right: 1 }] }),
    ]);
    expect([ready.status, health.status, predict.status]).toEqual([503, 503, 503]);
    expect(await ready.json()).toEqual({ ready: false, reason: "the model is being loaded" });
    while (!(await fetch(`${server.url}/ready`)).ok) await sleep(20);
    expect((await fetch(`${server.url}/health`)).status).toBe(200);
  });

  it("says all that is wrong with its environment at once, and exits 1", async () => {
    const server = spawnServer({
      MODEL_DIGEST: "sha256:AB",
      PORT: "8080.5",
      ML_RELEASE: "flights\r\nset-cookie: a=b",
      POOL_SIZE: "0",
      INFERENCE_PROGRAM: "/nowhere.js",
    });
    expect(await server.ended).toBe(1);
    const { msg, remedy } = fatal(server.output());
    for (const name of [
      "MODEL_URI is required",
      "MODEL_DIGEST must be",
      "PORT must be",
      "ML_RELEASE must be a digest",
      "POOL_SIZE must be at least 1",
    ]) {
      expect(msg).toContain(name);
    }
    expect(msg).toContain("INFERENCE_PROGRAM must name the inference program");
    expect(remedy).toBe("Set these environment variables.");
  });

  it.each<[string, Record<string, string>, RegExp]>([
    ["no model", { MODEL_URI: "/nowhere/x.onnx" }, /there is no model at \/nowhere\/x\.onnx/],
    [
      "a model of another digest",
      { MODEL_DIGEST: `sha256:${"0".repeat(64)}` },
      /has the digest sha256:.*, not sha256:000/,
    ],
    [
      "no contract",
      { CONTRACT_URI: "/nowhere/x.contract.json" },
      /no contract file at \/nowhere\/x\.contract\.json/,
    ],
    [
      "a contract of another digest",
      { CONTRACT_DIGEST: `sha256:${"0".repeat(64)}` },
      /contract .* has the digest sha256:.*, not sha256:000/,
    ],
    ["an unknown scheme", { MODEL_URI: "ftp://host/x.onnx" }, /ftp: is not known/],
    [
      "a log that cannot be written",
      { PREDICTION_LOG: "/nowhere/p.jsonl" },
      /cannot append to the prediction log/,
    ],
  ])("exits 1 and says so with %s", async (_name, environment, message) => {
    const server = spawnServer({ MODEL_URI: modelPath("classes"), ...environment });
    expect(await server.ended).toBe(1);
    expect(fatal(server.output())).toMatchObject({
      msg: expect.stringMatching(message),
      remedy: expect.any(String),
    });
  });

  it("warns of a variable that looks misspelt", async () => {
    const server = await startServer("classes", { MAX_CONCURENCY: "3" });
    while (server.logs().length === 0) await sleep(20);
    expect(server.logs()[0]).toMatchObject({
      level: "warn",
      msg: expect.stringContaining('"MAX_CONCURRENCY"?'),
    });
  });

  it("turns unready and unhealthy when no process is left, and recovers by itself", async () => {
    await copyFile(modelPath("moody"), join(directory, "moody.onnx"));
    await copyFile(contractBeside(modelPath("moody")), join(directory, "moody.contract.json"));
    const server = await startServer("moody", { MODEL_URI: join(directory, "moody.onnx") });
    await rm(join(directory, "moody.onnx"));
    for (const pid of await childrenOf(server.child.pid as number, "inference.ts"))
      process.kill(pid, "SIGKILL");
    const unhealthy = async () => (await (await fetch(`${server.url}/health`)).json()) as { reason?: string };
    while (!(await unhealthy()).reason?.includes("cannot read the model")) await sleep(10);
    const ready = await fetch(`${server.url}/ready`);
    expect(ready.status).toBe(503);
    expect(await ready.json()).toMatchObject({ reason: "no inference process answers" });
    await copyFile(modelPath("moody"), join(directory, "moody.onnx"));
    while (!(await fetch(`${server.url}/health`)).ok) await sleep(20);
    expect((await server.predict({ instances: [{ mood: 1 }] })).status).toBe(200);
    while (!server.output().includes("is being replaced: the inference process ended (SIGKILL)"))
      await sleep(20);
  });
});

describe("a server that is told to end", { timeout: 60_000 }, () => {
  it("loses no request under load, answers what is in flight, and exits 0", async () => {
    const server = await startServer("moody", { DRAIN_DELAY_MS: "300", POOL_SIZE: "2" });
    const agent = new Agent({ keepAlive: true, maxSockets: 8 });
    let stop = false;
    const statuses: (number | string)[] = [];
    // As a balancer does: nothing new is sent once /ready says no.
    const client = async () => {
      while (!stop) statuses.push(await post(server.url, agent));
    };
    const clients = Array.from({ length: 8 }, client);
    await sleep(300);
    const slow = server.predict({ instances: [{ mood: 650 }] });
    await sleep(20);
    server.child.kill("SIGTERM");
    while ((await fetch(`${server.url}/ready`)).ok) await sleep(5);
    stop = true;
    await Promise.all(clients);
    const late = await slow;
    expect(late.status).toBe(200);
    expect(await server.ended).toBe(0);
    expect(statuses.length).toBeGreaterThan(8);
    expect(new Set(statuses)).toEqual(new Set([200]));
    expect(await childrenOf(server.child.pid as number, "inference.ts")).toEqual([]);
    agent.destroy();
  });

  it("closes each connection with its answer while it drains", async () => {
    const server = await startServer("classes", { DRAIN_DELAY_MS: "2000" });
    server.child.kill("SIGTERM");
    await sleep(50);
    const ready = await fetch(`${server.url}/ready`);
    expect(ready.status).toBe(503);
    expect(await ready.json()).toEqual({ ready: false, reason: "the server drains" });
    expect(ready.headers.get("connection")).toBe("close");
    expect((await fetch(`${server.url}/health`)).status).toBe(200);
  });

  it("ends hard when what is in flight does not", async () => {
    const server = await startServer("moody", { DRAIN_TIMEOUT_MS: "400" });
    const stuck = server.predict({ instances: [{ mood: 5000 }] }).catch(() => "cut off");
    await sleep(50);
    const orphans = await childrenOf(server.child.pid as number, "inference.ts");
    server.child.kill("SIGTERM");
    expect(await server.ended).toBe(1);
    expect(await stuck).toBe("cut off");
    // The process that loops for ever hears nothing; it looks for its parent by itself.
    const alive = (pid: number) => {
      try {
        return process.kill(pid, 0);
      } catch {
        return false;
      }
    };
    expect(orphans).toHaveLength(1);
    while (orphans.some(alive)) await sleep(50);
  });

  it("ends when its supervisor is gone", async () => {
    const server = await startServer("classes");
    server.child.disconnect();
    expect(await server.ended).toBe(0);
    expect(server.output()).toContain("the supervisor's channel closed");
  });

  it("keeps the prediction log whole", async () => {
    const log = join(directory, "predictions.jsonl");
    const server = await startServer("classes", { PREDICTION_LOG: log });
    const bodies = Array.from({ length: 50 }, (_, left) => ({ instances: [{ left, right: 1 }] }));
    await Promise.all(bodies.map((body) => server.predict(body)));
    server.child.kill("SIGTERM");
    expect(await server.ended).toBe(0);
    const lines = (await readFile(log, "utf8")).trimEnd().split("\n");
    const records = lines.map((line) => JSON.parse(line));
    expect(records).toHaveLength(50);
    expect(new Set(records.map((record) => record.input)).size).toBe(50);
    expect(records[0]).toEqual({
      at: expect.any(Number),
      request_id: expect.any(String),
      model: expect.stringMatching(/^sha256:/),
      input: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
      outputs: [[expect.any(Number), expect.any(Number), expect.any(Number)]],
      ms: expect.any(Number),
    });
    expect(lines.join("")).not.toContain("left");
  });

  it("keeps predictions whole among its own lines on stdout", async () => {
    const server = await startServer("classes", { PREDICTION_LOG: "/dev/stdout" });
    const bodies = Array.from({ length: 200 }, (_, left) => ({
      instances: Array(20).fill({ left, right: 1 }),
    }));
    await Promise.all(bodies.map((body) => server.predict(body)));
    server.child.kill("SIGTERM");
    expect(await server.ended).toBe(0);
    const predictions = server.logs().filter(({ outputs }) => outputs !== undefined);
    expect(new Set(predictions.map(({ request_id }) => request_id)).size).toBe(200);
    expect(server.output()).not.toContain("left");
  });

  it("goes on predicting when the disk of the log is full, and counts what it loses", async () => {
    const server = await startServer("classes", { PREDICTION_LOG: "/dev/full" });
    const body = { instances: [{ left: 1, right: 1 }] };
    for (let turn = 0; turn < 3; turn++) expect((await server.predict(body)).status).toBe(200);
    while ((await server.metric("ml_prediction_log_dropped")) !== 3) await sleep(50);
    while (!server.output().includes("loses lines")) await sleep(50);
    server.child.kill("SIGTERM");
    expect(await server.ended).toBe(0);
  });
});

async function post(url: string, agent: Agent): Promise<number | string> {
  const outgoing = request(`${url}/predict`, { method: "POST", agent });
  outgoing.end('{"instances":[{"mood":4}]}');
  try {
    const [response] = (await once(outgoing, "response")) as [import("node:http").IncomingMessage];
    response.resume();
    await once(response, "end");
    return response.statusCode as number;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error);
  }
}
