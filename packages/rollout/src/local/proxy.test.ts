import { randomBytes } from "node:crypto";
import { type IncomingMessage, request } from "node:http";
import { afterEach, beforeEach, expect, test } from "vitest";
import { countsOf, createProxyBench, echo, type ProxyBench, shaOf, until } from "./testing/proxy-bench.ts";

let bench: ProxyBench;

beforeEach(async () => {
  bench = await createProxyBench();
});
afterEach(() => bench.close());

test.each(["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"])(
  "%s passes with its path and query",
  async (method) => {
    const { status, text, headers } = await bench.call({
      method,
      path: "/a/b?c=%20d&e",
      body: method === "POST" ? "{}" : "",
    });
    expect(status).toBe(200);
    expect(headers["x-ml-release"]).toBe("sha256:stable");
    if (method === "HEAD") expect(text).toBe("");
    else expect(JSON.parse(text)).toMatchObject({ method, url: "/a/b?c=%20d&e" });
    expect(bench.stable.inFlight).toBe(0);
  },
);

test.each([0, 1, 70_000, 300_000, 1_000_000, 5_000_000])(
  "a body of %s bytes arrives whole",
  async (bytes) => {
    const body = randomBytes(bytes);
    const { text } = await bench.call({ body });
    expect(JSON.parse(text).sha).toBe(shaOf(body));
  },
);

test("a chunked body is streamed: the release hears of it before it ends", async () => {
  let heard = false;
  bench.on.stable = (incoming, response) => {
    heard = true;
    echo(incoming, response);
  };
  const outgoing = request({
    port: bench.port,
    method: "POST",
    path: "/predict",
    headers: { "transfer-encoding": "chunked" },
  });
  outgoing.write("begin");
  await until(() => heard);
  outgoing.end("end");
  const answer = await new Promise<IncomingMessage>((resolve) => outgoing.on("response", resolve));
  let text = "";
  for await (const chunk of answer) text += chunk;
  expect(JSON.parse(text).sha).toBe(shaOf("beginend"));
});

test("an answer is streamed: the caller hears its beginning before its end", async () => {
  let finish = () => {};
  bench.on.stable = (_, response) => {
    response.write("first");
    finish = () => response.end("last");
  };
  const outgoing = request({ port: bench.port, path: "/" }).end();
  const answer = await new Promise<IncomingMessage>((resolve) => outgoing.on("response", resolve));
  const first = await new Promise((resolve) => answer.once("data", resolve));
  expect(String(first)).toBe("first");
  finish();
  for await (const _ of answer);
});

test("a sound request id is kept for both sides, any other is replaced", async () => {
  const kept = await bench.call({ headers: { "x-request-id": "run-1:a/b" } });
  expect(kept.headers["x-request-id"]).toBe("run-1:a/b");
  expect(JSON.parse(kept.text).headers["x-request-id"]).toBe("run-1:a/b");
  const bad = ["a b", "x".repeat(129), "::set-output name=a::b", "<script>", "$(id)", "a,b", "é"];
  for (const id of bad) {
    const { headers, text } = await bench.call({ headers: { "x-request-id": id } });
    expect(headers["x-request-id"]).toMatch(/^[0-9a-f-]{36}$/);
    expect(JSON.parse(text).headers["x-request-id"]).toBe(headers["x-request-id"]);
  }
});

test("headers of one connection do not pass, others do, however often they occur", async () => {
  const { text, raw: rawHeaders } = await bench.call({
    headers: {
      connection: "keep-alive, x-secret, content-length, host",
      "x-secret": "1",
      te: "trailers",
      "proxy-authorization": "Basic x",
      "x-ml-probe": "guess",
      "x-forwarded-for": "10.0.0.1",
      "x-other": "kept",
    },
    body: "abc",
  });
  const { headers } = JSON.parse(text);
  for (const name of ["x-secret", "te", "proxy-authorization", "x-ml-probe"])
    expect(headers).not.toHaveProperty(name);
  expect(headers).toMatchObject({
    "x-other": "kept",
    "content-length": "3",
    "x-forwarded-for": "10.0.0.1, 127.0.0.1",
  });
  expect(rawHeaders.filter((_, i) => rawHeaders[i - 1]?.toLowerCase() === "x-many")).toEqual(["a", "b"]);
});

test("a split is exact and counted per side, failures and NaN rows apart", async () => {
  bench.routing.setSplit(10);
  bench.on.candidate = (incoming, response) => {
    incoming.resume();
    response.writeHead(500, { "x-ml-nan-rows": "2" }).end();
  };
  for (let i = 0; i < 1_000; i++) await bench.call();
  const { stable: s, candidate: c } = countsOf(bench.routing);
  expect(c).toEqual({ requests: 100, errors: 100, nan: 100 });
  expect(s.errors).toBe(0);
  // Stable's counts begin with the candidate's first request, which lies in the first hundred.
  expect(s.requests).toBeGreaterThan(800);
});

test("4xx answers are the caller's fault", async () => {
  bench.on.stable = (_, response) => response.writeHead(422).end();
  expect((await bench.call()).status).toBe(422);
  expect(countsOf(bench.routing).stable).toMatchObject({ requests: 1, errors: 0 });
});

test("operational paths are stable's and counted nowhere, probes draw their side apart", async () => {
  bench.routing.setSplit(100);
  for (const path of ["/health", "/ready", "/metrics", "/v2/health/live", "/ready?x=1"]) {
    expect((await bench.call({ method: "GET", path })).headers["x-ml-release"]).toBe("sha256:stable");
  }
  const probe = await bench.call({ method: "GET", path: "/ready", headers: { "x-ml-probe": "secret" } });
  expect(probe.headers["x-ml-release"]).toBe("sha256:candidate");
  expect(countsOf(bench.routing)).toMatchObject({ stable: { requests: 0 }, candidate: { requests: 0 } });
});
