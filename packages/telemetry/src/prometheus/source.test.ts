import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { pageOf } from "../pods.testing.ts";
import type { Sides } from "./family-watch.ts";
import { SmallPrometheus } from "./prometheus.testing.ts";
import { httpPrometheus, servicePrometheus } from "./reach.ts";
import { prometheusTelemetry } from "./source.ts";

let prometheus: SmallPrometheus;
let sides: Sides;
let notes: string[];
let said: string[];
const [s, c] = ["sha256:s", "sha256:c"];

const source = () =>
  prometheusTelemetry({
    prometheus: httpPrometheus(prometheus.url),
    sides: async () => sides,
    note: (message) => notes.push(message),
    say: (message) => said.push(message),
    now: () => prometheus.nowSeconds * 1000,
  });

const target = (pod: string, more: Record<string, string> = {}) => ({
  job: "pods",
  instance: `10.0.0.1:8080-${pod}`,
  namespace: "ns",
  pod,
  ...more,
});
/** All are scraped at this moment, `laterSeconds` after the last. */
function scrape(pages: Record<string, string>, laterSeconds = 15): void {
  prometheus.nowSeconds += laterSeconds;
  for (const [pod, page] of Object.entries(pages)) prometheus.scrape(target(pod), page);
}
const counted = (stable: number, candidate: number) => ({
  ok: true,
  stable: { requests: stable },
  candidate: { requests: candidate },
});

beforeEach(async () => {
  prometheus = await SmallPrometheus.start();
  notes = [];
  said = [];
  sides = {
    stable: { namespace: "ns", workload: "flights", pods: ["s1", "s2"] },
    candidate: { namespace: "ns", workload: "flights-candidate", pods: ["c1"] },
  };
});
afterEach(() => prometheus.stop());

