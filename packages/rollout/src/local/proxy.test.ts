import { createHash, randomBytes } from "node:crypto";
import { Agent, type IncomingMessage, type RequestListener, request, type Server } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import fc from "fast-check";
import { afterEach, beforeEach, expect, test } from "vitest";
import { RolloutCounts } from "./counts.ts";
import { createProxy } from "./proxy.ts";
import { Routing } from "./routing.ts";
import { type TestUpstream, testUpstream } from "./testing/upstream.ts";

const timeoutMs = 1_500;
let routing: Routing;
let proxy: Server;
let port: number;
let stable: TestUpstream;
let candidate: TestUpstream;
let onStable: RequestListener;
let onCandidate: RequestListener;
const callers = new Agent({ keepAlive: true });

const echo: RequestListener = async (incoming, response) => {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of incoming as AsyncIterable<Buffer>) chunks.push(chunk);
  } catch {
    return;
  }
  response.writeHead(200, { "content-type": "application/json", "x-many": ["a", "b"] });
  const body = Buffer.concat(chunks);
  const sha = createHash("sha256").update(body).digest("hex");
  response.end(
    JSON.stringify({ method: incoming.method, url: incoming.url, headers: incoming.headers, sha }),
  );
};

beforeEach(async () => {
  onStable = echo;
  onCandidate = echo;
  stable = await testUpstream("sha256:stable", (q, s) => onStable(q, s), timeoutMs);
  candidate = await testUpstream("sha256:candidate", (q, s) => onCandidate(q, s), timeoutMs);
  routing = new Routing();
  routing.setSides(stable, candidate);
  routing.counts = new RolloutCounts(stable.digest, candidate.digest);
  proxy = createProxy({ routing, probeToken: "secret", timeoutMs });
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  port = (proxy.address() as AddressInfo).port;
});

afterEach(() => {
  proxy.closeAllConnections();
  proxy.close();
  stable.close();
  candidate.close();
});

interface Answer {
  status: number;
  headers: IncomingMessage["headers"];
  raw: string[];
  text: string;
}

