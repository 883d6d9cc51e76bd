import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type Behaviour,
  healthy,
  observe,
  randomFrom,
  rollout,
  type Window,
} from "./judge/traffic.testing.ts";
import { type JudgeOptions, judge, type OnlineVerdict, wealthOverTime, whyNotOnline } from "./judge.ts";
import { parseGate, parseGates } from "./language.ts";
import type { Observation, SideCounts } from "./types.ts";

const defaults = parseGates(
  "error_rate <= baseline + 0.01, latency.p99 <= baseline * 1.5, nan_rate <= 0.001",
);
const prove: JudgeOptions = { rule: "prove", confidence: 0.95 };

function side(requests: number, errors = 0, nan: number | null = 0): SideCounts {
  const boundsMs = [10, 15, 20, 30, 45, 60];
  return { requests, errors, nan, latency: { boundsMs, counts: [requests - errors, 0, 0, 0, 0, 0, 0] } };
}

function seen(at: number, stable: SideCounts, candidate: SideCounts): Observation {
  return { at, ok: true, stable, candidate };
}

function one(gate: string, observations: Observation[], options = prove): OnlineVerdict {
  return judge([parseGate(gate)], observations, options)[0] as OnlineVerdict;
}

function play(
  candidate: Behaviour,
  seed: number,
  change: Partial<Parameters<typeof rollout>[0]> = {},
): Observation[] {
  const windows: Window[] = rollout({
    weights: [10, 25, 50, 100],
    windowsPerStep: 20,
    perWindow: 1000,
    stable: healthy,
    candidate,
    ...change,
  });
  return observe(windows, randomFrom(seed));
}

