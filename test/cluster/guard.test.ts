/** The guard's watch over a lease on a real API server, in this process and with a target that only counts. */
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { ClusterError } from "@ml-actions/cluster/error";
import type { Api } from "@ml-actions/cluster/types";
import type { RolloutError } from "@ml-actions/rollout/error";
import { type WatchOptions, watchLease } from "@ml-actions/rollout/kubernetes/guard-watch";
import type { KubernetesLedger } from "@ml-actions/rollout/kubernetes/ledger";
import { describe, expect, it } from "vitest";
import {
  begin,
  hold,
  type LedgerPlace,
  ledgerPlace,
  release,
  sharedNamespace,
  stepsOf,
  write,
} from "./ledger-place.ts";

const a = release("a");
const shared = sharedNamespace();

interface Guarding {
  place: LedgerPlace;
  ledger: KubernetesLedger;
  /** Times at which stable was restored, and what the guard said. */
  restores: number[];
  lines: string[];
  watch(
    more?: Partial<WatchOptions> & { restore?: (ledger: KubernetesLedger) => Promise<void> },
  ): Promise<void>;
}

async function guarding(): Promise<Guarding> {
  const place = await ledgerPlace(shared());
  const restores: number[] = [];
  const lines: string[] = [];
  return {
    ...{ place, ledger: place.ledger, restores, lines },
    watch: async ({ restore, ...more } = {}) =>
      watchLease({
        api: await place.api(),
        namespace: shared().name,
        resource: place.resource,
        ...{ spec: "test", pod: "guard-1", job: null, rights: [] },
        open: async (ledger) => ({
          restore: async () => {
            await ledger.fence();
            restores.push(Date.now());
            await restore?.(ledger);
          },
        }),
        log: (line) => lines.push(line),
        ...more,
      }),
  };
}

const restored = [
  { name: "restore", by: "guard" },
  { name: "end", stage: "restored", verdict: "inconclusive" },
];
/** A rollout that is open, and whose runner will not renew. */
async function vanish(ledger: KubernetesLedger, ttlMs = 300): Promise<void> {
  await hold(ledger, "1");
  await begin(ledger, "1", a);
  await hold(ledger, "1", { ttlMs });
}

