import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { openApi } from "./api.ts";
import type { ClusterError } from "./error.ts";
import { type FakeApi, hang, refused, startFakeApi } from "./testing/fake-api.ts";
import type { ProxyTarget } from "./types.ts";

let fake: FakeApi;
beforeAll(async () => {
  fake = await startFakeApi();
});
afterAll(() => fake.close());
beforeEach(() => {
  fake.seen.length = 0;
});

const to: ProxyTarget = {
  kind: "pods",
  namespace: "ml",
  name: "flights-0",
  port: 8080,
  path: "/metrics?a=1",
};
const api = () => openApi(fake.connection, { patienceMs: 500 });

describe("requests through the API server's proxy", () => {
  it("hands on what the pod answers, whatever its status", async () => {
    fake.otherwise = (_, response) =>
      response.writeHead(503, { "x-ml-release": "sha256:1" }).end("warming up");
    expect(await api().proxy({ ...to, scheme: "https" })).toMatchObject({
      status: 503,
      text: "warming up",
      headers: { "x-ml-release": "sha256:1" },
    });
    expect(fake.seen.map(({ path }) => path)).toEqual([
      "/api/v1/namespaces/ml/pods/https:flights-0:8080/proxy/metrics?a=1",
    ]);
  });

  it.each([
    ["unreachable", 500, "InternalError", {}],
    ["unreachable", 503, "ServiceUnavailable", {}],
    ["not-found", 404, "NotFound", { name: "flights-0", kind: "pods" }],
    ["forbidden", 403, "Forbidden", {}],
  ])("is %s when the API server itself says so (%i)", async (code, status, reason, details) => {
    fake.otherwise = refused(status, reason, "error trying to reach service", details);
    const error = await api()
      .proxy(to)
      .catch((reason: ClusterError) => reason);
    expect(error).toMatchObject({ code });
    expect(fake.seen).toHaveLength(1);
  });

  it("ends in time and at its bound", async () => {
    fake.otherwise = hang;
    await expect(api().proxy({ ...to, timeoutMs: 100 })).rejects.toMatchObject({ code: "unreachable" });
    fake.otherwise = (_, response) => response.end("x".repeat(5000));
    await expect(api().proxy({ ...to, maxBytes: 1000 })).rejects.toMatchObject({ code: "too-large" });
    fake.otherwise = (_, response) => {
      const timer = setInterval(() => response.write("x"), 20);
      response.on("close", () => clearInterval(timer));
    };
    await expect(api().proxy({ ...to, timeoutMs: 300 })).rejects.toMatchObject({ code: "unreachable" });
  });

  it.each([
    "/../../../secrets",
    "/%2e%2e/x",
    "/a/..%2f..",
    "metrics",
    "/a b",
    "/a#b",
    "/\r\nx: y",
    "/é",
    "/a\\..\\b",
  ])("never leaves the pod: %j", async (path) => {
    await expect(api().proxy({ ...to, path })).rejects.toMatchObject({ code: "invalid" });
    expect(fake.seen).toHaveLength(0);
  });
});

describe("a pod's log", () => {
  const read = async (lines: AsyncIterable<string>) => {
    const all: string[] = [];
    for await (const line of lines) all.push(line);
    return all;
  };

  it("comes line by line, whatever the pieces it is sent in", async () => {
    const bytes = Buffer.from("a\n\nb é\nlast");
    fake.otherwise = (_, response) => {
      for (const byte of bytes) response.write(Buffer.from([byte]));
      response.end();
    };
    const pod = {
      namespace: "ml",
      name: "p",
      container: "c",
      sinceMs: 1_500,
      timestamps: true,
      limitBytes: 9,
    };
    expect(await read(api().podLog(pod))).toEqual(["a", "", "b é", "last"]);
    const query = new URLSearchParams(fake.seen[0]?.path.split("?")[1]);
    expect(Object.fromEntries(query)).toEqual({
      container: "c",
      sinceTime: "1970-01-01T00:00:01.000Z",
      timestamps: "true",
      limitBytes: "9",
    });
  });

  it("breaks off with an error, and hands on what came before", async () => {
    fake.otherwise = (_, response, socket) => {
      response.write("one\ntwo");
      setTimeout(() => socket.destroy(), 50);
    };
    const seen: string[] = [];
    const reading = (async () => {
      for await (const line of api().podLog({ namespace: "ml", name: "p" })) seen.push(line);
    })();
    await expect(reading).rejects.toMatchObject({ code: "unreachable" });
    expect(seen).toEqual(["one"]);
  });

  it("says why there is none", async () => {
    fake.otherwise = refused(
      400,
      "BadRequest",
      'container "c" in pod "p" is waiting to start: ContainerCreating',
    );
    await expect(read(api().podLog({ namespace: "ml", name: "p" }))).rejects.toMatchObject({
      code: "invalid",
      message: expect.stringContaining("waiting to start"),
    });
  });

  it("cuts a line that never ends", async () => {
    fake.otherwise = (_, response) => response.end("x".repeat(3 * 1024 * 1024));
    const pieces = await read(api().podLog({ namespace: "ml", name: "p" }));
    expect(pieces.join("")).toHaveLength(3 * 1024 * 1024);
    expect(Math.max(...pieces.map((piece) => piece.length))).toBeLessThanOrEqual(1024 * 1024);
  });
});
