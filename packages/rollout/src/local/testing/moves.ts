/** The moves that tests of the target local begin with. */
import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import type { Release } from "../../target.ts";
import type { LocalTarget } from "../../targets/local.ts";

export const session = (rollout: string) => ({ holder: `holder of ${rollout}`, rollout });

export async function begin(
  place: LocalTarget,
  rollout: string,
  candidate: Release,
  ttlMs = 20_000,
): Promise<void> {
  await place.ledger.hold({ ...session(rollout), ttlMs });
  const step = { name: "begin" as const, candidate, stable: null, steps: [10] };
  await place.ledger.write({ at: Date.now(), ...session(rollout), step });
  await place.target.prepare(candidate);
}

export async function deploy(place: LocalTarget, rollout: string, candidate: Release): Promise<string> {
  await begin(place, rollout, candidate);
  await place.target.promote();
  const step = { name: "end" as const, stage: "promoted" as const, verdict: "pass" as const };
  await place.ledger.write({ at: Date.now(), ...session(rollout), step });
  await place.ledger.release(rollout);
  return (await place.target.read()).url;
}

export async function until(condition: () => Promise<boolean> | boolean, withinMs = 8_000): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error("it did not come about");
    await sleep(20);
  }
}

/** Pids of the processes whose parent is this one. */
export async function childrenOf(pid: number): Promise<number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, "utf8");
  return text.trim().split(" ").filter(Boolean).map(Number);
}
