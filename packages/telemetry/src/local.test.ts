import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type RequestListener, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { localTelemetry } from "./local.ts";

let directory: string;
let socket: string;
let server: Server;
let handler: RequestListener;

const side = (requests: number) => ({
  requests,
  errors: 1,
  nan: 0,
  latency: { boundsMs: [1, 2], counts: [requests, 0, 0] },
  scores: { bounds: [0.5], counts: [requests, 0] },
});
const report = {
  at: 5,
  stableDigest: "sha256:s",
  candidateDigest: "sha256:c",
  routed: { stable: side(90), candidate: side(10) },
  mirrored: { stable: side(7), candidate: side(6) },
  mirrorDropped: { busy: 0, tooLarge: 0 },
};
const answer =
  (body: unknown, status = 200): RequestListener =>
  (_, response) =>
    response.writeHead(status).end(typeof body === "string" ? body : JSON.stringify(body));

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "ml-t-"));
  socket = join(directory, "admin.sock");
  server = createServer((request, response) => handler(request, response));
  await new Promise<void>((resolve) => server.listen(socket, resolve));
});
afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await rm(directory, { recursive: true });
});

const observe = () => localTelemetry({ socket }).observe("sha256:s", "sha256:c");

test("the counts of both sides are what the proxy counted", async () => {
  handler = answer(report);
  expect(await observe()).toEqual({ at: 5, ok: true, stable: side(90), candidate: side(10) });
  const mirrored = localTelemetry({ socket, traffic: "mirrored" });
  expect(await mirrored.observe("sha256:s", "sha256:c")).toMatchObject({
    ok: true,
    stable: { requests: 7 },
    candidate: { requests: 6 },
  });
});

test.each([
  ["another candidate", { ...report, candidateDigest: "sha256:x" }, "ambiguous"],
  ["no rollout", { ...report, stableDigest: null, candidateDigest: null }, "ambiguous"],
  ["no request yet", { ...report, routed: { stable: side(5), candidate: side(0) } }, "no-traffic"],
  ["a count that is none", { ...report, routed: { stable: side(-1), candidate: side(1) } }, "not-a-number"],
  [
    "a count that is null",
    { ...report, routed: { stable: { requests: null }, candidate: side(1) } },
    "not-a-number",
  ],
  ["something else", [], "not-a-number"],
])("%s is named and not taken for counts", async (_, body, problem) => {
  handler = answer(body);
  expect(await observe()).toMatchObject({ ok: false, problem });
});

test.each([
  ["an error", answer({}, 500)],
  ["no JSON", answer("<html>")],
  ["a reset", (request: Parameters<RequestListener>[0]) => request.socket.destroy()],
] as const)("%s is an outage", async (_, given) => {
  handler = given;
  expect(await observe()).toMatchObject({ ok: false, problem: "outage" });
});

test("nobody at the socket is an outage", async () => {
  server.close();
  expect(await observe()).toMatchObject({
    ok: false,
    problem: "outage",
    detail: expect.stringContaining(socket),
  });
});
