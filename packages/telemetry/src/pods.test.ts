import { afterEach, beforeEach, expect, test } from "vitest";
import { PodServer, pageOf, proxyApi } from "./pods.testing.ts";
import { podTelemetry } from "./pods.ts";

let all: PodServer[];
let sides: { stable: PodServer[]; candidate: PodServer[] };
let notes: string[];
let said: string[];

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
    say: (message) => said.push(message),
    now: () => 2_000_000,
  });
}

beforeEach(async () => {
  all = [];
  notes = [];
  said = [];
  sides = {
    stable: [await pod("s1", pageOf({ 200: 1_000, 500: 5 })), await pod("s2", pageOf({ 200: 900 }))],
    candidate: [await pod("c1")],
  };
});
afterEach(() => Promise.all(all.map((server) => server.stop())));

const [s, c] = ["sha256:s", "sha256:c"];

test("what stable had counted by the first look is its past, with its rate since its processes began", async () => {
  const past = await source().past?.(s, c);
  // Both began at 1,000 s, and now it is 2,000 s.
  expect(past).toMatchObject({ counts: { requests: 1_905, errors: 5 } });
  expect(past?.requestsPerSecond).toBeCloseTo(1.905, 10);
  const began = (atSeconds: number) => {
    for (const one of sides.stable) one.page = pageOf({ 200: 100 }, 0, atSeconds);
    return source().past?.(s, c);
  };
  expect(await began(1_700)).not.toBeNull();
  expect(await began(1_701)).toBeNull();
  expect(await began(0)).toBeNull();
  for (const one of sides.stable) one.page = 500;
  expect(await source().past?.(s, c)).toBeNull();
});

test("asking for the past begins no count and says nothing twice", async () => {
  const telemetry = source();
  await telemetry.past?.(s, c);
  (sides.candidate[0] as PodServer).page = pageOf({ 200: 7 });
  await telemetry.observe(s, c);
  (sides.candidate[0] as PodServer).page = pageOf({ 200: 9 });
  expect(await telemetry.observe(s, c)).toMatchObject({ ok: true, candidate: { requests: 2 } });
  expect(said).toHaveLength(1);
});

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
  expect(said).toEqual([expect.stringContaining("the server of ml-actions")]);
});

const counted = (stable: number, candidate: number) => ({
  ok: true,
  stable: { requests: stable },
  candidate: { requests: candidate },
});
const set = (side: "stable" | "candidate", index: number, page: PodServer["page"]) => {
  (sides[side][index] as PodServer).page = page;
};

test("counts go on over a restart, a pod that is gone, and a pod that is new", async () => {
  const telemetry = source();
  await telemetry.observe(s, c);
  set("stable", 0, pageOf({ 200: 1_010, 500: 5 }));
  set("candidate", 0, pageOf({ 200: 7 }));
  expect(await telemetry.observe(s, c)).toMatchObject(counted(10, 7));
  // The candidate's process restarts, one of stable's pods goes, another comes that began after the first look.
  set("candidate", 0, pageOf({ 200: 4 }, 0, 2_010));
  await (sides.stable.pop() as PodServer).stop();
  sides.stable.push(await pod("s3", pageOf({ 200: 20 }, 0, 2_005)));
  expect(await telemetry.observe(s, c)).toMatchObject(counted(30, 11));
  expect(notes).toEqual([
    expect.stringContaining("pod s2 is gone"),
    expect.stringContaining("pod c1 restarted"),
  ]);
  sides.candidate.push(await pod("c2", pageOf({ 200: 3 }, 0, 2_020)));
  expect(await telemetry.observe(s, c)).toMatchObject(counted(30, 14));
});

test("a pod that has left the list is asked as long as it answers", async () => {
  const telemetry = source();
  await telemetry.observe(s, c);
  const [leaving] = sides.candidate;
  sides.candidate = [await pod("c2", pageOf({ 200: 1 }))];
  (leaving as PodServer).page = pageOf({ 200: 5 });
  expect(await telemetry.observe(s, c)).toMatchObject(counted(0, 6));
  (leaving as PodServer).page = pageOf({ 200: 8 });
  expect(await telemetry.observe(s, c)).toMatchObject(counted(0, 9));
  (leaving as PodServer).page = 503;
  expect(await telemetry.observe(s, c)).toMatchObject(counted(0, 9));
  expect(notes.at(-1)).toContain("pod c1 is gone");
});

test("an old pod of stable that is seen later brings nothing of its past", async () => {
  const telemetry = source();
  await telemetry.observe(s, c);
  sides.stable.push(await pod("s9", pageOf({ 200: 1_000_000 }, 0, 100)));
  set("candidate", 0, pageOf({ 200: 1 }));
  expect(await telemetry.observe(s, c)).toMatchObject(counted(0, 1));
});

