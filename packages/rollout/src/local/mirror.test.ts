import type { RequestListener } from "node:http";
import { afterEach, beforeEach, expect, test } from "vitest";
import { bodyOf, createProxyBench, type ProxyBench, shaOf, until } from "./testing/proxy-bench.ts";

let bench: ProxyBench;
let copies: { id: string; sha: string; bytes: number }[];

const collect: RequestListener = async (incoming, response) => {
  const body = await bodyOf(incoming);
  copies.push({ id: String(incoming.headers["x-request-id"]), sha: shaOf(body), bytes: body.byteLength });
  response.end("copy");
};

beforeEach(async () => {
  bench = await createProxyBench();
  copies = [];
  bench.on.candidate = collect;
  bench.on.stable = (incoming, response) => {
    incoming.resume();
    incoming.on("end", () => response.end("original"));
  };
  bench.routing.setMirror(100);
});
afterEach(() => bench.close());

async function call(body: Buffer | string, headers: Record<string, string> = {}): Promise<string> {
  return (await bench.call({ body, headers })).text;
}

test("a copy has the original's id and body, and its answer is thrown away", async () => {
  expect(await call("{}", { "x-request-id": "one" })).toBe("original");
  await until(() => copies.length === 1 && bench.candidate.inFlight === 0);
  const sha = shaOf("{}");
  expect(copies).toEqual([{ id: "one", sha, bytes: 2 }]);
  const { routed, mirrored } = bench.routing.counts.report();
  expect(routed.candidate.requests).toBe(0);
  expect([mirrored.stable.requests, mirrored.candidate.requests]).toEqual([1, 1]);
});

test("a share of the requests is mirrored exactly, and compared on the same requests", async () => {
  bench.routing.setMirror(25);
  for (let i = 0; i < 200; i++) await call("{}");
  await until(() => bench.routing.counts.report().mirrored.candidate.requests === 50);
  expect(bench.routing.counts.report().mirrored.stable.requests).toBe(50);
});

test("streamed bodies up to 1 MB are copied, bigger ones counted", async () => {
  const chunked = { "transfer-encoding": "chunked" };
  await call(Buffer.alloc(900_000, 1), chunked);
  await call(Buffer.alloc(900_000, 2));
  await call(Buffer.alloc(1_100_000, 3), chunked);
  await call(Buffer.alloc(3_000_000, 4));
  await until(() => copies.length === 2);
  expect(copies.map(({ bytes }) => bytes)).toEqual([900_000, 900_000]);
  expect(bench.routing.counts.report().mirrorDropped).toEqual({ busy: 0, tooLarge: 2 });
});

test("a candidate that hangs delays no caller, and copies over the limit are dropped and counted", async () => {
  bench.on.candidate = () => {};
  const startedAt = performance.now();
  const answers = await Promise.all(Array.from({ length: 100 }, () => call("{}")));
  expect(performance.now() - startedAt).toBeLessThan(900);
  expect(new Set(answers)).toEqual(new Set(["original"]));
  expect(bench.routing.counts.report().mirrorDropped).toEqual({ busy: 36, tooLarge: 0 });
  await until(() => bench.routing.counts.report().mirrored.candidate.errors === 64);
  expect(bench.candidate.inFlight).toBe(0);
  expect(bench.routing.counts.report().routed.stable.errors).toBe(0);
});

test("a candidate that resets or fails is counted as such, apart from the callers' requests", async () => {
  bench.on.candidate = (incoming) => incoming.socket.destroy();
  await call("{}");
  bench.on.candidate = (_, response) => response.writeHead(500, { "x-ml-nan-rows": "1" }).end();
  await call("{}");
  await until(() => bench.routing.counts.report().mirrored.candidate.requests === 2);
  const { mirrored, routed } = bench.routing.counts.report();
  expect([mirrored.candidate.errors, mirrored.candidate.nan, mirrored.stable.errors]).toEqual([2, 1, 0]);
  expect(routed.stable.errors).toBe(0);
});
