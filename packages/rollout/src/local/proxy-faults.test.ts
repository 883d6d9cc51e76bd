import { request } from "node:http";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import fc from "fast-check";
import { afterEach, beforeEach, expect, test } from "vitest";
import { countsOf, createProxyBench, echo, type ProxyBench, until } from "./testing/proxy-bench.ts";

let bench: ProxyBench;

beforeEach(async () => {
  bench = await createProxyBench();
});
afterEach(() => bench.close());

test("without a release, and while one restarts, the answer is 503 and says so", async () => {
  bench.stable.restarting = true;
  const restarting = await bench.call();
  expect([restarting.status, restarting.headers["retry-after"]]).toEqual([503, "1"]);
  expect(JSON.parse(restarting.text).error).toMatchObject({ code: "no-release" });
  expect(countsOf(bench.routing).stable).toMatchObject({ requests: 1, errors: 1 });
  bench.routing.setSides(null, null);
  const empty = await bench.call();
  expect([empty.status, JSON.parse(empty.text).error.message]).toEqual([
    503,
    "no release is deployed here yet",
  ]);
});

test("a reset is 502, silence is 504, both counted as failures", async () => {
  bench.on.stable = (incoming) => incoming.socket.destroy();
  const reset = await bench.call();
  expect(reset.status).toBe(502);
  expect(JSON.parse(reset.text).error.request_id).toBe(reset.headers["x-request-id"]);
  bench.on.stable = () => {};
  expect((await bench.call()).status).toBe(504);
  expect(countsOf(bench.routing).stable).toEqual({ requests: 2, errors: 2, nan: 0 });
  expect(bench.stable.inFlight).toBe(0);
});

test("an answer that breaks off reaches the caller as broken off, and counts as a failure", async () => {
  bench.on.stable = (_, response) => {
    response.writeHead(200, { "content-length": "100" });
    response.write("half", () => response.destroy());
  };
  await expect(bench.call()).rejects.toThrow();
  expect(countsOf(bench.routing).stable).toMatchObject({ requests: 1, errors: 1 });
});

test("a kept connection that the release closed as it was reused is not the caller's trouble", async () => {
  // Answers once a connection, then resets it at the next request: the race of reuse, every time.
  const used = new WeakSet<object>();
  let resets = 0;
  bench.on.stable = (incoming, response) => {
    if (used.has(incoming.socket)) {
      resets += 1;
      incoming.socket.destroy();
      return;
    }
    used.add(incoming.socket);
    echo(incoming, response);
  };
  for (let i = 0; i < 50; i++) expect((await bench.call({ body: "{}" })).status).toBe(200);
  expect(resets).toBeGreaterThan(5);
  expect(countsOf(bench.routing).stable).toMatchObject({ requests: 50, errors: 0 });
});

test("a caller that leaves in the middle of its request or soon after counts nowhere", async () => {
  bench.routing.setSplit(100);
  const half = connect(bench.port, "127.0.0.1");
  half.write("POST /predict HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\nabc");
  await sleep(50);
  half.destroy();
  const streamed = connect(bench.port, "127.0.0.1");
  streamed.write("POST /predict HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n");
  await sleep(50);
  streamed.destroy();
  let asked = false;
  bench.on.candidate = () => {
    asked = true;
  };
  const waiting = request({ port: bench.port, path: "/predict" }).end();
  waiting.on("error", () => {});
  await until(() => asked);
  waiting.destroy();
  await until(() => countsOf(bench.routing).left.candidate === 2 && bench.candidate.inFlight === 0);
  expect(countsOf(bench.routing).candidate).toEqual({ requests: 0, errors: 0, nan: 0 });
});

test("a caller that gave up after waiting counts as a timeout", async () => {
  bench.on.stable = () => {};
  const waiting = request({ port: bench.port, path: "/predict" }).end();
  waiting.on("error", () => {});
  await sleep(1_100);
  waiting.destroy();
  await until(() => countsOf(bench.routing).stable.errors === 1);
});

test("a body that never comes holds no release", async () => {
  const sockets = Array.from({ length: 50 }, () => connect(bench.port, "127.0.0.1"));
  for (const socket of sockets) {
    socket.on("error", () => {});
    socket.write("POST /predict HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\na");
  }
  await sleep(50);
  expect(bench.stable.inFlight).toBe(0);
  expect((await bench.call()).status).toBe(200);
  for (const socket of sockets) socket.destroy();
});

test("a caller that streams too slowly gets 408, not a failure of the release", async () => {
  const text = await bench.raw(
    "POST /predict HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n",
  );
  expect(text).toContain("408");
  expect(countsOf(bench.routing).stable).toMatchObject({ requests: 0, errors: 0 });
  expect(countsOf(bench.routing).left.stable).toBe(1);
});

test("a caller that reads too slowly is no failure of the release", async () => {
  bench.on.stable = (_, response) => response.end(Buffer.alloc(20_000_000));
  const socket = connect(bench.port, "127.0.0.1");
  socket.write("GET /predict HTTP/1.1\r\nhost: x\r\n\r\n");
  socket.pause();
  await until(() => countsOf(bench.routing).left.stable + countsOf(bench.routing).stable.requests === 1);
  expect(countsOf(bench.routing).stable.errors).toBe(0);
  socket.destroy();
});

test("what is not HTTP, or too much of it, ends at the proxy", async () => {
  let asked = 0;
  bench.on.stable = (_, response) => {
    asked += 1;
    response.end();
  };
  expect(await bench.raw("nonsense\r\n\r\n")).toContain("400");
  expect(await bench.raw(`GET / HTTP/1.1\r\nhost: x\r\nx-long: ${"a".repeat(40_000)}\r\n\r\n`)).toContain(
    "431",
  );
  const both =
    "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n";
  expect(await bench.raw(both)).toContain("400");
  expect(await bench.raw("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n")).toContain("400");
  expect(await bench.raw("GET /a\u0001b HTTP/1.1\r\nhost: x\r\n\r\n")).toContain("400");
  expect(asked).toBe(0);
  expect((await bench.call()).status).toBe(200);
});

test("no header or path that a client can send brings the proxy down", async () => {
  const byte = fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code));
  const line = fc.array(byte, { maxLength: 40 }).map((bytes) => bytes.join(""));
  await fc.assert(
    fc.asyncProperty(line, line, line, async (path, name, value) => {
      const head = `GET /${path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\nx${name}: ${value}\r\n\r\n`;
      await bench.raw(Buffer.from(`${head}GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`, "latin1"));
      expect((await bench.call()).status).toBe(200);
    }),
    { numRuns: 60 },
  );
  expect(bench.stable.inFlight).toBe(0);
});

test("a switch under load fails no request and leaves none in the old process", async () => {
  let running = true;
  let answered = 0;
  const load = Array.from({ length: 16 }, async () => {
    while (running) {
      expect((await bench.call({ body: "{}" })).status).toBe(200);
      answered += 1;
    }
  });
  for (let i = 0; i < 40; i++) {
    bench.routing.setSplit(i % 2 === 0 ? 100 : 0);
    await sleep(5);
  }
  bench.routing.setSplit(0);
  await sleep(100);
  expect(bench.candidate.inFlight).toBe(0);
  running = false;
  await Promise.all(load);
  expect(answered).toBeGreaterThan(100);
});
