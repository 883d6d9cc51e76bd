/** The faults that come from outside the runner. */
import { setTimeout as sleep } from "node:timers/promises";
import { guardLabel } from "@ml-actions/rollout/kubernetes/guard-manifest";
import type { Run } from "./run.ts";
import { crowdOut, makeRoom } from "./scarce.ts";
import { journalOf, type Scene } from "./scene.ts";
import type { ChaosTarget } from "./stages.ts";
import { troubles } from "./troubles.ts";

export type Act = (scene: Scene, run: Run) => Promise<void>;

/** The rollout stays where it is until that is done: without counts it goes nowhere, however long a busy machine takes to
 * carry it out. */
export function atStandstill(act: Act): Act {
  return async (scene, run) => {
    scene.proxy.trouble = troubles.metricsDown;
    try {
      await act(scene, run);
    } finally {
      scene.proxy.trouble = null;
    }
  };
}

async function killGuard({ place }: Scene): Promise<void> {
  await place.namespace.kubectl(["delete", "pod", "-l", guardLabel, "--force", "--grace-period=0"]);
}

async function killGuardAtWork(scene: Scene): Promise<void> {
  const { ledger } = await scene.place.open();
  for (let tries = 0; (await ledger.lease())?.guard !== true; tries++) {
    if (tries > 600) throw new Error("the guard did not take the lease");
    await sleep(100);
  }
  await killGuard(scene);
}

async function steal({ place }: Scene): Promise<void> {
  const { ledger } = await place.open();
  await ledger.hold({ holder: "the thief", rollout: "theft", ttlMs: 15_000, seize: true });
}

const weights: Partial<Record<ChaosTarget, { object: string; path: string }>> = {
  gateway: { object: "httproute", path: "/spec/rules/0/backendRefs" },
  istio: { object: "virtualservice", path: "/spec/http/0/route" },
};

/** The candidate's share becomes nine tenths. */
async function editRoute({ place, target }: Scene): Promise<void> {
  const { object, path } = weights[target] ?? {};
  if (object === undefined) throw new Error(`nobody edits weights of target ${target}`);
  const changes = [10, 90].map((value, side) => ({ op: "replace", path: `${path}/${side}/weight`, value }));
  await place.namespace.kubectl(["patch", object, "flights", "--type=json", "-p", JSON.stringify(changes)]);
}

async function scaleToZero({ place }: Scene): Promise<void> {
  await place.namespace.kubectl(["scale", "deployment", "flights-candidate", "--replicas=0"]);
}

/** As a drained node has it. */
async function evict({ place: { namespace } }: Scene): Promise<void> {
  const listed = await namespace.kubectl(["get", "pods", "-o", "jsonpath={.items[*].metadata.name}"]);
  const pods = listed.split(" ").filter((name) => name.startsWith("flights-candidate-"));
  if (pods.length === 0) throw new Error("the candidate has no pod to evict");
  for (const name of pods) {
    const metadata = { name, namespace: namespace.name };
    const path = `/api/v1/namespaces/${namespace.name}/pods/${name}/eviction`;
    const eviction = { apiVersion: "policy/v1", kind: "Eviction", metadata };
    await namespace.kubectl(["create", "--raw", path, "-f", "-"], JSON.stringify(eviction));
  }
}

const crowd = atStandstill(({ place: { namespace }, stable }) => crowdOut(namespace, stable.image as string));

async function crowdCandidateOut(scene: Scene, run: Run): Promise<void> {
  await crowd(scene, run);
  await run.ended;
  await makeRoom(scene.place.namespace);
}

async function secondDeploy(scene: Scene, first: Run): Promise<void> {
  const second = scene.run({ holder: "the second runner" });
  await second.ended;
  first.told.push(...second.told);
}

/** It wakes when others have ended its rollout. */
async function zombie(scene: Scene, run: Run): Promise<void> {
  for (let tries = 0; (await journalOf(scene)).at(-1)?.step.name !== "end"; tries++) {
    if (tries > 300) throw new Error("nobody ended the rollout of the runner that stands still");
    await sleep(300);
  }
  run.process.kill("SIGCONT");
  await run.ended;
}

/** @param forMs left out: until the rollout has ended */
function trouble(name: keyof typeof troubles, forMs?: number): Act {
  return async ({ proxy }, run) => {
    proxy.trouble = troubles[name];
    await (forMs === undefined ? run.ended : sleep(forMs));
    proxy.trouble = null;
    if (proxy.met === 0) throw new Error(`no request met ${name}: ${run.told.join("; ")}`);
  };
}

export const actions = {
  ...{ killGuard: atStandstill(killGuard), killGuardAtWork, crowdCandidateOut, zombie, trouble },
  ...{ steal: atStandstill(steal), editRoute: atStandstill(editRoute), evict: atStandstill(evict) },
  ...{ scaleToZero: atStandstill(scaleToZero), secondDeploy: atStandstill(secondDeploy) },
};
