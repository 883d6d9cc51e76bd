/** Bringing parts up, one process at a time; and taking the lab away with everything that it left on the machine. */
import { mkdir, stat } from "node:fs/promises";
import { withLock } from "@ml-actions/release/build-lock";
import { endProcesses, sweep } from "../components/containerd/leftovers.ts";
import { giveBackMachine, removeTraces } from "../components/kubernetes/machine.ts";
import { nodeEnvironment } from "../components/kubernetes/node.ts";
import type { Part, PartName } from "./part.ts";
import { parts, withNeeds } from "./parts/index.ts";
import { labDirectory, labLock, nodeAddress } from "./place.ts";
import { givenKubeconfig, openSite } from "./site.ts";

const isGiven = (part: Part): boolean => part.name === "cluster" || part.name === "registry";

/** These parts and what they need. On a given cluster, where cluster and registry are there already, the others are
 * installed into it. */
export async function bringUp(names: readonly PartName[], say: (text: string) => void): Promise<void> {
  const wanted = withNeeds(names).filter((part) => givenKubeconfig() === null || !isGiven(part));
  await withLock(labLock, async () => {
    if (givenKubeconfig() === null) await ownDirectory();
    const started = new Map<PartName, Promise<void>>();
    for (const part of wanted) {
      const needs = part.needs.map((name) => started.get(name));
      started.set(
        part.name,
        Promise.all(needs).then(() => bringUpPart(part, say)),
      );
    }
    // All have ended when the lock is given back, also when one fails.
    const ended = await Promise.allSettled(started.values());
    for (const end of ended) if (end.status === "rejected") throw end.reason;
  });
}

async function bringUpPart(part: Part, say: (text: string) => void): Promise<void> {
  const beganMs = performance.now();
  say(`${part.name}: ${part.what} …`);
  await part.up(await openSite((text) => say(`${part.name}: ${text}`)));
  say(`${part.name}: up after ${((performance.now() - beganMs) / 1000).toFixed(1)} s`);
}

/** These and all that are up and need them, last brought up first. */
export async function takePartsDown(names: readonly PartName[], say: (text: string) => void): Promise<void> {
  const gone = new Set<PartName>(names);
  for (const { name, needs } of parts) if (needs.some((need) => gone.has(need))) gone.add(name);
  await withLock(labLock, async () => {
    for (const part of parts.filter(({ name }) => gone.has(name)).toReversed()) {
      const site = await openSite(say);
      if (!names.includes(part.name) && !(await part.status(site)).up) continue;
      await part.down(site);
      say(`${part.name}: down`);
    }
  });
}

/** The lab's own cluster and everything of it: processes, mounts, addresses, packet rules, control groups, files. Nothing
 * of the caches. It works in whatever state it is left, and resolves also when there is none. */
export async function takeDown(): Promise<void> {
  await withLock(labLock, async () => {
    // Without it there is no cluster of ours, and the packet rules are another's.
    if ((await stat(labDirectory).catch(() => null)) !== null) {
      await endProcesses(labDirectory);
      await giveBackMachine(labDirectory, nodeAddress, await nodeEnvironment());
      await sweep(labDirectory);
    }
    await removeTraces(labDirectory);
  });
}

/** Tokens of an administrator lie there, and a name in a folder that all may write to could be another's. */
async function ownDirectory(): Promise<void> {
  await mkdir(labDirectory, { recursive: true, mode: 0o700 });
  const { uid } = await stat(labDirectory);
  if (uid !== process.getuid?.()) {
    throw new Error(
      `${labDirectory} is another user's (${uid}), and the lab would keep its secrets there: remove it.`,
    );
  }
}
