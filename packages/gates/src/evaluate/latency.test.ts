import { describe, expect, it } from "vitest";
import { rankers } from "./models.testing.ts";
import { verdictOf, verdicts } from "./verdicts.testing.ts";

describe("latency", () => {
  const rows = rankers(400, 9);
  const times = Float64Array.from({ length: 400 }, (_, i) => 10 + (i % 40));

  it("is judged by order statistics", () => {
    const found = verdicts("latency.p95 <= 50ms [prove]\nlatency.p50 <= 20ms", {
      ...rows,
      latencyMs: { candidate: times },
    });
    expect(found.map(({ verdict, observed }) => [verdict, observed])).toEqual([
      ["pass", 47],
      ["fail", 29],
    ]);
    expect(found[0]?.reason).toContain("latency.p95 is 47ms, at most 50ms was asked for");
  });

  it("without values enough for its quantile is not proven", () => {
    const verdict = verdictOf("latency.p99.9 <= 50ms [prove]", { ...rows, latencyMs: { candidate: times } });
    expect(verdict).toMatchObject({
      verdict: "inconclusive",
      interval: null,
      settle: "need 2,995 rows, have 400",
    });
  });

  it("is compared with the baseline's", () => {
    const latencyMs = { candidate: times.map((ms) => ms * 2), baseline: times };
    const found = verdicts("latency.p50 <= baseline * 1.5\nlatency.p50 <= baseline * 2.5 [prove]", {
      ...rows,
      latencyMs,
    });
    expect(found.map(({ verdict }) => verdict)).toEqual(["fail", "pass"]);
    expect(found[0]?.bound).toBe(29 * 1.5);
  });

  it("that was not measured, or is no time, is inconclusive", () => {
    expect(verdictOf("latency.p95 <= 50ms", rows)).toMatchObject({ verdict: "inconclusive" });
    const strange = { ...rows, latencyMs: { candidate: times.with(3, -1).with(4, Number.NaN) } };
    expect(verdictOf("latency.p95 <= 50ms", strange).reason).toContain("2 of 400 times are not times");
  });
});
