/** A control plane of a test's own, without a node: for tests that stop its API server or its etcd, which they must not
 * do to the lab's. Its programs are the same, so is its API. */
import { randomInt } from "node:crypto";
import { mkdtemp, readdir, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ownerFile, sweep } from "../components/containerd/leftovers.ts";
import { ControlPlane } from "../components/kubernetes/control-plane.ts";

const directoryPrefix = "ml-actions-plane-";

export interface OwnControlPlane {
  /** Path, of an administrator. */
  kubeconfig: string;
  kubectl(args: readonly string[], stdin?: string): Promise<string>;
  /** SIGKILL. What etcd holds stays. */
  kill(program: "etcd" | "kube-apiserver"): Promise<void>;
  /** Resolves when it answers again, at the same address. */
  start(program: "etcd" | "kube-apiserver"): Promise<void>;
  /** Ends all of it, and leaves nothing. */
  stop(): Promise<void>;
}

/** @param serverFlags of the API server, beyond what every control plane here has */
export async function ownControlPlane(serverFlags: readonly string[] = []): Promise<OwnControlPlane> {
  const directory = await mkdtemp(join(tmpdir(), directoryPrefix));
  await writeFile(join(directory, ownerFile), String(process.pid));
  // All of 127.0.0.0/8 is this machine: an address that nobody else listens at.
  const address = `127.${randomInt(1, 245)}.${randomInt(256)}.${randomInt(1, 255)}`;
  const plane = new ControlPlane({
    ...{ directory, privateAddress: address, address },
    // Nothing runs in this cluster that would look for the API server by its service, which may not be a loopback address.
    serverFlags: ["--endpoint-reconciler-type=none", ...serverFlags],
  });
  const stop = () => sweep(directory);
  await plane.start().catch(async (error) => {
    await stop();
    throw error;
  });
  return {
    kubeconfig: plane.kubeconfig("admin"),
    kubectl: (args, stdin) => plane.kubectl(args, stdin),
    kill: (program) => plane.daemons.stop(program, "SIGKILL"),
    start: (program) => (program === "etcd" ? plane.startEtcd() : plane.startServer()),
    stop,
  };
}

/** Those of test processes that were killed. */
export async function stopAbandoned(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    if (!name.startsWith(directoryPrefix)) continue;
    const directory = join(tmpdir(), name);
    const owner = Number(await readFile(join(directory, ownerFile), "utf8").catch(() => "0"));
    // An owner of 0 is one that has not written its id yet.
    if (owner > 0 && !isAlive(owner)) await sweep(directory);
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
