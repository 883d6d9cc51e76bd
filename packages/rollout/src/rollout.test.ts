import { judge } from "@ml-actions/gates/judge";
import { healthy } from "@ml-actions/gates/judge/traffic.testing";
import { describe, expect, it } from "vitest";
import { MemoryPlace } from "./memory.testing.ts";
import { candidate, gates, journalled, planOf, play, stable } from "./play.testing.ts";

describe("a rollout", () => {
  it("takes a good candidate through every weight and promotes it", async () => {
    const place = new MemoryPlace(stable);
    const { result } = await play(place);
    expect(result).toMatchObject({
      stage: "promoted",
      verdict: "pass",
      affectedRequests: expect.any(Number),
    });
    expect(place.acts).toEqual([
      "prepare flights-2",
      "split 10",
      "split 25",
      "split 50",
      "split 100",
      "promote",
    ]);
    expect(place.situation).toMatchObject({ stable: candidate, candidate: null });
    expect(place.journalled).toEqual([
      "begin",
      "prepare",
      "split",
      "split",
      "split",
      "split",
      "promote",
      "end",
    ]);
    expect(result.steps.map(({ weight }) => weight)).toEqual([10, 25, 50, 100]);
    expect(place.held).toBeNull();
    expect(place.guarded).toEqual([]);
  });

  it("writes every step before it takes it", async () => {
    const place = new MemoryPlace(stable);
    const actsWhenWritten: number[] = [];
    await play(place, {}, (event) => {
      if (event.kind === "journal") {
        actsWhenWritten.push(place.acts.length);
      }
    });
    expect(actsWhenWritten).toEqual([0, 0, 1, 2, 3, 4, 5, 6]);
  });

  it("takes back a candidate that fails, and says which gate, when and how many requests it hit", async () => {
    const place = new MemoryPlace(stable);
    place.behaviours["flights-2"] = { ...healthy, errors: 0.2 };
    const { result } = await play(place, { intervalMs: 1000 });
    expect(result).toMatchObject({ stage: "restored", verdict: "fail", stable, error: null });
    expect(result.reason).toMatch(/^error_rate 0\.\d+ \(\d+ of \d+\): shown to be beyond/);
    expect(result.verdicts[0]?.refutedAt).toBeLessThanOrEqual(result.endedAt);
    expect(result.affectedRequests).toBeGreaterThan(0);
    expect(result.affectedRequests).toBe(place.counts.candidate.errors + (place.counts.candidate.nan ?? 0));
    expect(place.situation).toMatchObject({ stable, candidate: null, candidatePercent: 0 });
    expect(place.journalled.slice(-2)).toEqual(["restore", "end"]);
  });

  it("takes back a candidate that turns bad only during the bake", async () => {
    const place = new MemoryPlace(stable);
    const { result } = await play(place, { bakeMs: 300_000 }, (event) => {
      if (journalled("bake")(event)) {
        place.behaviours["flights-2"] = { ...healthy, errors: 0.1 };
      }
    });
    expect(result).toMatchObject({ stage: "restored", verdict: "fail" });
    expect(result.reason).toContain("error_rate");
  });

  it("bakes for as long as the plan says before it promotes", async () => {
    const place = new MemoryPlace(stable);
    let bakedAt = 0;
    const { result } = await play(place, { bakeMs: 120_000 }, (event) => {
      bakedAt = journalled("bake")(event) ? event.at : bakedAt;
    });
    expect(result.stage).toBe("promoted");
    expect(result.endedAt - bakedAt).toBeGreaterThanOrEqual(120_000);
  });

  it("waits for the requests that the plan asks of both sides at every weight", async () => {
    const place = new MemoryPlace(stable);
    const { result } = await play(place, { minSamples: 20_000, stepTimeoutMs: 6_000_000 });
    expect(result.stage).toBe("promoted");
    for (const step of result.steps) {
      expect(step.requests.candidate).toBeGreaterThanOrEqual(20_000);
      expect(step.weight === 100 || step.requests.stable >= 20_000).toBe(true);
    }
  });

  it("gives verdicts that the recorded observations give again", async () => {
    const place = new MemoryPlace(stable);
    const { result } = await play(place);
    expect(judge(gates, result.observations, planOf())).toEqual(result.verdicts);
    expect(judge(gates, JSON.parse(JSON.stringify(result.observations)), planOf())).toEqual(result.verdicts);
  });

  it("says of every phase when it began and ended, with which looks, and why", async () => {
    const place = new MemoryPlace(stable);
    const { result, events } = await play(place, { bakeMs: 60_000 });
    expect(result.phases.map(({ name, weight, ended }) => [name, weight, ended])).toEqual([
      ["step", 10, "passed"],
      ["step", 25, "passed"],
      ["step", 50, "passed"],
      ["step", 100, "passed"],
      ["bake", 100, "passed"],
    ]);
    const looks = events.filter((event) => event.kind === "observed").map(({ at }) => at);
    for (const { from, to, firstLook, looks: taken } of result.phases) {
      expect(looks[firstLook]).toBeGreaterThan(from);
      expect(looks[firstLook + taken - 1]).toBe(to);
    }
    const last = result.phases.at(-1);
    expect((last?.firstLook ?? 0) + (last?.looks ?? 0)).toBe(result.observations.length);
  });

  it.each([
    ["refuted", { errors: 0.2 }, 500, {}],
    ["timed-out", {}, 2, {}],
    ["timed-out", {}, 2, { onInconclusive: "hold" as const }],
  ])("ends its last phase as %s", async (ended, behaviour, load, change) => {
    const place = new MemoryPlace(stable);
    place.load = load;
    place.behaviours["flights-2"] = { ...healthy, ...behaviour };
    const { result } = await play(place, change);
    expect(result.phases.map((phase) => phase.ended)).toEqual([ended]);
    expect(result.phases[0]?.looks).toBe(result.observations.length - 1);
  });

  it("leaves the last phase interrupted when it is cancelled", async () => {
    const place = new MemoryPlace(stable);
    const cancel = new AbortController();
    let looks = 0;
    const { result } = await play(
      place,
      { minSamples: 1e6 },
      (event) => {
        looks += event.kind === "observed" ? 1 : 0;
        if (looks === 5) cancel.abort();
      },
      cancel.signal,
    );
    expect(result.stage).toBe("restored");
    expect(result.phases).toMatchObject([{ ended: "interrupted", firstLook: 1, looks: 4 }]);
  });

  it("counts every request in exactly one step", async () => {
    const place = new MemoryPlace(stable);
    const { result } = await play(place);
    const last = result.observations.at(-1);
    const sum = result.steps.reduce((total, { requests }) => total + requests.candidate, 0);
    expect(last?.ok && last.candidate.requests).toBe(sum);
  });
});

