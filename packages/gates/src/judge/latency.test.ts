import { describe, expect, it } from "vitest";
import { wealthOverTime } from "../judge.ts";
import { parseGate } from "../language.ts";
import type { SideCounts } from "../types.ts";
import { one, play, prove, seen, side } from "./asking.testing.ts";
import { healthy } from "./traffic.testing.ts";

describe("latency from buckets", () => {
  const timed = (requests: number, counts: number[]): SideCounts => ({
    ...side(requests),
    latency: { boundsMs: [10, 25, 50, 100], counts },
  });

  it("counts a bucket that the threshold cuts through neither way, and says so", () => {
    // All slow requests lie between 25 and 50 ms; the threshold is 40 ms.
    const verdict = one("latency.p99 <= 40ms", [
      seen(0, timed(0, [0, 0, 0, 0, 0]), timed(5000, [0, 4000, 1000, 0, 0])),
    ]);
    expect(verdict).toMatchObject({
      verdict: "inconclusive",
      settle: expect.stringContaining("40 ms lies between the histogram's bounds 25 ms and 50 ms"),
    });
    expect(
      one("latency.p99 <= 50ms", [seen(0, timed(0, [0, 0, 0, 0, 0]), timed(5000, [0, 4000, 1000, 0, 0]))])
        .verdict,
    ).toBe("pass");
    expect(
      one("latency.p99 <= 25ms", [seen(0, timed(0, [0, 0, 0, 0, 0]), timed(5000, [0, 4000, 1000, 0, 0]))])
        .verdict,
    ).toBe("fail");
  });

  it("gives the observed quantile and its limits in milliseconds", () => {
    const verdict = one("latency.p50 <= 50ms", [
      seen(0, timed(0, [0, 0, 0, 0, 0]), timed(4000, [1000, 2000, 1000, 0, 0])),
    ]);
    expect(verdict.observed).toBeCloseTo(17.5, 10);
    expect(verdict.interval).toEqual([10, 25]);
    expect(verdict.reason).toContain("17.5 ms");
  });

  it("sets the threshold for a window from the windows before it alone", () => {
    const observations = play(healthy, 10, { windowsPerStep: 3, weights: [50], perWindow: 2000 });
    const gate = parseGate("latency.p99 <= baseline * 1.5");
    expect(wealthOverTime([gate], observations, prove)[0]?.points).toHaveLength(2);
    expect(one(gate.text, observations.slice(0, 1)).settle).toContain("the next window is the first");
  });

  it("reads other buckets by their own bounds, and says that they changed", () => {
    const counted = (boundsMs: number[], counts: number[]): SideCounts => ({
      ...side(counts.reduce((sum, count) => sum + count, 0)),
      latency: { boundsMs, counts },
    });
    const before = [seen(0, counted([10, 20], [900, 0, 0]), counted([10, 20], [900, 0, 0]))];
    const at = (n: number) => counted([30, 60], [0, n, 0]);
    const changed = [...before, seen(1, at(10), at(10))];
    expect(one("latency.p50 <= 100ms", changed).reason).toContain("changed its buckets");
    const after = one("latency.p50 <= baseline * 2", [...changed, seen(2, at(2010), at(2010))]);
    expect(after).toMatchObject({ observed: 45, baseline: 45, n: 2000 });
  });

  it("says when buckets are too coarse for stable's quantile", () => {
    const coarse = (n: number): SideCounts => ({
      ...side(n),
      latency: { boundsMs: [1, 1000], counts: [0, n, 0] },
    });
    const observations = [1, 2, 3].map((k) => seen(k, coarse(9000 * k), coarse(1000 * k)));
    expect(one("latency.p99 <= baseline * 1.5", observations).settle).toContain("too coarse");
  });
});
