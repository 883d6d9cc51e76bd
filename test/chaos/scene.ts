/** A stable release with users, beside it room for a rollout, and eyes on all of it. */
import { rmSync } from "node:fs";
import { copyFile, mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { guardProgram } from "@ml-actions/release/guard";
import { readBook } from "@ml-actions/rollout/kubernetes/journal-book";
import { ledgerObjects } from "@ml-actions/rollout/kubernetes/ledger-names";
import { platforms } from "@ml-actions/rollout/kubernetes/platforms";
import { rightsOf } from "@ml-actions/rollout/kubernetes/rights";
import type { JournalEntry, Release } from "@ml-actions/rollout/target";
import { createPlace, type Place, standIn } from "../cluster/contract/place.ts";
import { grantGuard, letGuardSee } from "../cluster/guard-account.ts";
import { ask } from "../cluster/kserve-fixture.ts";
import { type ApiProxy, startApiProxy } from "./api-proxy.ts";
import { Run } from "./run.ts";
import type { Errand } from "./runner.ts";
import { offerSlots, slotsOf, withdrawSlots } from "./scarce.ts";
import { type ChaosTarget, type Entrance, stages } from "./stages.ts";
import { Users } from "./users.ts";

export interface Scene {
  target: ChaosTarget;
  place: Place;
  stable: Release;
  candidate: Release;
  users: Users;
  entrance: Entrance;
  proxy: ApiProxy;
  /** One more runner, which deploys the candidate. */
  run(more?: Partial<Errand>, clockAheadMs?: number): Run;
}

let kept: Promise<string> | null = null;

/** How many are there now, and how many there were at most. */
export const crowd = { now: 0, most: 0 };

/** One for the whole suite, in a place of its own: a change of the sources meanwhile removes what was built before. */
function keptGuard(): Promise<string> {
  kept ??= (async () => {
    const folder = await mkdtemp(join(tmpdir(), "ml-actions-chaos-guard-"));
    process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
    const path = join(folder, "guard.mjs");
    await copyFile(await guardProgram(), path);
    return path;
  })();
  return kept;
}

export interface SceneOptions {
  target: ChaosTarget;
  candidate: () => Promise<Release>;
  /** The node has room for little more than stable and one candidate. */
  scarce?: true;
}

export async function inScene(
  { target, candidate: makeCandidate, scarce }: SceneOptions,
  work: (scene: Scene) => Promise<void>,
): Promise<void> {
  const [program, stable, candidate] = await Promise.all([
    keptGuard(),
    standIn({ name: "stable" }),
    makeCandidate(),
  ]);
  const place = await createPlace(target, false);
  crowd.most = Math.max(crowd.most, ++crowd.now);
  try {
    const { guard, cluster } = rightsOf(target);
    await Promise.all([grantGuard(place.namespace, guard), letGuardSee(place.namespace, cluster)]);
    if (scarce) await offerSlots(place.namespace);
    const slots = scarce ? slotsOf(place.namespace.name) : null;
    const entrance = await stages[target].raise(place, stable, slots);
    await untilAnswering(entrance);
    const proxy = await startApiProxy(place.namespace.kubeconfig);
    const errand: Errand = {
      ...{ target, namespace: place.namespace.name, kubeconfig: proxy.kubeconfig, candidate },
      ...{ guardProgram: program, guardImage: stable.image as string, holder: "the first runner" },
    };
    const runs: Run[] = [];
    const users = new Users(entrance.url, entrance.host);
    try {
      await work({
        ...{ target, place, stable, candidate, users, entrance, proxy },
        run(more = {}, clockAheadMs = 0) {
          const run = new Run({ ...errand, ...more }, clockAheadMs);
          runs.push(run);
          return run;
        },
      });
    } finally {
      for (const run of runs) await run.end();
      await users.stop();
      await proxy.stop();
    }
  } finally {
    crowd.now -= 1;
    if (scarce) await withdrawSlots(place.namespace);
    await place.close();
  }
}

/** A route that the router has not taken yet is nobody's failure. */
async function untilAnswering({ url, host }: Entrance): Promise<void> {
  for (let inARow = 0, tries = 0; inARow < 5; tries++) {
    const answer = await ask(url, host).catch(() => null);
    inARow = answer?.status === 200 ? inARow + 1 : 0;
    if (tries > 300) throw new Error(`${host} at ${url} does not answer`);
    if (inARow === 0) await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

/** As it stands in the cluster: the ledger shows a closed one to its first reader alone, and that is the next run. */
export async function journalOf({ place, target }: Scene): Promise<readonly JournalEntry[]> {
  const resource = `${platforms[target].kind}/flights`;
  const { book } = ledgerObjects(place.namespace.name, resource);
  return readBook(await place.api.get(book), resource).journal.entries;
}