describe("raw samples of pods", () => {
  beforeEach(() => {
    scrape({ s1: pageOf({ 200: 990 }), s2: pageOf({ 200: 90 }), c1: pageOf({}) });
    scrape({ s1: pageOf({ 200: 1_000 }), s2: pageOf({ 200: 100 }), c1: pageOf({}) });
  });

  test("are counted from the last scrape before the first look, to the last one now", async () => {
    const telemetry = source();
    expect(await telemetry.observe(s, c)).toMatchObject({ problem: "no-traffic" });
    scrape({ s1: pageOf({ 200: 1_005 }), s2: pageOf({ 200: 103 }), c1: pageOf({ 200: 2 }) });
    scrape({
      s1: pageOf({ 200: 1_010, 500: 1 }),
      s2: pageOf({ 200: 104 }),
      c1: pageOf({ 200: 3, 503: 1 }, 1),
    });
    expect(await telemetry.observe(s, c)).toEqual({
      at: prometheus.nowSeconds * 1000,
      ok: true,
      stable: {
        ...{ requests: 15, errors: 1, nan: 0, latency: { boundsMs: [10, 100], counts: [15, 0, 0] } },
        scores: { bounds: [0.5], counts: [15, 0] },
      },
      candidate: {
        ...{ requests: 4, errors: 1, nan: 1, latency: { boundsMs: [10, 100], counts: [4, 0, 0] } },
        scores: { bounds: [0.5], counts: [4, 0] },
      },
    });
    // Nothing new: nothing is counted twice.
    expect(await telemetry.observe(s, c)).toMatchObject(counted(15, 4));
    expect(notes).toEqual([]);
    expect(said).toEqual([expect.stringMatching(/the server of ml-actions, from http:\/\/127/)]);
    expect(prometheus.queries.at(-1)).toMatch(/namespace=~"ns",pod=~"s1\|s2\|c1"\}\[150s\]$/);
  });

  test("tell stable's past by the pods' own start, and of targets that have none nothing", async () => {
    const seconds = prometheus.nowSeconds - 1_000;
    const past = await source().past?.(s, c);
    expect(past?.counts.requests).toBe(1_100);
    expect(past?.requestsPerSecond).toBeCloseTo(1_100 / seconds, 10);
    const unaged = (page: string) => page.replace(/process_start_time_seconds .*/, "");
    sides.stable.pods = ["s3"];
    scrape({ s3: unaged(pageOf({ 200: 10 })) });
    expect(await source().past?.(s, c)).toBeNull();
  });

  test("show restarts between two looks, pods that came and went, and scrapes that came in late", async () => {
    const telemetry = source();
    await telemetry.observe(s, c);
    scrape({ s1: pageOf({ 200: 1_010 }), s2: pageOf({ 200: 101 }), c1: pageOf({ 200: 5 }) });
    // Restarted, and beyond where it was before by the next look.
    scrape({ s1: pageOf({ 200: 1_010 }), c1: pageOf({ 200: 6 }, 0, 10_040) });
    sides.stable.pods = ["s1", "s3"];
    scrape({
      s1: pageOf({ 200: 1_010 }),
      s3: pageOf({ 200: 7 }, 0, 10_050),
      c1: pageOf({ 200: 9 }, 0, 10_040),
    });
    expect(await telemetry.observe(s, c)).toMatchObject(counted(10 + 1 + 7, 5 + 9));
    prometheus.nowSeconds -= 1;
    prometheus.scrape(target("s3"), pageOf({ 200: 8 }, 0, 10_050));
    prometheus.nowSeconds += 1;
    expect(await telemetry.observe(s, c)).toMatchObject(counted(18, 14));
    scrape({
      s1: pageOf({ 200: 1_010 }),
      s3: pageOf({ 200: 10 }, 0, 10_050),
      c1: pageOf({ 200: 9 }, 0, 10_040),
    });
    expect(await telemetry.observe(s, c)).toMatchObject(counted(21, 14));
  });

  test("that end while the pods are there are an outage", async () => {
    const telemetry = source();
    await telemetry.observe(s, c);
    scrape({ s1: pageOf({ 200: 1_010 }), s2: pageOf({ 200: 101 }), c1: pageOf({ 200: 5 }) });
    await telemetry.observe(s, c);
    scrape({ s1: pageOf({ 200: 1_020 }), s2: pageOf({ 200: 102 }) }, 160);
    expect(await telemetry.observe(s, c)).toMatchObject({
      problem: "outage",
      detail: expect.stringContaining("no scrape of 1 of 1 of candidate in the last 150 s: c1"),
    });
  });

  test("of a pod that is scraped twice are ambiguous, with the labels that differ", async () => {
    prometheus.scrape(target("c1", { job: "again", endpoint: "http" }), pageOf({}));
    expect(await source().observe(s, c)).toMatchObject({
      problem: "ambiguous",
      detail: expect.stringContaining("c1 is in Prometheus as 2 targets, which differ in endpoint, job"),
    });
  });

  test("that are NaN are no counts", async () => {
    const telemetry = source();
    await telemetry.observe(s, c);
    scrape({ s1: pageOf({ 200: 1_010 }), s2: pageOf({ 200: 101 }), c1: pageOf({ 200: Number.NaN }) });
    expect(await telemetry.observe(s, c)).toMatchObject({
      problem: "not-a-number",
      detail: expect.stringContaining("candidate: c1"),
    });
  });

  test("are found under other names of the same labels, and through the API server", async () => {
    const other = await SmallPrometheus.start();
    const relabelled = (pod: string) => ({ kubernetes_namespace: "ns", kubernetes_pod_name: pod });
    for (const pod of ["s1", "s2", "c1"]) other.scrape(relabelled(pod), pageOf({ 200: 1 }));
    const asked: unknown[] = [];
    const telemetry = prometheusTelemetry({
      prometheus: servicePrometheus(
        {
          proxy: async ({ path, ...to }) => {
            asked.push(to);
            const answer = await fetch(other.url + path);
            return { status: answer.status, headers: {}, text: await answer.text() };
          },
        },
        { namespace: "monitoring", service: "prometheus", port: 9090 },
      ),
      sides: async () => sides,
      now: () => other.nowSeconds * 1000,
    });
    expect(await telemetry.observe(s, c)).toMatchObject({ problem: "no-traffic" });
    for (const pod of ["s1", "s2", "c1"]) {
      other.nowSeconds += 1;
      other.scrape(relabelled(pod), pageOf({ 200: 3 }));
    }
    expect(await telemetry.observe(s, c)).toMatchObject(counted(4, 2));
    expect(asked[0]).toMatchObject({
      kind: "services",
      namespace: "monitoring",
      name: "prometheus",
      port: 9090,
    });
    await other.stop();
  });
});

describe("a mesh", () => {
  const istio = (workload: string, pod: string, codes: Record<string, number>) => {
    const labels = `reporter="destination",destination_workload_namespace="ns",destination_workload="${workload}"`;
    const page = Object.entries(codes).map(
      ([code, count]) => `istio_requests_total{${labels},response_code="${code}"} ${count}\n`,
    );
    prometheus.scrape({ job: "envoy", instance: pod, pod, namespace: "ns" }, page.join(""));
  };

  test("is taken where the pods say nothing; what the candidate had before it was first seen counts", async () => {
    istio("flights", "s1", { 200: 500, 503: 5 });
    istio("flights", "s2", { 200: 400 });
    const telemetry = source();
    expect(await telemetry.observe(s, c)).toMatchObject({
      problem: "no-traffic",
      detail: expect.stringContaining("Stable is counted by Istio; the candidate is not yet"),
    });
    prometheus.nowSeconds += 15;
    istio("flights", "s1", { 200: 590, 503: 5 });
    istio("flights-candidate", "c1", { 200: 8, 500: 2 });
    expect(await telemetry.observe(s, c)).toMatchObject({
      ok: true,
      stable: { requests: 90, errors: 0, nan: null },
      candidate: { requests: 10, errors: 2 },
    });
  });
});