describe("non-inferiority", () => {
  it.each([10, 11, 12, 13, 14, 15])(
    "is never taken for granted: a candidate right at its margin is not promoted (seed %i)",
    async (seed) => {
      const place = new MemoryPlace(stable, seed);
      // Stable fails 0.2 %, the gate allows 1 % more.
      place.behaviours["flights-2"] = { ...healthy, errors: 0.012 };
      const { result } = await play(place);
      expect(result.stage).toBe("restored");
      expect(result.steps.map(({ weight }) => weight)).toEqual([10]);
    },
  );

  it("is one-sided: a candidate far better than stable is promoted", async () => {
    const place = new MemoryPlace(stable);
    place.behaviours["flights-1"] = { ...healthy, errors: 0.05, nan: 0.02, medianMs: 80 };
    const { result } = await play(place);
    expect(result).toMatchObject({ stage: "promoted", verdict: "pass" });
  });

  it("within the margin is enough: a slightly worse candidate is promoted", async () => {
    const place = new MemoryPlace(stable);
    place.behaviours["flights-2"] = { ...healthy, errors: 0.004, medianMs: 23 };
    const { result } = await play(place);
    expect(result).toMatchObject({ stage: "promoted", verdict: "pass" });
  });

  it("must still hold at each step: a candidate that was proven and turned bad goes no further", async () => {
    const place = new MemoryPlace(stable);
    const { result } = await play(place, {}, (event) => {
      if (event.kind === "journal" && event.step.name === "split" && event.step.percent === 50) {
        place.behaviours["flights-2"] = { ...healthy, errors: 0.06 };
      }
    });
    expect(result).toMatchObject({ stage: "restored", verdict: "fail" });
    expect(result.steps.map(({ weight }) => weight)).toEqual([10, 25, 50]);
  });

  it("with [refute] is not asked for: what is not refuted goes on", async () => {
    const place = new MemoryPlace(stable);
    // Too few requests to prove anything: see below.
    place.load = 2;
    const refute = gates.map((gate) => ({ ...gate, rule: "refute" as const }));
    const { result } = await play(place, { gates: refute });
    expect(result).toMatchObject({ stage: "promoted", verdict: "pass" });
  });
});

describe("without a verdict", () => {
  it("restores when the time is up", async () => {
    const place = new MemoryPlace(stable);
    place.load = 2;
    const { result } = await play(place);
    expect(result).toMatchObject({ stage: "restored", verdict: "inconclusive", error: null });
    expect(result.reason).toMatch(/no verdict at 10 % within 10 min: .*more candidate requests/);
    expect(result.endedAt - result.startedAt).toBeLessThan(640_000);
  });

  it("holds the weight when the plan says so, and leaves it there", async () => {
    const place = new MemoryPlace(stable);
    place.load = 2;
    const { result } = await play(place, { onInconclusive: "hold" });
    expect(result.stage).toBe("held");
    expect(place.situation).toMatchObject({ candidate, candidatePercent: 10 });
    expect(place.held).toBeNull();
    expect(place.guarded).toEqual([]);
  });

  it("keeps the weight through an outage of telemetry and goes on after it", async () => {
    const place = new MemoryPlace(stable);
    let looks = 0;
    const { result, events } = await play(place, {}, (event) => {
      looks += event.kind === "observed" ? 1 : 0;
      place.outage = looks >= 3 && looks < 20 ? { problem: "outage", detail: "connection refused" } : null;
    });
    expect(result).toMatchObject({ stage: "promoted", verdict: "pass" });
    const waits = events.filter((event) => event.kind === "decision" && event.decision.kind === "wait");
    expect(JSON.stringify(waits)).toContain("connection refused");
  });

  it("restores when the outage outlasts the step", async () => {
    const place = new MemoryPlace(stable);
    place.outage = { problem: "ambiguous", detail: "two series" };
    const { result } = await play(place);
    expect(result).toMatchObject({ stage: "restored", verdict: "inconclusive" });
    expect(result.reason).toContain("two series");
  });

  it("takes a source that hangs or throws for an outage", async () => {
    for (const observe of [() => new Promise<never>(() => {}), () => Promise.reject(new Error("no route"))]) {
      const place = new MemoryPlace(stable);
      place.observe = observe;
      const { result } = await play(place, { stepTimeoutMs: 60_000 });
      expect(result).toMatchObject({ stage: "restored", verdict: "inconclusive" });
    }
  });
});
