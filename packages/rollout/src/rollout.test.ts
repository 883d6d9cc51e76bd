import { judge } from "@ml-actions/gates/judge";
import { healthy } from "@ml-actions/gates/judge/traffic.testing";
import { parseGates } from "@ml-actions/gates/language";
import { describe, expect, it } from "vitest";
import { RolloutError } from "./error.ts";
import type { RolloutEvent, RolloutResult } from "./events.ts";
import { MemoryPlace, releaseNamed, type SimulatedClock } from "./memory.testing.ts";
import { type PlanRequest, planRollout } from "./plan.ts";
import { rollBack } from "./rollback.ts";
import { rollOut } from "./rollout.ts";

const stable = releaseNamed("flights-1");
const candidate = releaseNamed("flights-2");
const gates = parseGates("error_rate <= baseline + 0.01, latency.p99 <= baseline * 1.5, nan_rate <= 0.001");

function planOf(change: Partial<PlanRequest> = {}) {
  return planRollout({
    candidate,
    holder: "run 1",
    steps: [10, 25, 50],
    gates,
    rule: "prove",
    confidence: 0.95,
    intervalMs: 10_000,
    stepTimeoutMs: 600_000,
    onInconclusive: "restore",
    bakeMs: 0,
    leaseTtlMs: 20_000,
    ...change,
  });
}

interface Played {
  result: RolloutResult;
  events: RolloutEvent[];
}

/** Plays a rollout; `during` is called with every event, to make things happen on the way. */
async function play(
  place: MemoryPlace,
  change: Partial<PlanRequest> = {},
  during: (event: RolloutEvent) => void = () => {},
  signal?: AbortSignal,
): Promise<Played> {
  const events: RolloutEvent[] = [];
  const ports = { target: place, ledger: place, telemetry: place, clock: place.clock };
  const result = await place.clock.run(
    rollOut(planOf(change), signal === undefined ? ports : { ...ports, signal }, (event) => {
      events.push(event);
      during(event);
    }),
  );
  return { result, events };
}

const journalled = (name: string) => (event: RolloutEvent) =>
  event.kind === "journal" && event.step.name === name;

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

  it("counts every request in exactly one step", async () => {
    const place = new MemoryPlace(stable);
    const { result } = await play(place);
    const last = result.observations.at(-1);
    const sum = result.steps.reduce((total, { requests }) => total + requests.candidate, 0);
    expect(last?.ok && last.candidate.requests).toBe(sum);
  });
});

