import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { directProbe } from "./guard-ask.ts";
import { probeServer } from "./guard-probe.ts";

const digest = `sha256:${"a".repeat(64)}`;
const servers: Server[] = [];
const seen: string[] = [];
let target: string;
let guard: string;

async function listening(server: Server): Promise<string> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

beforeAll(async () => {
  let count = 0;
  target = await listening(
    createServer(({ method, url, headers }, response) => {
      seen.push(`${method} ${headers.host} ${url}`);
      if (url === "/names") response.setHeader("x-ml-release", count++ % 4 === 0 ? digest : "<script>");
      if (url === "/away") response.statusCode = 503;
      response.end("secret");
    }),
  );
  guard = await listening(probeServer([target, "flights.ml.svc", "127.0.0.2"], directProbe));
});
afterAll(() => {
  for (const server of servers) server.close().closeAllConnections();
});

async function post(body: unknown, path = "/probe", method = "POST") {
  const answer = await fetch(`http://${guard}${path}`, {
    method,
    ...(method === "POST" && { body: typeof body === "string" ? body : JSON.stringify(body) }),
  });
  return { status: answer.status, text: await answer.text() };
}

describe("the guard's probe", () => {
  it("counts who answers, with the host that it is told", async () => {
    const { status, text } = await post({
      url: `http://${target}`,
      host: "flights.example",
      path: "/names",
      count: 40,
    });
    expect(status).toBe(200);
    // A name that is no digest is nobody's.
    expect(JSON.parse(text)).toEqual({ counts: { [digest]: 10, "": 30 } });
    expect(new Set(seen)).toEqual(new Set(["GET flights.example /names"]));
  });

  it("says in brackets why nobody answered", async () => {
    const away = await post({ url: `http://${target}`, path: "/away", count: 2 });
    expect(JSON.parse(away.text)).toEqual({ counts: { "[503]": 2 } });
    const gone = await post({ url: "http://127.0.0.2:1", path: "/", count: 1 });
    expect(JSON.parse(gone.text)).toEqual({ counts: { "[ECONNREFUSED]": 1 } });
  });

  it("asks nobody but the hosts that it was given, and gives nothing of an answer out", async () => {
    const before = seen.length;
    const url = `http://${target}`;
    for (const other of [
      "http://169.254.169.254",
      "http://127.0.0.1:1",
      `https://${target}`,
      `http://user:password@${target}`,
      `http://flights.ml.svc.evil.example`,
      "file:///etc/passwd",
      "",
    ]) {
      expect(await post({ url: other, path: "/", count: 1 }), other).toMatchObject({ status: 403 });
    }
    for (const odd of [
      { url, path: "no-slash", count: 1 },
      { url, path: "/\r\nx: y", count: 1 },
      { url, path: "/", host: "a\r\nb", count: 1 },
      { url, path: "/", count: 1e9 },
      { url, path: "/", count: 1, method: "DELETE" },
      { url, path: "/", count: 1, extra: true },
      "not json",
      "x".repeat(20_000),
    ]) {
      expect(await post(odd), JSON.stringify(odd).slice(0, 80)).toMatchObject({ status: 400 });
    }
    // Of its own path, an address has no say: `path` alone is asked.
    await post({ url: `${url}/elsewhere`, path: "//evil.example/x", count: 1 });
    expect(seen.slice(before).filter((line) => !line.includes(target))).toEqual([]);
    expect((await post(null, "/", "GET")).status).toBe(404);
  });
});
