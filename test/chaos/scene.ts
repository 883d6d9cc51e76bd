/** A stable release with users, beside it room for a rollout, and eyes on all of it. */
import { rmSync } from "node:fs";
import { copyFile, mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { KubeObject } from "@ml-actions/cluster/types";
import { guardProgram } from "@ml-actions/release/guard";
import { readBook } from "@ml-actions/rollout/kubernetes/journal-book";
import { ledgerObjects } from "@ml-actions/rollout/kubernetes/ledger-names";
import { platforms } from "@ml-actions/rollout/kubernetes/platforms";
import { rightsOf } from "@ml-actions/rollout/kubernetes/rights";
import type { JournalEntry, Release } from "@ml-actions/rollout/target";
import type { KubernetesTargetName } from "@ml-actions/rollout/targets/index";
import { route } from "../cluster/contract/fixtures.ts";
import { createPlace, type Place, standIn, workload } from "../cluster/contract/place.ts";
import { grantGuard } from "../cluster/guard-account.ts";
import { ask, hostOf, inferenceService, untilReady } from "../cluster/kserve-fixture.ts";
import { lab } from "../lab/lab.ts";
import { type ApiProxy, startApiProxy } from "./api-proxy.ts";
import { Run } from "./run.ts";
import type { Errand } from "./runner.ts";
import { Users } from "./users.ts";

export type ChaosTarget = Extract<KubernetesTargetName, "deployment" | "gateway" | "kserve">;

export interface Scene {
  target: ChaosTarget;
  place: Place;
  stable: Release;
  candidate: Release;
  users: Users;
  entrance: { url: string; host: string };
  proxy: ApiProxy;
  /** One more runner, which deploys the candidate. */
  run(more?: Partial<Errand>, clockAheadMs?: number): Run;
}

/** Brings the user's objects up and gives the address of their service. */
type Stage = (place: Place, stable: Release) => Promise<{ url: string; host: string }>;

/** Each names itself, as the servers that we build do. */
const named = (stable: Release) => ({ env: [{ name: "ML_RELEASE", value: stable.digest }] });

const stages: Record<ChaosTarget, Stage> = {
  deployment: async ({ namespace }, stable) => {
    const image = stable.image as string;
    // Beside three of stable, one candidate is a quarter.
    await namespace.apply(await workload({ replicas: 3, image, container: named(stable) }));
    await namespace.rolledOut("flights");
    const { spec } = (await namespace.get("service", "flights")) as KubeObject;
    const { clusterIP } = spec as { clusterIP: string };
    return { url: `http://${clusterIP}`, host: clusterIP };
  },
  gateway: async ({ namespace }, stable) => {
    const host = `${namespace.name}.test`;
    const objects = await workload({
      replicas: 1,
      image: stable.image as string,
      container: named(stable),
    });
    await namespace.apply([...objects, await route(host)]);
    await namespace.rolledOut("flights");
    return { url: (await lab()).gateway.url, host };
  },
  kserve: async ({ namespace }, { image, digest }) => {
    await namespace.apply([inferenceService("flights", { reference: image as string, digest })]);
    await untilReady(namespace, "flights");
    return { url: (await lab()).gateway.url, host: hostOf("flights", namespace.name) };
  },
};

let kept: Promise<string> | null = null;

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

export async function inScene(
  target: ChaosTarget,
  makeCandidate: () => Promise<Release>,
  work: (scene: Scene) => Promise<void>,
): Promise<void> {
  const [program, stable, candidate] = await Promise.all([
    keptGuard(),
    standIn({ name: "stable" }),
    makeCandidate(),
  ]);
  const place = await createPlace(target, false);
  try {
    await grantGuard(place.namespace, rightsOf(target).guard);
    const entrance = await stages[target](place, stable);
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
    await place.close();
  }
}

/** A route that the router has not taken yet is nobody's failure. */
async function untilAnswering({ url, host }: { url: string; host: string }): Promise<void> {
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
