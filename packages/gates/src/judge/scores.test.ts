import { describe, expect, it } from "vitest";
import { judge, wealthOverTime, whyNotOnline } from "../judge.ts";
import { parseGate } from "../language.ts";
import type { Observation, SideCounts } from "../types.ts";
import { one, prove, seen, side } from "./asking.testing.ts";
import { type Behaviour, healthy, observe, randomFrom, rollout } from "./traffic.testing.ts";

const gate = "score_drift <= 0.1";
const scored = (mean: number, sd = 1): Behaviour => ({ ...healthy, scores: { mean, sd } });

function play(
  stable: Behaviour | ((window: number) => Behaviour),
  candidate: Behaviour | ((window: number) => Behaviour),
  change: Partial<Parameters<typeof rollout>[0]> = {},
  seed = 1,
): Observation[] {
  const windows = rollout({
    weights: [10],
    windowsPerStep: 60,
    perWindow: 500,
    stable,
    candidate,
    ...change,
  });
  return observe(windows, randomFrom(seed));
}

const spread = (counts: number[], bounds = [0.25, 0.5, 0.75]): SideCounts => ({
  ...side(counts.reduce((sum, count) => sum + count, 0)),
  scores: { bounds, counts },
});

describe("score drift", () => {
  it("is proven to be small for equal releases, and refuted where it is large", () => {
    const same = one(gate, play(scored(0), scored(0)));
    expect(same).toMatchObject({ verdict: "pass", baseline: null, bound: 0.1 });
    expect(same.interval?.[1]).toBeLessThan(0.1);
    expect(same.reason).toMatch(
      /^score_drift 0\.0\d+ \(\d+ scores against \d+\): shown to be within 0\.1 at 95 %/,
    );
    // Normal logits half a standard deviation apart are 2Φ(.25) − 1 = .197 apart.
    const other = one(gate, play(scored(0), scored(0.5)));
    expect(other.verdict).toBe("fail");
    expect(other.observed).toBeCloseTo(0.197, 1);
    expect(other.interval?.[0]).toBeGreaterThan(0.1);
    expect(other.interval?.[1]).toBeGreaterThan(0.19);
  });

  it("sees a shift in either direction, and one of spread alone", () => {
    for (const candidate of [scored(1), scored(-1), scored(0, 4), scored(0, 0.1)]) {
      expect(one(gate, play(scored(0), candidate)).verdict).toBe("fail");
    }
  });

  it("is the Kolmogorov-Smirnov distance at the buckets' bounds", () => {
    // Shares up to the three bounds: .1, .5, .9 against .4, .5, .7.
    const verdict = one(gate, [seen(0, spread([100, 400, 400, 100]), spread([40, 10, 20, 30]))]);
    expect(verdict.observed).toBeCloseTo(0.3, 12);
  });

  it("is observed as the mean over windows, each weighted by how exactly it says it", () => {
    const half = (n: number, above: number) => [n * (1 - above), n * above];
    const sums = (left: number[], right: number[]) => left.map((count, i) => count + (right[i] ?? 0));
    const large = { stable: half(1000, 0.2), candidate: half(1000, 0.5) };
    const small = { stable: half(20, 0.9), candidate: half(20, 0.4) };
    const verdict = one(gate, [
      seen(0, spread(large.stable, [0.5]), spread(large.candidate, [0.5])),
      seen(
        1,
        spread(sums(large.stable, small.stable), [0.5]),
        spread(sums(large.candidate, small.candidate), [0.5]),
      ),
    ]);
    expect(verdict.observed).toBeCloseTo((500 * 0.3 - 10 * 0.5) / 510, 10);
  });

  it("is not misled by scores that change over the day while weights change", () => {
    const evening = (window: number) => scored(window < 30 ? 0 : 2);
    const observations = play(evening, evening, { weights: [10, 50], windowsPerStep: 30 });
    const verdict = one(gate, observations);
    expect(verdict.verdict).toBe("pass");
    expect(verdict.observed).toBeLessThan(0.05);
    // Pooled, the two are far apart: the candidate served mostly in the evening.
    const last = observations.at(-1) as Observation & { ok: true };
    const share = ({ scores }: SideCounts) => {
      const counts = scores?.counts ?? [];
      return counts.slice(0, 70).reduce((sum, n) => sum + n, 0) / counts.reduce((sum, n) => sum + n, 0);
    };
    expect(share(last.stable) - share(last.candidate)).toBeGreaterThan(0.1);
  });

  it("counts only windows in which both sides had scores", () => {
    const alone = [
      seen(1, spread([500, 0, 0, 0]), spread([0, 0, 0, 0])),
      seen(2, spread([500, 0, 0, 0]), spread([0, 0, 0, 500])),
    ];
    expect(one(gate, alone)).toMatchObject({ verdict: "inconclusive", observed: null });
  });

  it("joins windows that are too small to say anything alone", () => {
    // Each side had its ten requests in windows of its own.
    const turns = Array.from({ length: 400 }, (_, turn) => {
      const [before, after] = [Math.ceil(turn / 2), Math.floor(turn / 2)];
      return seen(
        turn,
        spread([3, 3, 2, 2].map((n) => n * before)),
        spread([3, 3, 2, 2].map((n) => n * after)),
      );
    });
    expect(one(gate, turns)).toMatchObject({ verdict: "pass", observed: 0 });
  });

  it("holds each direction apart when a bound's rarer side changes", () => {
    // The candidate has .25 more above the only bound, first among few, then among many.
    const totals = { stable: [0, 0], candidate: [0, 0] };
    const observations = Array.from({ length: 80 }, (_, window) => {
      const late = window >= 40;
      for (const [side, above] of [
        ["stable", late ? 70 : 20],
        ["candidate", late ? 95 : 45],
      ] as const) {
        totals[side] = [(totals[side][0] ?? 0) + 100 - above, (totals[side][1] ?? 0) + above];
      }
      return seen(window, spread(totals.stable, [0.5]), spread(totals.candidate, [0.5]));
    });
    const verdict = one("score_drift <= 0.2", observations);
    expect(verdict.observed).toBeCloseTo(0.25, 10);
    expect(verdict.interval?.[0]).toBeLessThan(0.25);
    expect(verdict.interval?.[1]).toBeGreaterThan(0.25);
    expect(verdict.verdict).not.toBe("pass");
  });

  it("begins with all its money and no more", () => {
    const [wealth] = wealthOverTime([parseGate(gate)], play(scored(0), scored(0)), prove);
    // Nothing is known of the deciles before the first window, so nothing was bet.
    expect(wealth?.points[0]?.fail).toBeCloseTo(0, 10);
  });

  it("keeps what was shown when stable has no traffic any more", () => {
    const observations = play(scored(0), scored(0), { weights: [20, 100], windowsPerStep: 30 });
    expect(one(gate, observations).verdict).toBe("pass");
    const open = one(gate, play(scored(0), scored(0), { weights: [20, 100], windowsPerStep: 2 }));
    expect(open).toMatchObject({
      verdict: "inconclusive",
      settle: expect.stringContaining("no traffic any more"),
    });
  });

  it("forecasts the requests that it needs", () => {
    const early = one(gate, play(scored(0), scored(0), { windowsPerStep: 8 }));
    expect(early.verdict).toBe("inconclusive");
    expect(early.settle).toMatch(
      /about [\d,]+ more candidate requests .* would show it to be within the bound/,
    );
  });

  it.each<[string, SideCounts, SideCounts, string]>([
    ["none", side(900), side(100), "no score histogram"],
    ["null", { ...side(900), scores: null }, spread([25, 25, 25, 25]), "no score histogram"],
    ["other buckets", spread([1, 1, 1, 1]), spread([1, 1, 1, 1], [0.2, 0.5, 0.75]), "different buckets"],
    ["no buckets", spread([900], []), spread([100], []), "has no bounds"],
    ["bounds that fall", spread([1, 1, 1, 1], [0.5, 0.4, 0.9]), spread([1, 1, 1, 1]), "do not rise"],
    ["no counts", spread([1, 1, 1, Number.NaN]), spread([1, 1, 1, 1]), "not-a-number"],
  ])("with %s is inconclusive by name under every rule", (_, stable, candidate, reason) => {
    for (const rule of ["prove", "refute", "estimate"] as const) {
      const verdict = one(gate, [seen(0, stable, candidate)], { ...prove, rule });
      expect(verdict).toMatchObject({ verdict: "inconclusive", reason: expect.stringContaining(reason) });
    }
  });

  it("does not mix counts of other buckets with those before", () => {
    const before = seen(0, spread([25, 25, 25, 25]), spread([25, 25, 25, 25]));
    const other = (n: number) => spread([n, n, n, n], [0.1, 0.2, 0.3]);
    const verdicts = [before, seen(1, other(50), other(50)), seen(2, other(90), other(90))];
    expect(one(gate, verdicts).reason).toContain("other buckets than at the first look");
  });

  it("is bounded by a number, and never proven to be 0", () => {
    expect(whyNotOnline({ ...parseGate(gate), bound: { kind: "baseline", factor: 1, offset: 0 } })).toContain(
      "already",
    );
    const nought = one("score_drift <= 0", play(scored(0), scored(0)));
    expect(nought).toMatchObject({
      verdict: "inconclusive",
      settle: expect.stringContaining("distance of 0"),
    });
  });

  it("refutes a candidate right at the bound, and passes one beyond it, in at most 5 % of rollouts", () => {
    // 2Φ(.2513/2) − 1 = .1; 2Φ(.28/2) − 1 = .111.
    let refuted = 0;
    let passed = 0;
    const runs = 30;
    for (let run = 0; run < runs; run++) {
      const change = { weights: [10, 50], windowsPerStep: 15, perWindow: 600 };
      refuted += one(gate, play(scored(0), scored(0.2513), change, 100 + run)).verdict === "fail" ? 1 : 0;
      const [wealth] = wealthOverTime(
        [parseGate(gate)],
        play(scored(0), scored(0.28), change, 500 + run),
        prove,
      );
      const ever = wealth?.points.some(({ pass }) => pass >= wealth.needed.pass);
      passed += ever ? 1 : 0;
    }
    // 5 % of 30, and three standard errors.
    expect(refuted).toBeLessThanOrEqual(5);
    expect(passed).toBeLessThanOrEqual(5);
  });

  it("judges beside other gates, each with its part of α", () => {
    const gates = [parseGate(gate), parseGate("error_rate <= baseline + 0.01")];
    const verdicts = judge(gates, play(scored(0), scored(0)), prove);
    expect(verdicts.map(({ verdict }) => verdict)).toEqual(["pass", "pass"]);
    expect(verdicts[0]?.wealth.failNeeded).toBeCloseTo(Math.log(40), 10);
  });
});