function call(
  options: { method?: string; path?: string; headers?: Record<string, string>; body?: Buffer | string } = {},
): Promise<Answer> {
  const { method = "POST", path = "/predict", headers = {}, body } = options;
  return new Promise((resolve, reject) => {
    const outgoing = request({ port, method, path, headers, agent: callers }, async (answer) => {
      const chunks: Buffer[] = [];
      try {
        for await (const chunk of answer as AsyncIterable<Buffer>) chunks.push(chunk);
      } catch (error) {
        reject(error);
      }
      const text = Buffer.concat(chunks).toString();
      resolve({ status: answer.statusCode ?? 0, headers: answer.headers, raw: answer.rawHeaders, text });
    });
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}

const counts = () => {
  const { routed, mirrored, mirrorDropped, left } = routing.counts.report();
  const short = ({ requests, errors, nan }: { requests: number; errors: number; nan: number | null }) => ({
    requests,
    errors,
    nan,
  });
  return {
    stable: short(routed.stable),
    candidate: short(routed.candidate),
    mirrored: { stable: short(mirrored.stable), candidate: short(mirrored.candidate) },
    mirrorDropped,
    left,
  };
};

async function until(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 5_000;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error("it did not come about");
    await sleep(5);
  }
}

/** Writes raw bytes and resolves with all that comes back until the connection ends. */
function raw(bytes: string | Buffer): Promise<string> {
  return new Promise((resolve) => {
    let text = "";
    const socket = connect(port, "127.0.0.1", () => socket.write(bytes));
    socket.on("data", (chunk) => {
      text += chunk.toString("latin1");
    });
    socket.on("close", () => resolve(text));
    socket.on("error", () => resolve(text));
  });
}

test.each(["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"])(
  "%s passes with its path and query",
  async (method) => {
    const { status, text, headers } = await call({
      method,
      path: "/a/b?c=%20d&e",
      body: method === "POST" ? "{}" : "",
    });
    expect(status).toBe(200);
    expect(headers["x-ml-release"]).toBe("sha256:stable");
    if (method === "HEAD") expect(text).toBe("");
    else expect(JSON.parse(text)).toMatchObject({ method, url: "/a/b?c=%20d&e" });
    expect(stable.inFlight).toBe(0);
  },
);

test.each([0, 1, 70_000, 300_000, 1_000_000, 5_000_000])(
  "a body of %s bytes arrives whole",
  async (bytes) => {
    const body = randomBytes(bytes);
    const { text } = await call({ body });
    expect(JSON.parse(text).sha).toBe(createHash("sha256").update(body).digest("hex"));
  },
);

test("a chunked body is streamed: the release hears of it before it ends", async () => {
  let heard = false;
  onStable = (incoming, response) => {
    heard = true;
    echo(incoming, response);
  };
  const outgoing = request({
    port,
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
  expect(JSON.parse(text).sha).toBe(createHash("sha256").update("beginend").digest("hex"));
});

test("an answer is streamed: the caller hears its beginning before its end", async () => {
  let finish = () => {};
  onStable = (_, response) => {
    response.write("first");
    finish = () => response.end("last");
  };
  const outgoing = request({ port, path: "/" }).end();
  const answer = await new Promise<IncomingMessage>((resolve) => outgoing.on("response", resolve));
  const first = await new Promise((resolve) => answer.once("data", resolve));
  expect(String(first)).toBe("first");
  finish();
  for await (const _ of answer);
});

test("a sound request id is kept for both sides, any other is replaced", async () => {
  const kept = await call({ headers: { "x-request-id": "run-1:a/b" } });
  expect(kept.headers["x-request-id"]).toBe("run-1:a/b");
  expect(JSON.parse(kept.text).headers["x-request-id"]).toBe("run-1:a/b");
  const bad = ["a b", "x".repeat(129), "::set-output name=a::b", "<script>", "$(id)", "a,b", "é"];
  for (const id of bad) {
    const { headers, text } = await call({ headers: { "x-request-id": id } });
    expect(headers["x-request-id"]).toMatch(/^[0-9a-f-]{36}$/);
    expect(JSON.parse(text).headers["x-request-id"]).toBe(headers["x-request-id"]);
  }
});

test("headers of one connection do not pass, others do, however often they occur", async () => {
  const { text, raw: rawHeaders } = await call({
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
  routing.setSplit(10);
  onCandidate = (incoming, response) => {
    incoming.resume();
    response.writeHead(500, { "x-ml-nan-rows": "2" }).end();
  };
  for (let i = 0; i < 1_000; i++) await call();
  const { stable: s, candidate: c } = counts();
  expect(c).toEqual({ requests: 100, errors: 100, nan: 100 });
  expect(s.errors).toBe(0);
  // Stable's counts begin with the candidate's first request, which lies in the first hundred.
  expect(s.requests).toBeGreaterThan(800);
});

test("4xx answers are the caller's fault", async () => {
  onStable = (_, response) => response.writeHead(422).end();
  expect((await call()).status).toBe(422);
  expect(counts().stable).toMatchObject({ requests: 1, errors: 0 });
});

test("operational paths are stable's and counted nowhere, probes draw their side apart", async () => {
  routing.setSplit(100);
  for (const path of ["/health", "/ready", "/metrics", "/v2/health/live", "/ready?x=1"]) {
    expect((await call({ method: "GET", path })).headers["x-ml-release"]).toBe("sha256:stable");
  }
  const probe = await call({ method: "GET", path: "/ready", headers: { "x-ml-probe": "secret" } });
  expect(probe.headers["x-ml-release"]).toBe("sha256:candidate");
  expect(counts()).toMatchObject({ stable: { requests: 0 }, candidate: { requests: 0 } });
});

test("without a release, and while one restarts, the answer is 503 and says so", async () => {
  stable.restarting = true;
  const restarting = await call();
  expect([restarting.status, restarting.headers["retry-after"]]).toEqual([503, "1"]);
  expect(JSON.parse(restarting.text).error).toMatchObject({ code: "no-release" });
  expect(counts().stable).toMatchObject({ requests: 1, errors: 1 });
  routing.setSides(null, null);
  const empty = await call();
  expect([empty.status, JSON.parse(empty.text).error.message]).toEqual([
    503,
    "no release is deployed here yet",
  ]);
});

test("a reset is 502, silence is 504, both counted as failures", async () => {
  onStable = (incoming) => incoming.socket.destroy();
  const reset = await call();
  expect(reset.status).toBe(502);
  expect(JSON.parse(reset.text).error.request_id).toBe(reset.headers["x-request-id"]);
  onStable = () => {};
  expect((await call()).status).toBe(504);
  expect(counts().stable).toEqual({ requests: 2, errors: 2, nan: 0 });
  expect(stable.inFlight).toBe(0);
});

test("an answer that breaks off reaches the caller as broken off, and counts as a failure", async () => {
  onStable = (_, response) => {
    response.writeHead(200, { "content-length": "100" });
    response.write("half", () => response.destroy());
  };
  await expect(call()).rejects.toThrow();
  expect(counts().stable).toMatchObject({ requests: 1, errors: 1 });
});

test("a kept connection that the release closed as it was reused is not the caller's trouble", async () => {
  // Answers once a connection, then resets it at the next request: the race of reuse, every time.
  const used = new WeakSet<object>();
  let resets = 0;
  onStable = (incoming, response) => {
    if (used.has(incoming.socket)) {
      resets += 1;
      incoming.socket.destroy();
      return;
    }
    used.add(incoming.socket);
    echo(incoming, response);
  };
  for (let i = 0; i < 50; i++) expect((await call({ body: "{}" })).status).toBe(200);
  expect(resets).toBeGreaterThan(5);
  expect(counts().stable).toMatchObject({ requests: 50, errors: 0 });
});

test("a caller that leaves in the middle of its request or soon after counts nowhere", async () => {
  routing.setSplit(100);
  const half = connect(port, "127.0.0.1");
  half.write("POST /predict HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\nabc");
  await sleep(50);
  half.destroy();
  const streamed = connect(port, "127.0.0.1");
  streamed.write("POST /predict HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n");
  await sleep(50);
  streamed.destroy();
  let asked = false;
  onCandidate = () => {
    asked = true;
  };
  const waiting = request({ port, path: "/predict" }).end();
  waiting.on("error", () => {});
  await until(() => asked);
  waiting.destroy();
  await until(() => counts().left.candidate === 2 && candidate.inFlight === 0);
  expect(counts().candidate).toEqual({ requests: 0, errors: 0, nan: 0 });
});

test("a caller that gave up after waiting counts as a timeout", async () => {
  onStable = () => {};
  const waiting = request({ port, path: "/predict" }).end();
  waiting.on("error", () => {});
  await sleep(1_100);
  waiting.destroy();
  await until(() => counts().stable.errors === 1);
});

test("a body that never comes holds no release", async () => {
  const sockets = Array.from({ length: 50 }, () => connect(port, "127.0.0.1"));
  for (const socket of sockets) {
    socket.on("error", () => {});
    socket.write("POST /predict HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\na");
  }
  await sleep(50);
  expect(stable.inFlight).toBe(0);
  expect((await call()).status).toBe(200);
  for (const socket of sockets) socket.destroy();
});

test("a caller that streams too slowly gets 408, not a failure of the release", async () => {
  const text = await raw(
    "POST /predict HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n",
  );
  expect(text).toContain("408");
  expect(counts().stable).toMatchObject({ requests: 0, errors: 0 });
  expect(counts().left.stable).toBe(1);
});

test("a caller that reads too slowly is no failure of the release", async () => {
  onStable = (_, response) => response.end(Buffer.alloc(20_000_000));
  const socket = connect(port, "127.0.0.1");
  socket.write("GET /predict HTTP/1.1\r\nhost: x\r\n\r\n");
  socket.pause();
  await until(() => counts().left.stable + counts().stable.requests === 1);
  expect(counts().stable.errors).toBe(0);
  socket.destroy();
});

test("what is not HTTP, or too much of it, ends at the proxy", async () => {
  let asked = 0;
  onStable = (_, response) => {
    asked += 1;
    response.end();
  };
  expect(await raw("nonsense\r\n\r\n")).toContain("400");
  expect(await raw(`GET / HTTP/1.1\r\nhost: x\r\nx-long: ${"a".repeat(40_000)}\r\n\r\n`)).toContain("431");
  const both =
    "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n";
  expect(await raw(both)).toContain("400");
  expect(await raw("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n")).toContain("400");
  expect(await raw("GET /a\u0001b HTTP/1.1\r\nhost: x\r\n\r\n")).toContain("400");
  expect(asked).toBe(0);
  expect((await call()).status).toBe(200);
});

test("no header or path that a client can send brings the proxy down", async () => {
  const byte = fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code));
  const line = fc.array(byte, { maxLength: 40 }).map((bytes) => bytes.join(""));
  await fc.assert(
    fc.asyncProperty(line, line, line, async (path, name, value) => {
      const head = `GET /${path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\nx${name}: ${value}\r\n\r\n`;
      await raw(Buffer.from(`${head}GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`, "latin1"));
      expect((await call()).status).toBe(200);
    }),
    { numRuns: 60 },
  );
  expect(stable.inFlight).toBe(0);
});

test("a switch under load fails no request and leaves none in the old process", async () => {
  let running = true;
  let answered = 0;
  const load = Array.from({ length: 16 }, async () => {
    while (running) {
      expect((await call({ body: "{}" })).status).toBe(200);
      answered += 1;
    }
  });
  for (let i = 0; i < 40; i++) {
    routing.setSplit(i % 2 === 0 ? 100 : 0);
    await sleep(5);
  }
  routing.setSplit(0);
  await sleep(100);
  expect(candidate.inFlight).toBe(0);
  running = false;
  await Promise.all(load);
  expect(answered).toBeGreaterThan(100);
});
