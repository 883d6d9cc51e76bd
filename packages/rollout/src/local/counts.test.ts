import { expect, test } from "vitest";
import { bucketOf, latencyBoundsMs, RolloutCounts, Side } from "./counts.ts";

test("bounds reach from 0.5 ms to 60 s in steps of at most 10 %", () => {
  expect(latencyBoundsMs[0]).toBe(0.5);
  expect(latencyBoundsMs.at(-1)).toBe(60_000);
  for (let i = 1; i < latencyBoundsMs.length; i++) {
    const step = (latencyBoundsMs[i] as number) / (latencyBoundsMs[i - 1] as number);
    expect(step).toBeGreaterThan(1);
    expect(step).toBeLessThan(1.1011);
  }
});

test("a latency lies at or below its bound and above the one before", () => {
  for (const ms of [0, 0.5, 0.50001, 1, 17.3, 59_999, 60_000]) {
    const bucket = bucketOf(ms);
    expect(ms).toBeLessThanOrEqual(latencyBoundsMs[bucket] as number);
    if (bucket > 0) expect(ms).toBeGreaterThan(latencyBoundsMs[bucket - 1] as number);
  }
  expect(bucketOf(60_001)).toBe(latencyBoundsMs.length);
});

test("failures, NaN answers and callers that left are told apart", () => {
  const side = new Side();
  side.add({ name: "answered", status: 200, nan: false, ms: 1 });
  side.add({ name: "answered", status: 200, nan: true, ms: 1 });
  side.add({ name: "answered", status: 404, nan: false, ms: 1 });
  side.add({ name: "answered", status: 503, nan: false, ms: 1 });
  side.add({ name: "failed" });
  side.add({ name: "left" });
  const { requests, errors, nan, latency } = side.counts();
  expect({ requests, errors, nan, left: side.left }).toEqual({ requests: 5, errors: 2, nan: 1, left: 1 });
  expect(latency?.counts.reduce((sum, n) => sum + n, 0)).toBe(4);
});

test("stable's counts begin with the candidate's first request, and late answers from before stay out", () => {
  const counts = new RolloutCounts("sha256:s", "sha256:c");
  const early = counts.stable;
  early.add({ name: "answered", status: 200, nan: false, ms: 1 });
  counts.forCandidate().add({ name: "answered", status: 200, nan: false, ms: 1 });
  early.add({ name: "failed" });
  counts.stable.add({ name: "answered", status: 200, nan: false, ms: 1 });
  counts.forCandidate().add({ name: "answered", status: 200, nan: false, ms: 1 });
  const { routed } = counts.report();
  expect([routed.stable.requests, routed.stable.errors, routed.candidate.requests]).toEqual([1, 0, 2]);
});
