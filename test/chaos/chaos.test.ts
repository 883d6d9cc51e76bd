/** Every fault on every target. What a case is, is said in `cases.ts`; what must hold after it, in `ending.ts`. */
import { beforeAll, describe, expect, it } from "vitest";
import { lab } from "../lab/lab.ts";
import { candidates } from "./candidates.ts";
import { type Case, cases } from "./cases.ts";
import { settled } from "./ending.ts";
import type { Run } from "./run.ts";
import { type ChaosTarget, inScene, type Scene } from "./scene.ts";
import { shownSeconds, writeRow } from "./table.ts";

const targets: readonly ChaosTarget[] = ["deployment", "gateway"];
const order = cases.map(({ fault }) => fault);

beforeAll(async () => {
  await (await lab()).need("cluster", "gateway");
});

const matrix = targets.flatMap((target) =>
  cases
    .filter((each) => each.targets?.includes(target) ?? true)
    .map((each) => ({ ...each, target, title: `${target}: ${each.fault}` })),
);

describe("stable is restored or the candidate promoted, and nothing is left", () => {
  it.concurrent.for(matrix)("$title", async (each) => {
    await atOnce(
      each.title,
      inScene(each.target, candidates[each.candidate ?? "sound"], async (scene) => {
        const { faultAt, run } = await meet(scene, each);
        const ending = await settled(scene, faultAt, each.withinSeconds * 1000).catch((error: Error) => {
          throw new Error(`${error.message}; told: ${run.told.join("; ")}`, { cause: error });
        });
        if (run.process.signalCode === null) await run.ended;
        await scene.users.stop();
        const failed = failuresOf(scene, each);
        const row = { fault: each.fault, target: each.target, ...ending, failed: failed.length };
        console.info(
          `chaos: ${each.title}: ${row.outcome}, ${shownSeconds(row.secondsToStable)} (${row.secondsToStable?.toFixed(1) ?? "–"} s), ${failed.length} of ${scene.users.answered} failed, ${scene.users.failures.length} in all`,
        );
        expect(each.ends).toContain(ending.outcome);
        const told = [...run.told, ending.next];
        expect(
          told.some((text) => each.told.test(text)),
          told.join("\n"),
        ).toBe(true);
        expect(failed).toEqual([]);
        writeRow(row, order);
      }),
    );
  });
});

/** The suite is long: what failed is said when it did, and not at the end. */
async function atOnce(title: string, work: Promise<void>): Promise<void> {
  await work.catch((error: Error) => {
    console.info(`chaos: ${title}: FAILED: ${error.message}`);
    throw error;
  });
}

async function meet(scene: Scene, each: Case): Promise<{ faultAt: number; run: Run }> {
  const run = scene.run(each.errand, each.clockAheadMs);
  if (each.at !== undefined) {
    const reached = await run.reached(each.at);
    // One that kills itself may be dead before its last word is out.
    if (!reached && run.process.signalCode === null)
      throw new Error(`it ended before ${JSON.stringify(each.at)}: ${run.told.join("\n")}`);
  }
  const faultAt = performance.now();
  await each.act?.(scene, run);
  if (each.act === undefined && each.errand?.signal === undefined) await run.ended;
  return { faultAt, run };
}

/** Those of stable: what nobody answered was stable's to answer, unless the candidate's connections break. */
function failuresOf({ users, candidate, stable }: Scene, { candidateFails }: Case) {
  return users.failures.filter(({ by }) =>
    candidateFails === true ? by === stable.digest : by !== candidate.digest,
  );
}
