/** Against real servers: what callers get is stable's, whatever the candidate does. */
import { randomBytes } from "node:crypto";
import { Agent, createServer, type RequestListener, request, type Server } from "node:http";
import { connect, createServer as createTcpServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { askMany } from "../local/testing/load.ts";
import { bodyOf, shaOf, until } from "../local/testing/proxy-bench.ts";
import { type RunningProxy, serveMirror } from "./mirror-proxy.ts";
import type { MirrorSettings } from "./mirror-proxy-settings.ts";

// Both sides have the same port, as Services have it: so the candidate has another address of this machine.
const hosts = { stable: "127.0.0.1", candidate: "127.0.0.2" };

interface Copy {
  id: string;
  sha: string;
  url: string;
}
let servers: Server[] = [];
let on: { stable: RequestListener; candidate: RequestListener };
let copies: Copy[];
let proxy: RunningProxy;
let url: string;
let settings: MirrorSettings;

const collect: RequestListener = async (incoming, response) => {
  const body = await bodyOf(incoming).catch(() => null);
  if (body === null) return;
  copies.push({ id: String(incoming.headers["x-request-id"]), sha: shaOf(body), url: String(incoming.url) });
  response.end("candidate");
};
const original: RequestListener = async (incoming, response) => {
  const body = await bodyOf(incoming).catch(() => null);
  if (body === null) return;
  response.writeHead(200, { "x-ml-release": "sha256:stable", "x-own": "kept" });
  response.end(JSON.stringify({ sha: shaOf(body), headers: incoming.headers, who: "stable" }));
};

async function start(percent = 100, tcpPorts: number[] = []): Promise<void> {
  settings = {
    ...{ percent, ...hosts, httpPort: portOf(servers[0] as Server), tcpPorts },
    ...{ readyPort: 1, readyPath: "/ready", drainMs: 200 },
  };
  proxy = await serveMirror(settings, () => 0);
  url = `http://127.0.0.1:${proxy.ports.get(settings.httpPort)}`;
}

const portOf = (server: Server) => (server.address() as { port: number }).port;
const readyUrl = (path: string) => `http://127.0.0.1:${proxy.ports.get(settings.readyPort)}${path}`;

beforeEach(async () => {
  copies = [];
  on = { stable: original, candidate: collect };
  servers = [createServer((q, s) => on.stable(q, s)), createServer((q, s) => on.candidate(q, s))];
  const [stable, candidate] = servers as [Server, Server];
  await new Promise<void>((resolve) => stable.listen(0, hosts.stable, resolve));
  await new Promise<void>((resolve) => candidate.listen(portOf(stable), hosts.candidate, resolve));
});
afterEach(() => {
  proxy.stop();
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
});

interface Given {
  body?: Buffer | string;
  headers?: Record<string, string>;
  path?: string;
}

function call({ body = "{}", headers = {}, path = "/predict" }: Given = {}) {
  return new Promise<{ status: number; headers: Record<string, unknown>; text: string }>(
    (resolve, reject) => {
      const asked = request(`${url}${path}`, { method: "POST", headers, agent: false }, async (answer) => {
        const text = (await bodyOf(answer)).toString();
        resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text });
      });
      asked.on("error", reject);
      asked.end(body);
    },
  );
}

const idle = () => until(() => Object.values(proxy.held()).every((each) => each === 0));

