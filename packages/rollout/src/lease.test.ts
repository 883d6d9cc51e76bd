import { describe, expect, it } from "vitest";
import { holdLease } from "./lease.ts";
import { MemoryPlace, type SimulatedClock } from "./memory.testing.ts";
import { candidate, journalled, planOf, play, stable } from "./play.testing.ts";
import { rollBack } from "./rollback.ts";
import { rollOut } from "./rollout.ts";

describe("the lease", () => {
  it("is refused to a second rollout while its holder lives, by name", async () => {
    const place = new MemoryPlace(stable);
    const request = { holder: "run 0", rollout: "other", ttlMs: 20_000 };
    const living = await holdLease(place, place.clock, request, () => {});
    await expect(play(place)).rejects.toMatchObject({
      code: "lease-held",
      message: expect.stringContaining("run 0"),
    });
    expect(place.acts).toEqual([]);
    living.abandon();
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
    const told = events.flatMap((event) => (event.kind === "trouble" ? [event.message] : []));
    expect(told.join()).toMatch(/could not be renewed: away\. It is tried again for 1\d s; after that/);
  });

  it("is lost when no renewal comes through: the rollout stops and the guard restores", async () => {
    for (const hold of [() => Promise.reject(new Error("away")), () => new Promise<never>(() => {})]) {
      const place = new MemoryPlace(stable);
      place.load = 50;
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

  it("is kept by one that it took longer than its life to get, because a guard had to start first", async () => {
    const place = new MemoryPlace(stable);
    const hold = place.hold.bind(place);
    let tookMs = 25_000;
    place.hold = async (request) => {
      await place.clock.sleep(tookMs);
      tookMs = 20;
      return hold(request);
    };
    expect((await play(place)).result.stage).toBe("promoted");
  });

  it("is seized by a rollback: the rollout stops, names the operator, and stable has all traffic", async () => {
    const place = new MemoryPlace(stable);
    const ports = { target: place, ledger: place, clock: place.clock };
    let back: Promise<unknown> = Promise.resolve();
    let looks = 0;
    const played = play(place, {}, (event) => {
      if (event.kind === "observed" && ++looks === 2) {
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
      sleep: (ms: number) => (dead ? new Promise<void>(() => {}) : place.clock.sleep(ms)),
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
      const { result } = await play(place, { holder: "run 2" });
      expect(result.stage).toBe("promoted");
      expect(result.startedAt).toBeGreaterThan(1_000_000 + 15_000);
      expect(place.guarded.length).toBe(1);
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
