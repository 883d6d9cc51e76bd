/** The moves of tests of one target's own traps. */
import assert from "node:assert/strict";
import type { KubernetesTarget } from "@ml-actions/rollout/kubernetes/open";
import { askMany, type Entrance, type Load, startLoad } from "@ml-actions/rollout/local/testing/load";
import type { Release } from "@ml-actions/rollout/target";
import { expect, vi } from "vitest";
import type { Place } from "./place.ts";

export async function begin(place: KubernetesTarget, rollout: string, candidate: Release): Promise<void> {
  const holder = `holder of ${rollout}`;
  await place.ledger.hold({ holder, rollout, ttlMs: 600_000 });
  const step = { name: "begin" as const, candidate, stable: null, steps: [100] };
  await place.ledger.write({ at: Date.now(), rollout, holder, step });
  await place.target.prepare(candidate);
}

export async function end(place: KubernetesTarget, rollout: string, stage: "promoted" | "restored") {
  const step = { name: "end" as const, stage, verdict: "pass" as const };
  await place.ledger.write({ at: Date.now(), rollout, holder: `holder of ${rollout}`, step });
  await place.ledger.release(rollout);
}

/** Asks all the while; fails when one request did. */
export async function underLoad(entrance: Entrance, work: (load: Load) => Promise<void>): Promise<Load> {
  const load = startLoad(entrance, 4);
  try {
    await work(load);
  } finally {
    await load.stop();
  }
  assert.deepEqual(load.failures, []);
  assert.ok(load.answered > 50, `only ${load.answered} requests were answered`);
  return load;
}

/** Seconds from now until the release has answered nothing for a second, less that second. */
export async function secondsUntilSilent(load: Load, { digest }: Release, since: number): Promise<number> {
  let seen = load.by.get(digest) ?? 0;
  let lastAt = since;
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    const now = performance.now();
    const count = load.by.get(digest) ?? 0;
    if (count !== seen) lastAt = now;
    seen = count;
    if (now - lastAt > 1_500) return (lastAt - since) / 1000;
  }
}

/** Begins a rollout and mirrors half of the requests: by the candidate's own counter it gets about that part, and it
 * answers nobody. */
export async function mirrorHalf(
  place: Pick<Place, "api" | "namespace"> & { entrance: Entrance },
  opened: KubernetesTarget,
  next: Release,
): Promise<void> {
  await begin(opened, "1", next);
  await opened.target.mirror(50);
  const served = async () => {
    const to = { kind: "services", namespace: place.namespace.name, name: "flights-candidate" } as const;
    const { text } = await place.api.proxy({ ...to, port: 80, path: "/metrics" });
    return Number(/^ml_predictions_total (\d+)$/m.exec(text)?.[1]);
  };
  // Envoy may still be without the mirror for a moment after the route was taken.
  await vi.waitFor(
    async () => {
      await askMany(place.entrance, 20);
      expect(await served()).toBeGreaterThan(0);
    },
    { timeout: 15_000 },
  );
  const before = await served();
  const { failures, by } = await askMany(place.entrance, 200);
  expect(failures).toEqual([]);
  expect(by.has(next.digest)).toBe(false);
  await vi.waitFor(async () => expect(await served()).toBeGreaterThan(before + 60), { timeout: 10_000 });
  expect(await served()).toBeLessThan(before + 140);
}