describe("a Prometheus that does not answer as it should", () => {
  const success = (data: unknown, more = {}) => ({
    status: 200,
    text: JSON.stringify({ status: "success", data, ...more }),
  });
  test.each<[string, ReturnType<SmallPrometheus["instead"]>, string, RegExp]>([
    ["resets", "reset", "outage", /did not answer/],
    ["is another server", { status: 200, text: "<html>log in</html>" }, "outage", /something else.*log in/],
    ["breaks off", { status: 200, text: '{"status":"success","data":{"resultT' }, "outage", /something else/],
    ["wants a token", { status: 401, text: "" }, "outage", /refuses us \(401\)/],
    ["redirects", { status: 302, text: "" }, "outage", /redirects \(302\)/],
    [
      "refuses",
      { status: 422, text: '{"status":"error","errorType":"execution","error":"too many\\nsamples"}' },
      "outage",
      /refuses the query \(execution\): too many samples/,
    ],
    [
      "lacks a part",
      success({ resultType: "matrix", result: [] }, { warnings: ["store gateway-2 unavailable"] }),
      "outage",
      /lacks a part of its data: store gateway-2/,
    ],
    [
      "is empty",
      success({ resultType: "matrix", result: [] }),
      "outage",
      /no series that count requests of stable/,
    ],
    [
      "has native histograms alone",
      success({ resultType: "matrix", result: [{ metric: { __name__: "h" }, histograms: [] }] }),
      "ambiguous",
      /native histogram/,
    ],
    [
      "gives words for numbers",
      success({ resultType: "matrix", result: [{ metric: {}, values: [[1, "many"]] }] }),
      "not-a-number",
      /"many"/,
    ],
  ])("%s: a problem with its name", async (_, answer, problem, detail) => {
    prometheus.instead = () => answer;
    expect(await source().observe(s, c)).toMatchObject({
      ok: false,
      problem,
      detail: expect.stringMatching(detail),
    });
  });

  test("is asked again at the next look", async () => {
    prometheus.instead = () => "reset";
    const telemetry = source();
    await telemetry.observe(s, c);
    prometheus.instead = () => null;
    scrape({ s1: pageOf({ 200: 1 }), s2: pageOf({ 200: 1 }), c1: pageOf({ 200: 1 }) });
    expect(await telemetry.observe(s, c)).toMatchObject({ problem: "no-traffic" });
    scrape({ s1: pageOf({ 200: 2 }), s2: pageOf({ 200: 2 }), c1: pageOf({ 200: 3 }) });
    expect(await telemetry.observe(s, c)).toMatchObject(counted(2, 2));
  });

  test("never shows the token", async () => {
    const token = "eyJ-secret";
    const at = (url: string) =>
      prometheusTelemetry({ prometheus: httpPrometheus(url, { token }), sides: async () => sides });
    prometheus.instead = () => ({ status: 403, text: "no" });
    const refused = await at(prometheus.url).observe(s, c);
    expect(prometheus.headers[0]).toBe(`Bearer ${token}`);
    const down = await at("http://127.0.0.1:1").observe(s, c);
    for (const observation of [refused, down]) {
      expect(observation).toMatchObject({ problem: "outage" });
      expect(JSON.stringify(observation)).not.toContain(token);
    }
  });
});

test.each([
  ["ftp://prometheus", /http or https/],
  ["prometheus:9090", /http or https/],
  ["https://me:s3cret@prometheus", /a user or a password/],
  ["https://prometheus/?token=s3cret", /`\?`/],
])("the address %s is refused, and not shown", (url, message) => {
  expect(() => httpPrometheus(url)).toThrow(message);
  expect(() => httpPrometheus(url)).not.toThrow(/s3cret/);
});

test("a token with a line end is refused, and not shown", () => {
  const wrong = () => httpPrometheus("http://localhost", { token: "s3cret\n" });
  expect(wrong).toThrow(expect.objectContaining({ code: "invalid" }));
  expect(wrong).not.toThrow(/s3cret/);
});
