import { describe, expect, it } from "vitest";
import { defaults, one, play, prove, seen, side } from "./judge/asking.testing.ts";
import { type Behaviour, healthy } from "./judge/traffic.testing.ts";
import { judge, type OnlineVerdict, wealthOverTime, whyNotOnline } from "./judge.ts";
import { parseGate, parseGates } from "./language.ts";

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

  it("loses no request of windows that are too small to say anything alone", () => {
    const trickle = Array.from({ length: 600 }, (_, look) => seen(look, side(5 * look), side(2 * look)));
    for (const gate of ["error_rate <= baseline + 0.01", "error_rate <= 0.01"]) {
      expect(one(gate, trickle)).toMatchObject({ verdict: "pass", n: 2 * 599 });
    }
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
    const [wealth] = wealthOverTime([gate], observations, prove);
    const { points = [], needed } = wealth ?? {};
    const verdict = one(gate.text, observations);
    expect(points.at(-1)?.pass).toBe(verdict.wealth.pass);
    expect(needed?.pass).toBe(verdict.wealth.passNeeded);
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
