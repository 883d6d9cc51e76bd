/** One case from its scene to its cell of the table. */
import assert from "node:assert/strict";
import { guardLabel } from "@ml-actions/rollout/kubernetes/guard-manifest";
import { candidates } from "./candidates.ts";
import { type Case, stableWithinSeconds } from "./cases.ts";
import { settled } from "./ending.ts";
import type { Run } from "./run.ts";
import { inScene, type Scene } from "./scene.ts";
import type { ChaosTarget } from "./stages.ts";
import type { Table } from "./table.ts";

/** Rejects when what must hold does not, having said so and written it down. */
export async function goThrough(each: Case, target: ChaosTarget, table: Table): Promise<void> {
  const { candidate = "sound", scarce, fault } = each;
  const options = { target, candidate: candidates[candidate], ...(scarce && { scarce }) };
  try {
    await inScene(options, (scene) => judged(scene, each, table));
  } catch (error) {
    // The suite is long: what failed is said when it did, and not at the end.
    console.info(`chaos: ${target}: ${fault}: FAILED: ${(error as Error).message}`);
    table.writeFailure(fault, target);
    throw error;
  }
}

async function judged(scene: Scene, each: Case, table: Table): Promise<void> {
  const { target, users } = scene;
  const { faultAt, run } = await meet(scene, each);
  const kept = keptLease(scene, run);
  // Looked at below, unless something else fails before.
  kept.catch(() => {});
  const ending = await settled(scene, faultAt, each.withinSeconds * 1000).catch(async (error: Error) => {
    const guard = ["logs", "-l", guardLabel, "--tail=20", "--ignore-errors"];
    const log = await scene.place.namespace.kubectl(guard).catch((reason: Error) => reason.message);
    const told = run.told.join("; ");
    throw new Error(`${error.message}; told: ${told}; the guard's log:\n${log}`, { cause: error });
  });
  if (run.process.signalCode === null) await run.ended;
  await users.stop();
  const { outcome, secondsToStable, next } = ending;
  const failed = users.failures.length;
  const seconds = secondsToStable === null ? "" : ` after ${secondsToStable.toFixed(1)} s`;
  console.info(
    `chaos: ${target}: ${each.fault}: ${outcome}${seconds}, ${failed} of ${users.answered + failed} failed`,
  );
  assert.ok(each.ends.includes(outcome), `it ended ${outcome}; told: ${run.told.join("; ")}`);
  const told = [...run.told, next];
  assert.ok(
    told.some((text) => each.told.test(text)),
    `nobody was told ${each.told}; told: ${told.join("; ")}`,
  );
  assert.equal(await kept, null, "it ended by itself and kept the lease");
  assert.deepEqual(failuresOfStable(scene, each), []);
  assert.ok(each.mayFail === undefined || failed <= each.mayFail, `${failed} requests failed`);
  if (run.process.signalCode === "SIGKILL")
    assert.ok(
      (secondsToStable ?? 0) <= stableWithinSeconds,
      `stable had all traffic after ${secondsToStable} s`,
    );
  table.write({ fault: each.fault, target, outcome, secondsToStable, failed });
}

/** Whom the next run would have to wait for, when a runner has come to its result. */
async function keptLease({ place }: Scene, run: Run): Promise<string | null> {
  const { ledger } = await place.open();
  await run.ended;
  return run.finished ? ((await ledger.lease())?.holder ?? null) : null;
}

async function meet(scene: Scene, each: Case): Promise<{ faultAt: number; run: Run }> {
  const run = scene.run(each.errand, each.clockAheadMs);
  if (each.at !== undefined) {
    const reached = await run.reached(each.at);
    // One that kills itself may be dead before its last word is out.
    if (!reached && run.process.signalCode === null)
      throw new Error(`it ended before ${JSON.stringify(each.at)}: ${run.told.join("\n")}`);
  }
  const at = performance.now();
  await each.act?.(scene, run);
  if (each.act === undefined && each.errand?.signal === undefined) await run.ended;
  return { faultAt: each.cameAt?.() ?? at, run };
}

/** What nobody answered was stable's to answer, unless the candidate's connections break. */
function failuresOfStable({ users, candidate, stable }: Scene, { mayFail }: Case) {
  return users.failures.filter(({ by }) =>
    mayFail === undefined ? by !== candidate.digest : by === stable.digest,
  );
}
