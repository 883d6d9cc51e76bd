import { createHash } from "node:crypto";
import { type RequestListener, request, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { RolloutCounts } from "./counts.ts";
import { createProxy } from "./proxy.ts";
import { Routing } from "./routing.ts";
import { type TestUpstream, testUpstream } from "./testing/upstream.ts";

let routing: Routing;
let proxy: Server;
let stable: TestUpstream;
let candidate: TestUpstream;
let onCandidate: RequestListener;
let copies: { id: string; sha: string; bytes: number }[];

const collect: RequestListener = async (incoming, response) => {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming as AsyncIterable<Buffer>) chunks.push(chunk);
  const body = Buffer.concat(chunks);
  const sha = createHash("sha256").update(body).digest("hex");
  copies.push({ id: String(incoming.headers["x-request-id"]), sha, bytes: body.byteLength });
  response.end("copy");
};

beforeEach(async () => {
  copies = [];
  onCandidate = collect;
  const answer: RequestListener = (incoming, response) => {
    incoming.resume();
    incoming.on("end", () => response.end("original"));
  };
  stable = await testUpstream("sha256:stable", answer);
  candidate = await testUpstream("sha256:candidate", (q, s) => onCandidate(q, s));
  routing = new Routing();
  routing.setSides(stable, candidate);
  routing.counts = new RolloutCounts(stable.digest, candidate.digest);
  routing.setMirror(100);
  proxy = createProxy({ routing, probeToken: "secret", timeoutMs: 1_000 });
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
});

afterEach(() => {
  proxy.closeAllConnections();
  proxy.close();
  stable.close();
  candidate.close();
});

function call(body: Buffer | string, headers: Record<string, string> = {}): Promise<string> {
  const { port } = proxy.address() as AddressInfo;
  return new Promise((resolve, reject) => {
    const outgoing = request({ port, method: "POST", path: "/predict", headers }, async (answer) => {
      let text = "";
      for await (const chunk of answer) text += chunk;
      resolve(text);
    });
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}

async function until(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 5_000;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error("it did not come about");
    await sleep(5);
  }
}

test("a copy has the original's id and body, and its answer is thrown away", async () => {
  expect(await call("{}", { "x-request-id": "one" })).toBe("original");
  await until(() => copies.length === 1 && candidate.inFlight === 0);
  const sha = createHash("sha256").update("{}").digest("hex");
  expect(copies).toEqual([{ id: "one", sha, bytes: 2 }]);
  const { routed, mirrored } = routing.counts.report();
  expect(routed.candidate.requests).toBe(0);
  expect([mirrored.stable.requests, mirrored.candidate.requests]).toEqual([1, 1]);
});

test("a share of the requests is mirrored exactly, and compared on the same requests", async () => {
  routing.setMirror(25);
  for (let i = 0; i < 200; i++) await call("{}");
  await until(() => routing.counts.report().mirrored.candidate.requests === 50);
  expect(routing.counts.report().mirrored.stable.requests).toBe(50);
});

test("streamed bodies up to 1 MB are copied, bigger ones counted", async () => {
  const chunked = { "transfer-encoding": "chunked" };
  await call(Buffer.alloc(900_000, 1), chunked);
  await call(Buffer.alloc(900_000, 2));
  await call(Buffer.alloc(1_100_000, 3), chunked);
  await call(Buffer.alloc(3_000_000, 4));
  await until(() => copies.length === 2);
  expect(copies.map(({ bytes }) => bytes)).toEqual([900_000, 900_000]);
  expect(routing.counts.report().mirrorDropped).toEqual({ busy: 0, tooLarge: 2 });
});

test("a candidate that hangs delays no caller, and copies over the limit are dropped and counted", async () => {
  onCandidate = () => {};
  const startedAt = performance.now();
  const answers = await Promise.all(Array.from({ length: 100 }, () => call("{}")));
  expect(performance.now() - startedAt).toBeLessThan(900);
  expect(new Set(answers)).toEqual(new Set(["original"]));
  expect(routing.counts.report().mirrorDropped).toEqual({ busy: 36, tooLarge: 0 });
  await until(() => routing.counts.report().mirrored.candidate.errors === 64);
  expect(candidate.inFlight).toBe(0);
  expect(routing.counts.report().routed.stable.errors).toBe(0);
});

test("a candidate that resets or fails is counted as such, apart from the callers' requests", async () => {
  onCandidate = (incoming) => incoming.socket.destroy();
  await call("{}");
  onCandidate = (_, response) => response.writeHead(500, { "x-ml-nan-rows": "1" }).end();
  await call("{}");
  await until(() => routing.counts.report().mirrored.candidate.requests === 2);
  const { mirrored, routed } = routing.counts.report();
  expect([mirrored.candidate.errors, mirrored.candidate.nan, mirrored.stable.errors]).toEqual([2, 1, 0]);
  expect(routed.stable.errors).toBe(0);
});