describe("the mirroring proxy", () => {
  it("answers with stable's answer as it is, and copies body, path and id", async () => {
    await start();
    const body = randomBytes(100_000);
    const headers = { "x-request-id": "one", "x-forwarded-proto": "https", "x-forwarded-host": "shop" };
    const answer = await call({ body, headers, path: "/v2/models/flights/infer?x=1" });
    expect(answer).toMatchObject({
      status: 200,
      headers: { "x-ml-release": "sha256:stable", "x-own": "kept", "x-request-id": "one" },
    });
    expect(JSON.parse(answer.text)).toMatchObject({
      sha: shaOf(body),
      headers: {
        "x-forwarded-proto": "https",
        "x-forwarded-host": "shop",
        "x-forwarded-for": expect.stringMatching(/127/),
      },
    });
    await until(() => copies.length === 1);
    expect(copies).toEqual([{ id: "one", sha: shaOf(body), url: "/v2/models/flights/infer?x=1" }]);
  });

  it("gives a request without an id one, the same on both sides", async () => {
    await start();
    const { text } = await call();
    await until(() => copies.length === 1);
    const { headers } = JSON.parse(text) as { headers: Record<string, string> };
    expect(headers["x-request-id"]).toMatch(/^[0-9a-f-]{36}$/);
    expect(copies[0]?.id).toBe(headers["x-request-id"]);
  });

  it("copies the share that it was told, of predictions alone", async () => {
    await start(25);
    for (let count = 0; count < 200; count++) await call();
    for (const path of ["/ready", "/health", "/metrics"]) await call({ path });
    await idle();
    expect(copies).toHaveLength(50);
  });

  it.each<[string, RequestListener]>([
    ["hangs", () => {}],
    ["resets", (incoming) => incoming.socket.destroy()],
    ["fails", (_, response) => response.writeHead(500).end()],
    ["answers without end", (_, response) => void response.write("x".repeat(1000))],
  ])("delays and fails nobody when the candidate %s", async (_, candidate) => {
    on.candidate = candidate;
    await start();
    const begun = performance.now();
    const load = await askMany(url, 300, 16);
    expect(load.failures).toEqual([]);
    expect(performance.now() - begun).toBeLessThan(5_000);
  });

  it("loses copies alone when the candidate takes no connection", async () => {
    servers[1]?.close();
    await start();
    expect((await askMany(url, 100)).failures).toEqual([]);
    await idle();
    expect(proxy.counts().report().mirrored.candidate).toMatchObject({ requests: 100, errors: 100 });
  });

  it("drops copies over its bounds, counts them, and says so", async () => {
    on.candidate = () => {};
    await start();
    await askMany(url, 100, 20);
    const big = { body: randomBytes(3_000_000) };
    expect(JSON.parse((await call(big)).text)).toMatchObject({ sha: shaOf(big.body) });
    await until(() => proxy.counts().report().mirrorDropped.tooLarge === 1);
    expect(proxy.counts().report().mirrorDropped).toEqual({ busy: 36, tooLarge: 1 });
    const text = await (await fetch(readyUrl("/metrics"))).text();
    expect(text).toContain('ml_mirror_dropped_total{reason="busy"} 36');
    expect(text).toContain('ml_mirror_dropped_total{reason="too_large"} 1');
  });

  it("copies streamed bodies, and holds nothing of callers that left in the middle", async () => {
    await start();
    const headers = { "transfer-encoding": "chunked" };
    const body = randomBytes(700_000);
    await call({ headers, body });
    await until(() => copies.length === 1);
    expect(copies[0]?.sha).toBe(shaOf(body));
    for (const framing of [headers, { "content-length": "1000000" }, { "content-length": "50000" }]) {
      const asked = request(`${url}/predict`, { method: "POST", headers: framing, agent: false });
      asked.on("error", () => {});
      asked.write(randomBytes(20_000));
      await sleep(50);
      asked.destroy();
    }
    await idle();
    expect(copies).toHaveLength(1);
  });

  it("holds nothing after 10,000 requests", { timeout: 60_000 }, async () => {
    await start();
    await askMany(url, 2_000, 32);
    await idle();
    const before = process.memoryUsage().rss;
    expect((await askMany(url, 8_000, 32)).failures).toEqual([]);
    await idle();
    const { mirrored, mirrorDropped } = proxy.counts().report();
    expect(mirrored.candidate.requests + mirrorDropped.busy).toBe(10_000);
    // Servers, callers and proxy are one process here: a body kept per request would be far more.
    expect(process.memoryUsage().rss - before).toBeLessThan(120 * 1024 * 1024);
  });
});

describe("what is no request to copy", () => {
  it("passes an upgraded connection to stable, and none of it to the candidate", async () => {
    servers[0]?.on("upgrade", (incoming, socket, head) => {
      socket.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: ${incoming.headers.upgrade}\r\n\r\n`);
      socket.write(head);
      socket.pipe(socket);
    });
    await start();
    const socket = connect(proxy.ports.get(settings.httpPort) as number, "127.0.0.1");
    socket.write("GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nhello");
    let seen = "";
    socket.on("data", (chunk) => {
      seen += chunk;
    });
    await until(() => seen.endsWith("\r\n\r\nhello"));
    socket.destroy();
    expect(seen).toMatch(/^HTTP\/1.1 101/);
    expect(copies).toEqual([]);
  });

  it("passes stable's other ports to it", async () => {
    const other = createTcpServer((socket) => void socket.pipe(socket));
    await new Promise<void>((resolve) => other.listen(0, hosts.stable, resolve));
    const { port } = other.address() as { port: number };
    await start(100, [port]);
    const socket = connect(proxy.ports.get(port) as number, "127.0.0.1");
    socket.end(Buffer.alloc(500_000, 1));
    let bytes = 0;
    socket.on("data", (chunk) => {
      bytes += chunk.length;
    });
    await until(() => bytes === 500_000);
    other.close();
  });
});

describe("coming and going", () => {
  it("is ready once stable has answered, and not before", async () => {
    on.stable = (incoming) => incoming.socket.destroy();
    await start();
    expect((await fetch(readyUrl("/ready"))).status).toBe(503);
    expect((await fetch(readyUrl("/alive"))).status).toBe(200);
    on.stable = original;
    await expect.poll(async () => (await fetch(readyUrl("/ready"))).status).toBe(200);
  });

  it("drains without a failed request: it serves on, and every answer ends its connection", async () => {
    on.stable = async (incoming, response) => {
      await sleep(300);
      original(incoming, response);
    };
    await start();
    const agent = new Agent({ keepAlive: true });
    const load = askMany(url, 16, 16);
    await sleep(100);
    const drained = proxy.drain();
    const late = call();
    expect((await load).failures).toEqual([]);
    expect((await late).headers.connection).toBe("close");
    await drained;
    agent.destroy();
    await expect(call()).rejects.toThrow(/ECONNREFUSED/);
  });
});