describe("the judge", () => {
  it("proves a good candidate on deploy's default gates", () => {
    const verdicts = judge(defaults, play(healthy, 1), prove);
    expect(verdicts.map(({ verdict }) => verdict)).toEqual(["pass", "pass", "pass"]);
    expect(verdicts.map(({ progress }) => progress)).toEqual([1, 1, 1]);
  });

  it.each([
    ["error_rate", { ...healthy, errors: 0.05 }],
    ["latency.p99", { ...healthy, medianMs: 40 }],
    ["nan_rate", { ...healthy, nan: 0.05 }],
  ])("refutes a candidate that breaks %s, and only that", (metric, candidate) => {
    const verdicts = judge(defaults, play(candidate, 2), prove);
    expect(verdicts.filter(({ verdict }) => verdict === "fail").map((verdict) => verdict.metric)).toEqual([
      metric,
    ]);
    const failed = verdicts.find(({ verdict }) => verdict === "fail") as OnlineVerdict;
    expect(failed.refutedAt).toBeLessThanOrEqual(200_000);
    expect(failed.reason).toContain("shown to be beyond");
    expect(failed.interval?.[0]).toBeGreaterThan(failed.bound as number);
  });

  it("has intervals that say the same as its verdicts", () => {
    for (const verdict of judge(defaults, play(healthy, 3), prove).filter(
      ({ metric }) => metric !== "latency.p99",
    )) {
      expect(verdict.interval?.[1]).toBeLessThan(verdict.bound as number);
    }
    const open = one("error_rate <= baseline + 0.01", [seen(0, side(900, 2), side(100, 0))]);
    expect(open.verdict).toBe("inconclusive");
    expect(open.interval?.[1]).toBeGreaterThan(open.bound as number);
  });

  it("catches seven bad points among ten good ones", () => {
    // Seven of ten points a hundred times slower: a rank test over points lets this pass.
    const slow = (window: number) => (window % 10 < 7 ? { ...healthy, medianMs: 2000 } : healthy);
    const verdicts = judge(defaults, play(healthy, 4, { candidate: slow }), prove);
    expect(verdicts[1]?.verdict).toBe("fail");
  });

  it("catches a candidate that turns bad after stable has lost its traffic", () => {
    const late = (window: number) => (window < 65 ? healthy : { ...healthy, errors: 0.05, medianMs: 60 });
    const verdicts = judge(defaults, play(healthy, 5, { candidate: late }), prove);
    expect(verdicts.slice(0, 2).map(({ verdict }) => verdict)).toEqual(["fail", "fail"]);
    expect(verdicts[0]?.refutedAt).toBeGreaterThan(650_000);
  });

  it("is not misled when the service is slower or fails more while the candidate has a larger share", () => {
    const trend = (window: number): Behaviour => ({
      ...healthy,
      errors: window < 40 ? 0.001 : 0.03,
      medianMs: window < 40 ? 20 : 60,
    });
    const gates = parseGates("error_rate <= baseline * 1.2, latency.p99 <= baseline * 1.2");
    const verdicts = judge(
      gates,
      play(healthy, 6, { stable: trend, candidate: trend, weights: [10, 25, 50, 75] }),
      prove,
    );
    expect(verdicts.map(({ verdict }) => verdict)).not.toContain("fail");
  });

  it("is pure: the same observations give the same verdicts", () => {
    const observations = play({ ...healthy, errors: 0.02 }, 7);
    const copy = structuredClone(observations);
    expect(judge(defaults, observations, prove)).toEqual(judge(defaults, copy, prove));
    expect(observations).toEqual(copy);
  });

  it("keeps a refutation once made, as calling it after every observation would", () => {
    const early = (window: number) => (window < 5 ? { ...healthy, errors: 0.3 } : healthy);
    const observations = play(healthy, 8, { candidate: early });
    const [verdict] = judge(defaults, observations, prove);
    expect(verdict?.verdict).toBe("fail");
    expect(verdict?.progress).toBe(1);
    const until = observations.filter(({ at }) => at <= (verdict?.refutedAt ?? 0));
    expect(judge(defaults, until, prove)[0]?.verdict).toBe("fail");
    expect(judge(defaults, until.slice(0, -1), prove)[0]?.verdict).not.toBe("fail");
  });

  it("shows its e-values over time, ending where the verdict stands", () => {
    const observations = play(healthy, 9);
    const gate = parseGate("error_rate <= baseline + 0.01");
    const { points, needed } = wealthOverTime(gate, [gate], observations, prove);
    const verdict = one(gate.text, observations);
    expect(points.at(-1)?.pass).toBe(verdict.wealth.pass);
    expect(needed.pass).toBe(verdict.wealth.passNeeded);
    expect(points.map(({ at }) => at)).toEqual(points.map(({ at }) => at).sort((a, b) => a - b));
  });
});

describe("the decision rules", () => {
  const few = [seen(0, side(180), side(20))];

  it("prove: passes only what is shown", () => {
    expect(one("error_rate <= 0.01", few).verdict).toBe("inconclusive");
    expect(one("error_rate <= 0.01", [seen(0, side(900), side(600))]).verdict).toBe("pass");
  });

  it("refute: passes what is not refuted, once there is data", () => {
    expect(one("error_rate <= 0.01 [refute]", few).verdict).toBe("pass");
    expect(one("error_rate <= 0.01 [refute]", [seen(0, side(180), side(20, 15))]).verdict).toBe("fail");
    expect(one("error_rate <= 0.01 [refute]", [seen(0, side(180), side(0))]).verdict).toBe("inconclusive");
  });

  it("estimate: looks at the value alone", () => {
    expect(one("error_rate <= 0.01 [estimate]", few).verdict).toBe("pass");
    expect(one("error_rate <= 0.05 [estimate]", [seen(0, side(180), side(20, 1))]).verdict).toBe("pass");
    expect(one("error_rate < 0.05 [estimate]", [seen(0, side(180), side(20, 1))]).verdict).toBe("fail");
    expect(one("error_rate <= baseline [estimate]", [seen(0, side(180), side(20, 1))]).verdict).toBe("fail");
  });

  it("refutes a bound of 0 by one event and says that it cannot be proven", () => {
    expect(one("nan_rate <= 0", [seen(0, side(900), side(100, 0, 1))]).verdict).toBe("fail");
    const clean = one("nan_rate <= 0", [seen(0, side(900), side(100))]);
    expect(clean).toMatchObject({
      verdict: "inconclusive",
      settle: expect.stringContaining("can prove a rate of 0"),
    });
  });
});

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

