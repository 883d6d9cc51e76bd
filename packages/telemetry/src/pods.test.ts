import { afterEach, beforeEach, expect, test } from "vitest";
import { PodServer, pageOf, proxyApi } from "./pods.testing.ts";
import { podTelemetry } from "./pods.ts";

let all: PodServer[];
let sides: { stable: PodServer[]; candidate: PodServer[] };
let notes: string[];

async function pod(name: string, page = pageOf({})): Promise<PodServer> {
  const server = await PodServer.start(name);
  server.page = page;
  all.push(server);
  return server;
}

function source() {
  return podTelemetry({
    api: proxyApi,
    pods: async () => ({
      stable: sides.stable.map(({ pod }) => pod),
      candidate: sides.candidate.map(({ pod }) => pod),
    }),
    note: (message) => notes.push(message),
    now: () => 2_000_000,
  });
}

beforeEach(async () => {
  all = [];
  notes = [];
  sides = {
    stable: [await pod("s1", pageOf({ 200: 1_000, 500: 5 })), await pod("s2", pageOf({ 200: 900 }))],
    candidate: [await pod("c1")],
  };
});
afterEach(() => Promise.all(all.map((server) => server.stop())));

const [s, c] = ["sha256:s", "sha256:c"];

test("the first look is the zero, what follows is counted, side by side", async () => {
  const telemetry = source();
  expect(await telemetry.observe(s, c)).toMatchObject({ ok: false, problem: "no-traffic" });
  (sides.stable[0] as PodServer).page = pageOf({ 200: 1_090, 404: 10, 500: 6, 503: 1 }, 0);
  (sides.stable[1] as PodServer).page = pageOf({ 200: 1_000 });
  (sides.candidate[0] as PodServer).page = pageOf({ 200: 18, 500: 2 }, 3);
  expect(await telemetry.observe(s, c)).toEqual({
    at: 2_000_000,
    ok: true,
    stable: {
      requests: 202,
      errors: 2,
      nan: 0,
      latency: { boundsMs: [10, 100], counts: [202, 0, 0] },
      scores: { bounds: [0.5], counts: [202, 0] },
    },
    candidate: {
      requests: 20,
      errors: 2,
      nan: 3,
      latency: { boundsMs: [10, 100], counts: [20, 0, 0] },
      scores: { bounds: [0.5], counts: [20, 0] },
    },
  });
  expect(notes[0]).toContain("the server of ml-actions");
});
