/** Bringing parts up, one process at a time; and taking the lab away with everything that it left on the machine. */
import { chown, mkdir, stat } from "node:fs/promises";
import { withLock } from "@ml-actions/release/build-lock";
import { endProcesses, sweep } from "../components/containerd/leftovers.ts";
import { giveBackMachine } from "../components/kubernetes/machine.ts";
import { nodeEnvironment } from "../components/kubernetes/node.ts";
import type { Part, PartName } from "./part.ts";
import { withNeeds } from "./parts/index.ts";
import { labDirectory, nodeAddress } from "./place.ts";
import { givenKubeconfig, openSite } from "./site.ts";

const lock = `${labDirectory}.lock`;

const isGiven = (part: Part): boolean => part.name === "cluster" || part.name === "registry";

/** These parts and what they need. On a given cluster, where cluster and registry are there already, the others are
 * installed into it. */
export async function bringUp(names: readonly PartName[], say: (text: string) => void): Promise<void> {
  const wanted = withNeeds(names).filter((part) => givenKubeconfig() === null || !isGiven(part));
  await withLock(lock, async () => {
    if (givenKubeconfig() === null) await ownDirectory();
    for (const part of wanted) {
      const beganMs = performance.now();
      say(`${part.name}: ${part.what} …`);
      await part.up(await openSite((text) => say(`${part.name}: ${text}`)));
      say(`${part.name}: up after ${((performance.now() - beganMs) / 1000).toFixed(1)} s`);
    }
  });
}

/** The lab's own cluster and everything of it: processes, mounts, addresses, packet rules, control groups, files. Nothing
 * of the caches. It works in whatever state it is left, and resolves also when there is none. */
export async function takeDown(): Promise<void> {
  await withLock(lock, async () => {
    if ((await stat(labDirectory).catch(() => null)) === null) return;
    await endProcesses(labDirectory);
    await giveBackMachine(labDirectory, nodeAddress, await nodeEnvironment());
    await sweep(labDirectory);
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
  await chown(labDirectory, uid, process.getgid?.() ?? uid);
}