describe.concurrent("the guard", () => {
  it("restores stable when the lease ends with the rollout open, closes it, and goes", async () => {
    const { ledger, restores, watch } = await guarding();
    await vanish(ledger, 1_000);
    const endedAt = Date.now() + 1_000;
    await watch();
    expect(restores).toHaveLength(1);
    // Not before the end, as far as a clock known to half a second can tell, and soon after.
    expect((restores[0] as number) - endedAt).toBeGreaterThan(-600);
    expect((restores[0] as number) - endedAt).toBeLessThan(5_000);
    expect((await stepsOf(ledger)).slice(1)).toMatchObject(restored);
    expect(await ledger.lease()).toBeNull();
    expect(await ledger.guardPod()).toBeNull();
    await assert.rejects(ledger.fence(), { code: "lease-lost" });
    await assert.rejects(hold(ledger, "1"), { code: "lease-lost" });
  });

  it("does nothing while the lease is renewed, and goes when it is given back", async () => {
    const { ledger, restores, watch } = await guarding();
    // Long enough for a busy machine to renew it in time, and renewed for longer than that.
    const ttlMs = 5_000;
    await vanish(ledger, ttlMs);
    const watching = watch();
    for (const until = Date.now() + 1.5 * ttlMs; Date.now() < until; await sleep(500)) {
      await hold(ledger, "1", { ttlMs });
    }
    expect((await ledger.guardPod())?.name).toBe("guard-1");
    expect(restores).toEqual([]);
    await write(ledger, "1", { name: "end", stage: "promoted", verdict: "pass" });
    await ledger.release("1");
    await watching;
    expect(restores).toEqual([]);
  });

  it("stops when the lease is taken from it, whatever it is at", async () => {
    const { place, ledger, lines, watch } = await guarding();
    await vanish(ledger);
    const taken = Promise.withResolvers<void>();
    let refused: unknown;
    const operator = await place.open();
    const watching = watch({
      restore: async (guards) => {
        if (refused !== undefined) return;
        await hold(operator, "operator", { seize: true });
        refused = await guards.fence().catch((error: unknown) => error);
        taken.resolve();
        throw refused;
      },
    });
    await taken.promise;
    expect(refused).toMatchObject({ code: "lease-lost" });
    await operator.fenceTraffic();
    await sleep(1_000);
    expect(lines.filter((line) => line.includes("restoring stable"))).toHaveLength(1);
    // The operator's rollout is guarded from then on, too.
    await hold(operator, "operator", { ttlMs: 300 });
    await watching;
    expect((await stepsOf(ledger)).slice(-2)).toMatchObject(restored);
  });

  it("carries a committed promotion to its end", async () => {
    const { ledger, restores, watch } = await guarding();
    await hold(ledger, "1");
    await begin(ledger, "1", a);
    await ledger.commit(a);
    await hold(ledger, "1", { ttlMs: 300 });
    await watch();
    expect(restores).toHaveLength(1);
    expect((await stepsOf(ledger)).slice(1)).toMatchObject([{ name: "end", stage: "promoted" }]);
  });

  it("leaves a held candidate, and a rollout that had not begun", async () => {
    const { ledger, restores, watch } = await guarding();
    await hold(ledger, "1");
    await begin(ledger, "1", a);
    await write(ledger, "1", { name: "end", stage: "held", verdict: "inconclusive" });
    await hold(ledger, "1", { ttlMs: 300 }).catch(() => {});
    await watch();
    expect(restores).toEqual([]);
  });

  it("restores also when somebody deleted or changed its lease or journal", async () => {
    const spoil: ((name: string) => string[])[] = [
      (name) => ["delete", "lease", name],
      (name) => ["delete", "configmap", name],
      (name) => ["patch", "lease", name, "--type=merge", "-p", '{"spec":{"renewTime":null}}'],
      (name) => ["annotate", "lease", name, "ml-actions.github.io/resource-"],
      (name) => ["patch", "configmap", name, "--type=merge", "-p", '{"data":{"journal":"[","history":"7"}}'],
    ];
    await Promise.all(
      spoil.map(async (command) => {
        const { place, ledger, restores, watch } = await guarding();
        await vanish(ledger, 2_000);
        await shared().kubectl(command(place.name));
        await watch();
        expect(restores, command("x").join(" ")).toHaveLength(1);
        expect(await ledger.lease()).toBeNull();
      }),
    );
  });

  it("tries until it can, says in the lease what keeps it, and lets nobody in meanwhile but a rollback", async ({
    expect,
  }) => {
    const { place, ledger, restores, watch } = await guarding();
    await vanish(ledger);
    const watching = watch({
      restore: async () => {
        if (restores.length < 3) throw new Error("no capacity");
      },
    });
    await expect.poll(() => restores.length, { timeout: 5_000 }).toBeGreaterThan(1);
    const held = await place.open();
    await expect
      .poll(() => hold(held, "2").catch(({ message }: RolloutError) => message), {
        timeout: 5_000,
        interval: 200,
      })
      .toMatch(
        /^guard guard-1 holds the lease for rollout guard:1 .* cannot restore stable yet: no capacity/,
      );
    expect((await held.lease())?.guard).toBe(true);
    await watching;
    expect((await stepsOf(ledger)).slice(1)).toMatchObject(restored);
  });

  it("outlives an API that is away", async () => {
    const { place, ledger, restores, lines, watch } = await guarding();
    await vanish(ledger);
    const awayUntil = Date.now() + 8_000;
    const api = wrapped(await place.api(), (call) => {
      const away = new ClusterError("unreachable", "the API server cannot be reached", { remedy: "Wait." });
      if (Date.now() < awayUntil) throw away;
      return call();
    });
    await watch({ api });
    expect(lines.join()).toContain("cannot be reached");
    expect(restores).toHaveLength(1);
    // However long it was away: not after a pause that grew with every try.
    expect((restores[0] as number) - awayUntil).toBeLessThan(3_500);
  });

  it("stays for the next runner that takes the lease while it is about to go", async ({ expect }) => {
    const { place, ledger, restores, watch } = await guarding();
    await vanish(ledger);
    const next = await place.open();
    const watching = watch({ restore: async () => {} });
    await expect.poll(() => restores.length, { timeout: 9_000, interval: 10 }).toBe(1);
    await expect
      .poll(
        () =>
          hold(next, "2", { ttlMs: 700 }).then(
            () => true,
            () => false,
          ),
        { interval: 10, timeout: 9_000 },
      )
      .toBe(true);
    await begin(next, "2", a);
    await Promise.race([watching, sleep(4_000)]);
    // Gone before the runner had the lease, or there until it vanished: never gone with its rollout open.
    const beat = await next.guardPod();
    if (beat !== null) expect(restores).toHaveLength(2);
    else if (restores.length === 1) await next.release("2");
  });

  it("killed at any of its calls, is followed by one that ends the work", { timeout: 60_000 }, async () => {
    /** Resolves with the calls that were made until the guard was killed, or had done its work. */
    const killedAt = async (callNumber: number) => {
      const { place, ledger, watch } = await guarding();
      await vanish(ledger, 100);
      const dead = new AbortController();
      const killed = Promise.withResolvers<void>();
      let calls = 0;
      const api = wrapped(await place.api(), (call) => {
        if (++calls < callNumber) return call();
        dead.abort();
        killed.resolve();
        return new Promise(() => {});
      });
      await Promise.race([watch({ api, signal: dead.signal }), killed.promise]);
      await watch();
      expect((await stepsOf(ledger)).slice(1), `killed at call ${callNumber}`).toMatchObject(restored);
      expect(await ledger.lease(), `killed at call ${callNumber}`).toBeNull();
      return calls;
    };
    const calls = await killedAt(Number.POSITIVE_INFINITY);
    expect(calls).toBeGreaterThan(15);
    const all = Array.from({ length: calls }, (_, index) => index + 1);
    for (let from = 0; from < calls; from += 8) await Promise.all(all.slice(from, from + 8).map(killedAt));
  });
});

/** The API with every call that may be away in the hands of `around`. */
function wrapped(api: Api, around: (call: () => Promise<unknown>) => Promise<unknown>): Api {
  const names = new Set(["get", "create", "replace", "merge", "remove", "list", "lacking"]);
  return new Proxy(api, {
    get(target, name, receiver) {
      const value = Reflect.get(target, name, receiver);
      if (!names.has(String(name))) return value;
      return (...args: unknown[]) =>
        around(() => (value as (...given: unknown[]) => Promise<unknown>)(...args));
    },
  });
}
