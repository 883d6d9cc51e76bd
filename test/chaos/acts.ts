/** The faults that come from outside the runner. */
import { setTimeout as sleep } from "node:timers/promises";
import { guardLabel } from "@ml-actions/rollout/kubernetes/guard-manifest";
import { troubles } from "./api-proxy.ts";
import type { Run } from "./run.ts";
import { journalOf, type Scene } from "./scene.ts";

type Act = (scene: Scene, run: Run) => Promise<void>;

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

async function editRoute({ place }: Scene): Promise<void> {
  const weights = [{ op: "replace", path: "/spec/rules/0/backendRefs/0/weight", value: 1 }];
  await place.namespace.kubectl([
    ...["patch", "httproute", "flights", "--type=json", "-p", JSON.stringify(weights)],
  ]);
}

async function scaleToZero({ place }: Scene): Promise<void> {
  await place.namespace.kubectl(["scale", "deployment", "flights-candidate", "--replicas=0"]);
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
    if (proxy.met === 0) throw new Error(`no request met ${name}`);
  };
}

export const actions = {
  ...{ killGuard, killGuardAtWork, steal, editRoute, scaleToZero, secondDeploy, zombie },
  trouble,
};