describe("what cannot be judged online", () => {
  it.each([
    ["auc >= baseline - 0.01", "cannot be had from live counts"],
    ["error_rate{carrier=UA} <= 0.1", "not kept by slice"],
  ])("%s is inconclusive with the reason", (gate, reason) => {
    expect(one(gate, play(healthy, 1))).toMatchObject({
      verdict: "inconclusive",
      reason: expect.stringContaining(reason),
    });
    expect(whyNotOnline(parseGate(gate))).toContain(reason);
  });

  it("a gate from below is refused, however it came about", () => {
    const gate = { ...parseGate("error_rate <= 0.1"), comparison: ">=" as const };
    expect(judge([gate], play(healthy, 1), prove)[0]?.verdict).toBe("inconclusive");
  });

  it("a confidence that is none is refused", () => {
    expect(() => judge(defaults, [], { ...prove, confidence: 1 })).toThrow(RangeError);
  });
});

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
    expect(wealthOverTime(gate, [gate], observations, prove).points).toHaveLength(2);
    expect(one(gate.text, observations.slice(0, 1)).settle).toContain("the next window is the first");
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

describe("the forecast", () => {
  it("comes true: the requests it names settle the gate", () => {
    const start = [seen(0, side(900, 2), side(100, 0))];
    const first = one("error_rate <= baseline + 0.01", start);
    const more = Number(/about ([\d,]+) more/.exec(first.settle ?? "")?.[1]?.replace(",", ""));
    const times = (100 + more) / 100;
    const later = one("error_rate <= baseline + 0.01", [
      seen(0, side(900 * times, 2 * times), side(100 * times, 0)),
    ]);
    expect(later.verdict).toBe("pass");
    const half = (100 + more / 2) / 100;
    const before = one("error_rate <= baseline + 0.01", [
      seen(0, side(900 * half, 2 * half), side(100 * half, 0)),
    ]);
    expect(before.verdict).toBe("inconclusive");
  });

  it("says so when no number of requests would do", () => {
    const verdict = one("error_rate <= 0.01", [seen(0, side(9000), side(1000, 10))]);
    expect(verdict.settle).toContain("no number of requests");
  });
});

describe("over many rollouts", () => {
  const runs = 80;

  /** Share of seeded rollouts in which any gate is ever refuted. The verdict keeps a refutation, so looking once at
   * the end is looking after every interval. */
  function refuted(
    candidate: Behaviour | ((w: number) => Behaviour),
    stable = candidate,
    perWindow = 300,
  ): number {
    let count = 0;
    for (let run = 0; run < runs; run++) {
      const observations = play(healthy, 1000 + run, { candidate, stable, perWindow, windowsPerStep: 10 });
      count += judge(defaults, observations, prove).some(({ verdict }) => verdict === "fail") ? 1 : 0;
    }
    return count / runs;
  }

  it("equal releases are refuted in at most 5 %", () => {
    expect(refuted(healthy)).toBeLessThanOrEqual(0.05);
  });

  it("a candidate right at all its bounds is refuted in at most 5 %", () => {
    // 5 % of 80, and three standard errors.
    expect(refuted({ errors: 0.012, nan: 0.001, medianMs: 30, sigma: 0.4 }, healthy)).toBeLessThanOrEqual(
      0.12,
    );
  });

  it("a candidate just beyond one bound passes all gates in at most 5 %", () => {
    let passed = 0;
    for (let run = 0; run < runs; run++) {
      const observations = play({ ...healthy, errors: 0.0121 }, 2000 + run, { windowsPerStep: 10 });
      const everPassed = observations.some(
        (_, index) =>
          index % 4 === 3 &&
          judge(defaults.slice(0, 1), observations.slice(0, index + 1), prove)[0]?.verdict === "pass",
      );
      passed += everPassed ? 1 : 0;
    }
    expect(passed / runs).toBeLessThanOrEqual(0.12);
  });
});