describe("without a verdict", () => {
  it("restores when the time is up", async () => {
    const place = new MemoryPlace(stable);
    place.load = 2;
    const { result } = await play(place);
    expect(result).toMatchObject({ stage: "restored", verdict: "inconclusive", error: null });
    expect(result.reason).toMatch(/no verdict at 10 % within 600 s: .*more candidate requests/);
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

describe("at the edges", () => {
  it("makes the first release stable at once and says that there was nothing to compare with", async () => {
    const place = new MemoryPlace(null);
    const { result } = await play(place);
    expect(result).toMatchObject({ stage: "promoted", verdict: "first", before: null, steps: [] });
    expect(result.reason).toContain("nothing to compare with");
    expect(place.acts).toEqual(["prepare flights-2", "promote"]);
  });

  it("changes nothing when the candidate is stable already", async () => {
    const place = new MemoryPlace(candidate);
    const { result } = await play(place);
    expect(result).toMatchObject({ stage: "promoted", verdict: "unchanged" });
    expect(place.acts).toEqual([]);
    expect(place.entries).toEqual([]);
    expect(place.held).toBeNull();
  });

  it("restores at once when it is cancelled, at every step", async () => {
    for (const step of ["begin", "prepare", "split", "bake"]) {
      const place = new MemoryPlace(stable);
      const cancel = new AbortController();
      const { result } = await play(
        place,
        { bakeMs: 60_000 },
        (event) => journalled(step)(event) && cancel.abort(),
        cancel.signal,
      );
      expect(result).toMatchObject({
        stage: "restored",
        verdict: "inconclusive",
        reason: "the run was cancelled",
      });
      expect(place.situation).toMatchObject({ stable, candidate: null, candidatePercent: 0 });
      expect(place.journalled.at(-1)).toBe("end");
    }
  });

  it("reports a promotion that was through before the cancellation came", async () => {
    const place = new MemoryPlace(stable);
    const cancel = new AbortController();
    const stop = (event: RolloutEvent) => journalled("promote")(event) && cancel.abort();
    const { result } = await play(place, {}, stop, cancel.signal);
    expect(result.stage).toBe("promoted");
    expect(place.situation.stable).toEqual(candidate);
  });

  it("restores when the target fails, keeps its error, and gives the lease back", async () => {
    const place = new MemoryPlace(stable);
    place.prepare = () =>
      Promise.reject(new RolloutError("not-ready", "flights-2 did not answer", "Read its log."));
    const { result } = await play(place);
    expect(result).toMatchObject({
      stage: "restored",
      verdict: "inconclusive",
      error: { code: "not-ready" },
    });
    expect(place.held).toBeNull();
  });

  it("tries a restore three times, then leaves the lease for the guard", async () => {
    const place = new MemoryPlace(stable);
    place.behaviours["flights-2"] = { ...healthy, errors: 1 };
    let attempts = 0;
    place.restore = () => {
      attempts++;
      return Promise.reject(new Error("502"));
    };
    await expect(play(place)).rejects.toMatchObject({ code: "restore-failed" });
    expect(attempts).toBe(3);
    expect(place.held).not.toBeNull();
    await place.clock.run(place.clock.sleep(30_000));
    expect(place.guarded).toEqual(["expired"]);
    expect(place.situation.candidate).toBeNull();
  });

  it("reports a promotion as one when the target's answer was lost after it", async () => {
    const place = new MemoryPlace(stable);
    const promote = place.promote.bind(place);
    place.promote = async () => {
      await promote();
      throw new Error("connection reset");
    };
    const { result } = await play(place);
    expect(result).toMatchObject({ stage: "promoted", verdict: "pass", stable: candidate, error: null });
    expect(result.reason).toContain("connection reset");
    expect(place.journalled.at(-1)).toBe("end");
  });

  it("is not swayed by a listener that throws, and lets its error out at the end", async () => {
    const place = new MemoryPlace(stable);
    const throwing = () => {
      throw new Error("the report is broken");
    };
    await expect(play(place, {}, throwing)).rejects.toThrow("the report is broken");
    expect(place.situation).toMatchObject({ stable: candidate, candidate: null });
    expect(place.held).toBeNull();
    expect(place.guarded).toEqual([]);
  });

  it("restores although the journal cannot be written any more", async () => {
    const place = new MemoryPlace(stable);
    place.behaviours["flights-2"] = { ...healthy, errors: 1 };
    const { result, events } = await play(place, {}, (event) => {
      if (journalled("split")(event)) {
        place.write = () => Promise.reject(new Error("disk full"));
      }
    });
    expect(result.stage).toBe("restored");
    expect(place.situation.candidate).toBeNull();
    expect(events.some((event) => event.kind === "trouble" && event.message.includes("disk full"))).toBe(
      true,
    );
  });
});

describe("the lease", () => {
  it("is refused to a second rollout, by the first one's name", async () => {
    const place = new MemoryPlace(stable);
    await place.hold({ holder: "run 0", rollout: "other", ttlMs: 60_000 });
    await expect(play(place)).rejects.toMatchObject({
      code: "lease-held",
      message: expect.stringContaining("run 0"),
    });
    expect(place.acts).toEqual([]);
  });

  it("is kept for as long as the rollout runs", async () => {
    const place = new MemoryPlace(stable);
    place.load = 2;
    const { result } = await play(place, { leaseTtlMs: 3000 });
    expect(result.stage).toBe("restored");
    expect(place.guarded).toEqual([]);
  });

  it("survives a ledger that is away for less than the lease's life", async () => {
    const place = new MemoryPlace(stable);
    let failures = 0;
    const hold = place.hold.bind(place);
    const { result, events } = await play(place, {}, (event) => {
      place.hold =
        event.kind === "observed" && failures++ < 1 ? () => Promise.reject(new Error("away")) : hold;
    });
    expect(result.stage).toBe("promoted");
    expect(events.some((event) => event.kind === "trouble" && event.message.includes("away"))).toBe(true);
  });

  it("is lost when no renewal comes through: the rollout stops and the guard restores", async () => {
    for (const hold of [() => Promise.reject(new Error("away")), () => new Promise<never>(() => {})]) {
      const place = new MemoryPlace(stable);
      const played = play(place, {}, (event) => {
        if (journalled("split")(event)) {
          place.hold = hold;
        }
      });
      await expect(played).rejects.toMatchObject({
        code: "lease-lost",
        message: expect.stringContaining("could not be renewed for 20 s"),
      });
      expect(place.acts).toEqual(["prepare flights-2", "split 10"]);
      await place.clock.run(place.clock.sleep(30_000));
      expect(place.guarded).toEqual(["expired"]);
    }
  });

  it("is seized by a rollback: the rollout stops, names the operator, and stable has all traffic", async () => {
    const place = new MemoryPlace(stable);
    const ports = { target: place, ledger: place, clock: place.clock };
    let back: Promise<unknown> = Promise.resolve();
    let looks = 0;
    const played = play(place, {}, (event) => {
      if (event.kind === "observed" && ++looks === 3) {
        back = rollBack({ to: "previous", holder: "an operator", leaseTtlMs: 20_000 }, ports, () => {});
      }
    });
    await expect(played).rejects.toMatchObject({
      code: "lease-lost",
      message: expect.stringContaining("an operator took over"),
    });
    expect(await back).toMatchObject({
      how: "taken-back",
      restored: stable,
      from: candidate,
      tookOverFrom: "run 1",
    });
    expect(place.acts).toEqual(["prepare flights-2", "split 10", "restore"]);
    expect(place.journalled).toEqual(["restore", "end"]);
    expect(place.held).toBeNull();
  });
});

describe("what an earlier rollout left", () => {
  /** Lets a rollout die at a step: from then on its calls reach nobody, and it hears nothing. */
  async function dieAt(place: MemoryPlace, step: string): Promise<void> {
    let dead = false;
    const mortal = new Proxy(place, {
      get(of, name: keyof MemoryPlace & keyof SimulatedClock) {
        const value: unknown = of[name];
        return typeof value === "function"
          ? (...args: unknown[]) => (dead ? new Promise(() => {}) : value.apply(of, args))
          : value;
      },
    });
    const clock = {
      now: () => place.clock.now(),
      sleep: async (ms: number) => place.clock.sleep(dead ? 1e12 : ms),
    };
    const reached = new Promise<void>((resolve) => {
      const ports = { target: mortal, ledger: mortal, telemetry: mortal, clock };
      rollOut(planOf(), ports, (event) => {
        if (journalled(step)(event)) {
          dead = true;
          resolve();
        }
      }).catch(() => {});
    });
    await place.clock.run(reached);
  }

  it("is restored or found finished, whichever step it died at, and the next rollout goes through", async () => {
    for (const step of ["begin", "prepare", "split", "promote"]) {
      const place = new MemoryPlace(stable);
      await dieAt(place, step);
      await expect(play(place, { holder: "run 2" })).rejects.toMatchObject({ code: "lease-held" });
      place.held = null;
      const { result } = await play(place, { holder: "run 2" });
      expect(result.stage).toBe("promoted");
      expect(place.situation).toMatchObject({ stable: candidate, candidate: null });
      expect(place.journalled.at(-1)).toBe("end");
    }
  });

  it("of a first deploy is cleared away, and the next one is the first again", async () => {
    const place = new MemoryPlace(null);
    await dieAt(place, "prepare");
    await place.prepare(candidate);
    place.held = null;
    const { result } = await play(place);
    expect(result).toMatchObject({ stage: "promoted", verdict: "first", resumption: { kind: "restore" } });
  });

  it("restores a held candidate before it begins anew, and says so", async () => {
    const place = new MemoryPlace(stable);
    place.load = 2;
    await play(place, { onInconclusive: "hold" });
    place.load = 500;
    const { result, events } = await play(place);
    expect(result.stage).toBe("promoted");
    expect(result.resumption).toEqual({ kind: "restore", note: "flights-2 was held" });
    expect(events.some(({ kind }) => kind === "resumption")).toBe(true);
  });

  it("closes a promotion whose end was not written", async () => {
    const place = new MemoryPlace(stable);
    await place.hold({ holder: "run 0", rollout: "r0", ttlMs: 10 });
    const base = { at: 0, rollout: "r0", holder: "run 0" };
    await place.write({ ...base, step: { name: "begin", candidate, stable, steps: [100] } });
    await place.write({ ...base, step: { name: "promote" } });
    place.situation = { ...place.situation, stable: candidate };
    place.held = null;
    const { result } = await play(place);
    expect(result).toMatchObject({
      stage: "promoted",
      verdict: "unchanged",
      resumption: { kind: "finished" },
    });
    expect(place.journalled).toEqual(["begin", "end"]);
  });
});
