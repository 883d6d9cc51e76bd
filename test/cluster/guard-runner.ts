/** A runner that comes as far as half of the traffic, says so, and lives until it is killed. */
import { setTimeout as sleep } from "node:timers/promises";
import { systemClock } from "@ml-actions/rollout/clock";
import { openKubernetes } from "@ml-actions/rollout/kubernetes/open";
import { holdLease } from "@ml-actions/rollout/lease";
import type { JournalStep, Release } from "@ml-actions/rollout/target";

export interface Errand {
  namespace: string;
  kubeconfig: string;
  guardProgram: string;
  stable: Release;
  candidate: Release;
}

const { namespace, kubeconfig, guardProgram, stable, candidate } = JSON.parse(
  process.argv[2] ?? "",
) as Errand;
const holder = "the test's runner";
const { target, ledger } = await openKubernetes("deployment", {
  ...{ name: "flights", namespace, kubeconfig, guardProgram, guard: "required" },
  guardImage: { image: stable.image as string },
  onTrouble: (message) => console.error(message),
});

async function roll(rollout: string, release: Release, act: () => Promise<void>): Promise<void> {
  const lease = await holdLease(ledger, systemClock, { holder, rollout, ttlMs: 20_000 }, console.error);
  const write = (step: JournalStep) => ledger.write({ at: Date.now(), rollout, holder, step });
  await write({ name: "begin", candidate: release, stable: null, steps: [50] });
  await target.prepare(release);
  await act();
  await write({ name: "end", stage: "promoted", verdict: "pass" });
  await lease.release();
}

await roll("1", stable, () => target.promote());
await roll("2", candidate, async () => {
  await target.split(50);
  process.send?.("half");
  await sleep(600_000);
});
