import { type Outlook, patienceMs } from "@ml-actions/gates/judge/outlook";
import { healthy, noCounts } from "@ml-actions/gates/judge/traffic.testing";
import type { Observation } from "@ml-actions/gates/types";
import { describe, expect, it } from "vitest";
import { decide, type Phase } from "./decide.ts";
import { MemoryPlace } from "./memory.testing.ts";
import { type Judged, spell, whyNoLonger } from "./patience.ts";
import { candidate, planOf, play, stable } from "./play.testing.ts";
import { allWell } from "./sight.ts";
import { noTraffic } from "./totals.ts";

const minute = 60_000;
const plan = planOf({ stepTimeoutMs: 300 * minute });
const phase: Phase = { name: "step", index: 0, weight: 10, since: 0, start: noTraffic };

function open(outlook: Outlook): Judged[] {
  const gate = "nan_rate <= baseline + 0.005";
  const known = { observed: 0, baseline: 0, bound: 0.005, interval: null, n: 100 };
  return [
    { gate, metric: "nan_rate", verdict: "inconclusive", rule: "prove", reason: "open", outlook, ...known },
  ];
}

function looks(at: number, requests: number): Observation[] {
  const side = { requests, errors: 0, nan: 0, latency: null };
  return [{ at, ok: true, stable: side, candidate: side }];
}

const why = (outlook: Outlook, minutes: number, requests = 300, seenAt = minutes, given = plan) =>
  whyNoLonger(phase, open(outlook), looks(seenAt * minute, requests), minutes * minute, given);

describe("a step without a verdict", () => {
  it("needs no reason to go on for ten minutes", () => {
    expect(why({ kind: "hopeless" }, 9.9)).toBeNull();
    expect(why({ kind: "hopeless" }, 9.9, 0)).toBeNull();
  });

  it("then goes on while it may be proven in time, at the most requests that are likely to come", () => {
    // 300 in 10 minutes are hardly more than 33.5 a minute: 290 minutes bring 9,733.
    expect(why({ kind: "provable", requests: 9_700 }, 10)).toBeNull();
    expect(why({ kind: "provable", requests: 9_740 }, 10)).toMatch(
      /^after 10 min, and nan_rate .* needs 9,740/,
    );
    expect(why({ kind: "early" }, 10)).toBeNull();
  });

  it("then ends where no waiting would help, and says so", () => {
    expect(why({ kind: "hopeless" }, 10)).toContain("cannot be proven by waiting");
    expect(why({ kind: "early" }, 10, 0)).toContain("no request reached the candidate for 10 min");
    expect(why({ kind: "unread", forMs: patienceMs }, 20)).toContain("could not be read for 10 min");
    expect(why({ kind: "unread", forMs: patienceMs - 1 }, 20)).toBeNull();
    expect(why({ kind: "early" }, 20, 300, 10)).toContain("nothing could be counted for 10 min");
    expect(why({ kind: "early" }, 20, 300, 10.1)).toBeNull();
    expect(why({ kind: "early" }, 10, 300, 10, { ...plan, minSamples: 20_000 })).toContain(
      "`min-samples` needs 19,700 more",
    );
  });

  it("ends at the first look that shows a gate which nothing can prove, and says only that", async () => {
    const dead = open({ kind: "dead", why: "no buckets", remedy: "Have some" });
    const looked = looks(10_000, 3);
    for (const onInconclusive of ["restore", "hold"] as const) {
      expect(decide(phase, dead, looked, 10_000, { ...plan, onInconclusive }, allWell)).toMatchObject({
        kind: onInconclusive,
        reason: "`nan_rate <= baseline + 0.005` can never be proven here: no buckets. Have some",
      });
    }
  });

  it("ends at `step-timeout` whatever the outlook, also where that is shorter than ten minutes", () => {
    expect(why({ kind: "provable", requests: 1 }, 300)).toBe("within 5 h");
    const short = planOf({ stepTimeoutMs: minute });
    expect(why({ kind: "provable", requests: 1 }, 1, 300, 1, short)).toBe("within 1 min");
    expect(why({ kind: "hopeless" }, 0.9, 300, 0.9, short)).toBeNull();
  });
});

describe("a rollout that is given the time", () => {
  const at = async (load: number, errors: number, change: Parameters<typeof play>[1] = {}) => {
    const place = new MemoryPlace(stable);
    place.load = load;
    place.behaviours[candidate.label] = { ...healthy, errors };
    const { result } = await play(place, { stepTimeoutMs: 300 * minute, ...change });
    return { ...result, minutes: (result.endedAt - result.startedAt) / minute };
  };

  it("proves a good release that has little traffic", async () => {
    const { stage, minutes } = await at(5, healthy.errors);
    expect(stage).toBe("promoted");
    expect(minutes).toBeGreaterThan(10);
  });

  it("gives up long before `step-timeout` on one that looks no better than its bound", async () => {
    const { reason, minutes, verdict } = await at(40, 0.012);
    expect([verdict, reason]).toEqual(["inconclusive", expect.stringContaining("no verdict at 10 % after")]);
    expect(minutes).toBeLessThan(120);
  });

  it("gives up at the first look where the buckets cannot prove the gate, and a bad one is still called worse", async () => {
    const envoy = async (errors: number) => {
      const place = new MemoryPlace(stable);
      place.behaviours[candidate.label] = { ...healthy, errors };
      const prepare = place.prepare.bind(place);
      place.prepare = async (release) => {
        await prepare(release);
        const counts = noCounts([0.5, 1, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000]);
        place.counts = { stable: counts, candidate: counts };
      };
      const { result } = await play(place);
      return { ...result, tookMs: result.endedAt - result.startedAt };
    };
    const { verdict, reason, tookMs } = await envoy(healthy.errors);
    expect([verdict, tookMs]).toEqual(["inconclusive", 10_000]);
    expect(reason).toMatch(
      /^`latency.p99 <= baseline \* 1.5` can never be proven here: .* 25, 50, 100, 250 ms.* Allow `baseline \*/,
    );
    expect(await envoy(0.2)).toMatchObject({ verdict: "fail", tookMs: 10_000 });
  });

  it("gives up after ten minutes where there is far too little traffic, and says what it would take", async () => {
    const { reason, minutes } = await at(1, healthy.errors, { stepTimeoutMs: 30 * minute });
    expect(reason).toMatch(/more requests of the candidate at best, \d+ h .* leaves 20 min/);
    expect(minutes).toBeLessThan(11);
  });
});

it("times are told in two units at most", () => {
  expect([500, 12_340, 59_999, 60_000, 3_600_000, 7_830_000].map(spell)).toEqual([
    ...["0.5 s", "12.3 s", "60 s", "1 min", "1 h", "2 h 11 min"],
  ]);
});