test("a pod of stable that is silent at the first look brings nothing of what it had by then", async () => {
  sides.stable.push(await pod("s3"));
  set("stable", 2, "reset");
  const telemetry = source();
  await telemetry.observe(s, c);
  set("stable", 2, pageOf({ 200: 50 }, 0, 1_990));
  set("candidate", 0, pageOf({ 200: 1 }));
  expect(await telemetry.observe(s, c)).toMatchObject(counted(0, 1));
});

test("one of the candidate's pods that is silent is an outage, and so is half of stable", async () => {
  const telemetry = source();
  sides.stable.push(await pod("s3"));
  await telemetry.observe(s, c);
  set("candidate", 0, pageOf({ 200: 9 }));
  set("stable", 2, "reset");
  expect(await telemetry.observe(s, c)).toMatchObject(counted(0, 9));
  set("stable", 1, 500);
  expect(await telemetry.observe(s, c)).toMatchObject({
    problem: "outage",
    detail: expect.stringMatching(/2 of 3 pods of stable gave no metrics \(s[23], s[23]\)/),
  });
  set("stable", 1, pageOf({ 200: 900 }));
  sides.candidate.push(await pod("c2"), await pod("c3"));
  set("candidate", 1, "reset");
  expect(await telemetry.observe(s, c)).toMatchObject({
    problem: "outage",
    detail: expect.stringContaining("1 of 3 pods of candidate gave no metrics (c2)"),
  });
  set("candidate", 1, pageOf({ 200: 2 }));
  set("stable", 2, pageOf({ 200: 5 }));
  expect(await telemetry.observe(s, c)).toMatchObject({ ok: true, candidate: { requests: 11 } });
});

test.each<[string, PodServer["page"], string, RegExp]>([
  ["a page of something else", "<html>hello</html>\n", "outage", /no series that count requests/],
  [
    "a server that does not count failures",
    "# TYPE request_predict_seconds histogram\n",
    "outage",
    /KServe's Python server/,
  ],
  ["a count that is NaN", pageOf({ 200: Number.NaN }), "not-a-number", /candidate: pod c1: ml_request/],
  [
    "a line that is none",
    `${pageOf({})}ml_nan_answers_total x\n`,
    "not-a-number",
    /pod c1: the line "ml_nan/,
  ],
  [
    "the same series twice",
    pageOf({ 200: 1 }) + pageOf({ 200: 1 }),
    "ambiguous",
    /pod c1: the series ml_.* twice/,
  ],
  ["half a page", pageOf({ 200: 1 }).slice(0, -20), "outage", /cut off/],
  ["a refusal", 403, "outage", /answered 403/],
])("%s: the candidate is not judged by it", async (_, page, problem, detail) => {
  set("candidate", 0, page);
  expect(await source().observe(s, c)).toMatchObject({
    ok: false,
    problem,
    detail: expect.stringMatching(detail),
  });
});

test("a pod of other buckets than the others' is ambiguous", async () => {
  const telemetry = source();
  await telemetry.observe(s, c);
  sides.candidate.push(await pod("c2", pageOf({ 200: 1 }).replaceAll('le="0.1"', 'le="0.2"')));
  set("candidate", 0, pageOf({ 200: 1 }));
  expect(await telemetry.observe(s, c)).toMatchObject({
    problem: "ambiguous",
    detail: expect.stringMatching(/candidate: the latency/),
  });
});

test("pods that cannot be listed, and a candidate without pods, are told", async () => {
  const telemetry = podTelemetry({
    api: proxyApi,
    pods: () => Promise.reject(new Error("forbidden: list pods")),
  });
  expect(await telemetry.observe(s, c)).toMatchObject({
    problem: "outage",
    detail: expect.stringMatching(/forbidden: list pods/),
  });
  sides.candidate = [];
  expect(await source().observe(s, c)).toMatchObject({ problem: "no-traffic" });
});

test("another pair of releases begins at zero", async () => {
  const telemetry = source();
  await telemetry.observe(s, c);
  set("candidate", 0, pageOf({ 200: 9 }));
  expect(await telemetry.observe(s, c)).toMatchObject(counted(0, 9));
  expect(await telemetry.observe(s, "sha256:other")).toMatchObject({ problem: "no-traffic" });
});

test("a pod that hangs holds nobody up for long, and looks do not overtake each other", {
  timeout: 20_000,
}, async () => {
  const telemetry = source();
  await telemetry.observe(s, c);
  set("candidate", 0, "hang");
  const startedMs = performance.now();
  const [first, second] = await Promise.all([
    telemetry.observe(s, c),
    new Promise((resolve) => setTimeout(resolve, 500)).then(() => {
      set("candidate", 0, pageOf({ 200: 3 }));
      return telemetry.observe(s, c);
    }),
  ]);
  expect(performance.now() - startedMs).toBeLessThan(8_000);
  expect(first).toMatchObject({ problem: "outage" });
  expect(second).toMatchObject(counted(0, 3));
});
