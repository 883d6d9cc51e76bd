import { describe, expect, it } from "vitest";
import { decide, decideOnSight } from "./decide.ts";
import type { RolloutEvent } from "./events.ts";
import { MemoryPlace } from "./memory.testing.ts";
import { planOf, play, stable } from "./play.testing.ts";
import { allWell, type Sight } from "./sight.ts";
import type { Situation } from "./target.ts";
import { noTraffic } from "./totals.ts";

const change = (place: MemoryPlace, to: Partial<Situation>) => {
  place.situation = { ...place.situation, ...to };
};
const ready = (is: boolean, ofStable = true) => ({ ready: { stable: ofStable, candidate: is } });

/** Once, so long after the candidate has its first traffic. */
function after(place: MemoryPlace, ms: number, act: () => void): (event: RolloutEvent) => void {
  let begun = false;
  return (event) => {
    if (begun || event.kind !== "done" || event.step.name !== "split") return;
    begun = true;
    void place.clock.sleep(ms).then(act);
  };
}

const troubles = (events: readonly RolloutEvent[]) =>
  events.flatMap((event) => (event.kind === "trouble" ? [event.message] : []));

describe("watching what runs", () => {
  it("takes back a candidate without a ready pod long before the judge's next look, and says why", async () => {
    const place = new MemoryPlace(stable);
    let at = 0;
    const { result } = await play(
      place,
      { intervalMs: 60_000 },
      after(place, 5_300, () => {
        at = place.clock.now();
        change(place, { ...ready(false), why: { candidate: "container server was OOMKilled once" } });
      }),
    );
    expect(result).toMatchObject({ stage: "restored", verdict: "inconclusive", error: null });
    expect(result.reason).toMatch(
      /^the candidate has no ready pod since .*: container server was OOMKilled once$/,
    );
    expect(result.endedAt - at).toBeLessThanOrEqual(2_000);
    expect(result.phases.at(-1)?.ended).toBe("interrupted");
    expect(place.acts).toEqual(["prepare flights-2", "split 10", "restore"]);
    expect(place.entries.at(-2)?.step).toMatchObject({ name: "restore", by: "watch", reason: result.reason });
  });

  it("lets a candidate go on that was not ready for an instant", async () => {
    const place = new MemoryPlace(stable);
    const { result } = await play(
      place,
      {},
      after(place, 5_900, () => {
        change(place, ready(false));
        void place.clock.sleep(300).then(() => change(place, ready(true)));
      }),
    );
    expect(result.stage).toBe("promoted");
  });

  it.each([
    ["lowered", { candidatePercent: 1 }],
    ["raised", { candidatePercent: 90 }],
    ["taken by a stranger", { strangers: ["flights-b"] }],
  ])("restores when the share was %s by another, and names who", async (_, to) => {
    const place = new MemoryPlace(stable);
    const splitBy = { who: "kubectl-patch", at: 0, ours: false };
    const { result } = await play(
      place,
      {},
      after(place, 3_000, () => change(place, { ...to, splitBy })),
    );
    expect(result).toMatchObject({ stage: "restored", verdict: "inconclusive" });
    expect(result.reason).toContain("kubectl-patch at 00:00:00 UTC");
  });

  it("also at 100 %", async () => {
    const place = new MemoryPlace(stable);
    const { result } = await play(place, { bakeMs: 300_000 }, (event) => {
      if (event.kind === "done" && event.step.name === "bake") change(place, { candidatePercent: 0 });
    });
    expect(result).toMatchObject({ stage: "restored", reason: expect.stringContaining("from 100 % to 0 %") });
  });

  it("goes by telemetry alone while what runs cannot be read, and says so once", async () => {
    const place = new MemoryPlace(stable);
    const read = place.read.bind(place);
    const { result, events } = await play(
      place,
      {},
      after(place, 1_500, () => {
        place.read = () => Promise.reject(new Error("no API"));
      }),
    );
    expect(result.stage).toBe("promoted");
    expect(troubles(events).filter((text) => text.includes("no API"))).toHaveLength(4);
    place.read = read;
  });

  it("does not wait for a read that hangs, nor ask again beside it", async () => {
    const place = new MemoryPlace(stable);
    let asked = 0;
    const { result } = await play(
      place,
      {},
      after(place, 1_500, () => {
        place.read = () => {
          asked += 1;
          return new Promise(() => {});
        };
      }),
    );
    expect(result.stage).toBe("promoted");
    expect(asked).toBe(4);
  });

  it("asks a slow place less often", async () => {
    const place = new MemoryPlace(stable);
    const read = place.read.bind(place);
    const reads: number[] = [];
    place.read = async () => {
      reads.push(place.clock.now());
      await place.clock.sleep(400);
      return read();
    };
    await play(place, { intervalMs: 60_000 });
    const gaps = reads.slice(3).map((at, index) => at - (reads[index + 2] ?? 0));
    expect(Math.min(...gaps.slice(0, 10))).toBeGreaterThanOrEqual(2_400);
  });

  it("moves nothing while stable is down, says it, and goes on when it is back", async () => {
    const place = new MemoryPlace(stable);
    const { result, events } = await play(
      place,
      {},
      after(place, 2_000, () => {
        change(place, ready(true, false));
        void place.clock.sleep(300_000).then(() => change(place, ready(true)));
      }),
    );
    expect(result.stage).toBe("promoted");
    expect(result.endedAt - result.startedAt).toBeGreaterThan(300_000);
    expect(troubles(events)).toEqual([
      expect.stringMatching(/^stable has no ready pod since .*; nothing is moved until it is back$/),
      "stable has a ready pod again",
    ]);
  });
});

