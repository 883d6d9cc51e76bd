import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { judge } from "../judge.ts";
import type { Observation } from "../types.ts";
import { defaults, one, prove, seen, side } from "./asking.testing.ts";

describe("missing data", () => {
  const good = [seen(10_000, side(9000), side(1000)), seen(20_000, side(18_000), side(6000))];

  it.each(["outage", "no-traffic", "ambiguous", "not-a-number"] as const)(
    "%s is inconclusive by name, with how long it lasts",
    (problem) => {
      const verdict = one("error_rate <= 0.01", [
        ...good,
        { at: 50_000, ok: false, problem, detail: "line one\nline two" },
        { at: 60_000, ok: false, problem, detail: "line one\nline two" },
      ]);
      expect(verdict.verdict).toBe("inconclusive");
      expect(verdict.reason).toContain(
        `for 40 s (${problem}: line one line two); before that error_rate 0 (0 of 6000)`,
      );
      expect(verdict.observed).toBe(0);
      expect(verdict.settle).toBeUndefined();
    },
  );

  it("does not undo a refutation", () => {
    const bad = [
      seen(0, side(9000), side(1000, 500)),
      { at: 1, ok: false, problem: "outage", detail: "" } as const,
    ];
    expect(one("error_rate <= 0.01", bad).verdict).toBe("fail");
  });

  it("is over as soon as the counts are back", () => {
    const gap = { at: 30_000, ok: false, problem: "outage", detail: "" } as const;
    expect(one("error_rate <= 0.01", [...good, gap, seen(40_000, side(19_000), side(7000))]).verdict).toBe(
      "pass",
    );
  });

  it("a counter that goes backwards is named, and counting goes on from there", () => {
    const restarted = seen(30_000, side(18_500), side(10));
    const at = one("error_rate <= 0.01", [...good, restarted]);
    expect(at).toMatchObject({
      verdict: "inconclusive",
      reason: expect.stringContaining("candidate went backwards"),
    });
    const after = one("error_rate <= 0.01", [...good, restarted, seen(40_000, side(19_000), side(510))]);
    expect(after).toMatchObject({ verdict: "pass", n: 6500 });
  });

  it.each([
    ["error_rate <= 0.01", side(1000, Number.NaN), "not-a-number"],
    ["error_rate <= 0.01", side(1000, -1), "not-a-number"],
    ["error_rate <= 0.01", side(1000, 1001), "ambiguous"],
    ["error_rate <= 0.01", side(Number.POSITIVE_INFINITY), "not-a-number"],
    ["nan_rate <= 0.01", side(1000, 0, null), "does not count NaN"],
    ["latency.p99 <= 50ms", { ...side(1000), latency: null }, "no latency histogram"],
    [
      "latency.p99 <= 50ms",
      { ...side(1000), latency: { boundsMs: [10, 5], counts: [1, 1, 1] } },
      "do not rise",
    ],
    ["latency.p99 <= 50ms", { ...side(1000), latency: { boundsMs: [10, 50], counts: [1, 1] } }, "do not fit"],
  ])("%s of %o is inconclusive: %s", (gate, candidate, reason) => {
    for (const rule of ["prove", "refute", "estimate"] as const) {
      const verdict = one(gate, [seen(0, side(9000), candidate)], { ...prove, rule });
      expect(verdict).toMatchObject({ verdict: "inconclusive", reason: expect.stringContaining(reason) });
    }
  });

  it("of nothing at all, nothing is said", () => {
    expect(one("error_rate <= 0.01", []).reason).toContain("nothing has been observed yet");
    expect(one("error_rate <= baseline", [seen(0, side(0), side(50))]).reason).toContain(
      "stable has had no request",
    );
    expect(one("error_rate <= baseline", [seen(0, side(50), side(0))]).reason).toContain(
      "reached the candidate",
    );
  });

  it("never crashes and never passes on what a broken source may send", () => {
    const count = fc.oneof(fc.integer({ min: -5, max: 2000 }), fc.constantFrom(Number.NaN, Infinity, 1e308));
    const anySide = fc.record({
      requests: count,
      errors: count,
      nan: fc.option(count),
      latency: fc.option(
        fc.record({ boundsMs: fc.array(count, { maxLength: 4 }), counts: fc.array(count, { maxLength: 5 }) }),
      ),
    });
    const anyObservation: fc.Arbitrary<Observation> = fc.oneof(
      fc.record({ at: fc.integer(), ok: fc.constant(true as const), stable: anySide, candidate: anySide }),
      fc.record({
        at: fc.integer(),
        ok: fc.constant(false as const),
        problem: fc.constantFrom("outage", "no-traffic", "ambiguous", "not-a-number"),
        detail: fc.string(),
      }),
    );
    fc.assert(
      fc.property(fc.array(anyObservation, { maxLength: 6 }), (observations) => {
        for (const verdict of judge(defaults, observations, prove)) {
          expect(verdict.progress).toBeGreaterThanOrEqual(0);
          expect(verdict.progress).toBeLessThanOrEqual(1);
          const { wealth, observed, baseline, bound, interval, n } = verdict;
          const numbers = [...Object.values(wealth), observed, baseline, bound, ...(interval ?? []), n];
          expect(numbers.filter((number) => number !== null && !Number.isFinite(number))).toEqual([]);
          if (observations.at(-1)?.ok === false) {
            expect(verdict.verdict).not.toBe("pass");
          }
        }
      }),
      { numRuns: 300, seed: 1 },
    );
  });
});