describe("a decision on sight", () => {
  const finding = (text: string) => ({ since: 0, text });
  const sight = (change: Partial<Sight>): Sight => ({ ...allWell, ...change });
  const down = sight({ candidateDown: finding("down") });
  const edited = sight({ edited: finding("edited") });
  const noStable = { stableDown: finding("no stable") };
  const phase = { name: "step", index: 0, weight: 10, since: 0, start: noTraffic } as const;
  const refuted = {
    gate: "g",
    metric: "m",
    verdict: "fail",
    rule: "prove",
    reason: "refuted",
    n: 1,
  } as const;
  const figures = { observed: 0, baseline: 0, bound: 0, interval: null, outlook: null };
  const at = (now: number, verdicts: boolean, seen: Sight) =>
    decide(phase, verdicts ? [{ ...refuted, ...figures }] : [], [], now, planOf(), seen);

  it("restores where the candidate is down, or the split is another's", () => {
    expect(decideOnSight(down)).toMatchObject({ kind: "restore", by: "watch", reason: "down" });
    expect(decideOnSight(edited)).toMatchObject({ kind: "restore", by: "watch", reason: "edited" });
    expect(decideOnSight(allWell)).toBeNull();
  });

  it("does not restore onto nothing, except where the candidate is nothing too", () => {
    expect(decideOnSight({ ...edited, ...noStable })).toBeNull();
    expect(decideOnSight({ ...down, ...noStable })).toMatchObject({
      kind: "restore",
      reason: "down; no stable",
    });
    expect(at(1, true, sight(noStable))).toMatchObject({
      kind: "wait",
      reason: expect.stringContaining("refuted"),
    });
  });

  it("when the time is up without a stable, takes a refuted candidate back and leaves any other", () => {
    expect(at(1e9, true, sight(noStable))).toMatchObject({ kind: "restore", verdict: "fail" });
    expect(at(1e9, false, sight(noStable))).toMatchObject({
      kind: "hold",
      reason: expect.stringContaining("no stable"),
    });
  });

  it("leaves a refuted gate the first word", () => {
    expect(at(1, true, down)).toMatchObject({ by: "judge", verdict: "fail", reason: "refuted; down" });
  });
});
