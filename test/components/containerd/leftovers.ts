/** Nothing of a containerd may outlive it: processes, mounts, sockets, control groups and files of its directory are
 * removed, whatever state it was left in. Linux alone, and root. */
import { execFile } from "node:child_process";
import { readdir, readFile, rm, rmdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";

export const directoryPrefix = "ml-actions-containerd-";
/** Holds the id of the process that started it. */
export const ownerFile = "owner";
const cgroupRoot = "/sys/fs/cgroup";
const killTimeoutMs = 10_000;

/** Removes what tests that were killed have left. */
export async function sweepAbandoned(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    if (!name.startsWith(directoryPrefix)) continue;
    const directory = join(tmpdir(), name);
    const owner = Number(await readFile(join(directory, ownerFile), "utf8").catch(() => "0"));
    // An owner of 0 is one that has not written its id yet.
    if (owner > 0 && !isAlive(owner)) await sweep(directory);
  }
}

/** Removes everything of the containerd whose root, state and socket lie in `directory`. */
export async function sweep(directory: string): Promise<void> {
  await endProcesses(directory);
  for (const mount of (await mountsBelow(directory)).reverse())
    await promisify(execFile)("umount", ["--lazy", mount]);
  for (const socket of await shimSockets(directory)) await rm(socket, { force: true });
  for (const cgroup of await cgroupsOf(directory)) await removeCgroup(cgroup);
  await rm(directory, { recursive: true, force: true });
}

/** Kills all of them; resolves when they have ended. */
export async function endProcesses(directory: string): Promise<void> {
  const deadlineMs = performance.now() + killTimeoutMs;
  let left = await processesOf(directory);
  while (left.length > 0) {
    if (performance.now() > deadlineMs)
      throw new Error(`processes of ${directory} do not end: ${left.join(", ")}`);
    for (const pid of left) kill(pid);
    await sleep(50);
    left = await processesOf(directory);
  }
}

/** The control group of its containers, below each hierarchy. */
export const cgroupOf = (directory: string): string => `/${basename(directory)}`;

/** Those in its containers, and those whose command line names the directory: containerd, shims, runc, ctr. */
export async function processesOf(directory: string): Promise<number[]> {
  const found = new Set<number>();
  for (const cgroup of await cgroupsOf(directory)) {
    for (const below of [cgroup, ...(await foldersBelow(cgroup))]) {
      const pids = await readFile(join(below, "cgroup.procs"), "utf8").catch(() => "");
      for (const pid of pids.split("\n").filter((line) => line !== "")) found.add(Number(pid));
    }
  }
  for (const name of await readdir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const commandLine = await readFile(`/proc/${name}/cmdline`, "utf8").catch(() => "");
    if (commandLine.includes(`${directory}/`)) found.add(Number(name));
  }
  // Who sweeps may have been told the directory on the command line, as may the shell above it.
  for (const pid of await ownAncestry()) found.delete(pid);
  return [...found];
}

/** This process and those above it. */
async function ownAncestry(): Promise<number[]> {
  const ancestry: number[] = [];
  for (let pid = process.pid; pid > 1; ) {
    ancestry.push(pid);
    const status = await readFile(`/proc/${pid}/status`, "utf8").catch(() => "");
    pid = Number(/^PPid:\s*(\d+)/m.exec(status)?.[1] ?? 0);
  }
  return ancestry;
}

export async function mountsBelow(directory: string): Promise<string[]> {
  const lines = (await readFile("/proc/self/mountinfo", "utf8")).split("\n");
  // proc_pid_mountinfo(5): the fifth field is the mount point.
  const points = lines.map((line) => line.split(" ")[4] ?? "");
  return points.filter((point) => point.startsWith(`${directory}/`));
}

/** A shim's socket lies in /run/containerd/s whatever the state directory is; the task's bundle says where. */
async function shimSockets(directory: string): Promise<string[]> {
  const names = await readdir(join(directory, "state"), { recursive: true }).catch(() => []);
  const addresses = names.filter((name) => basename(name) === "address");
  const texts = await Promise.all(
    addresses.map((name) => readFile(join(directory, "state", name), "utf8").catch(() => "")),
  );
  return texts.filter((text) => text.startsWith("unix://")).map((text) => text.slice("unix://".length));
}

/** Version 2 has one hierarchy, version 1 one a controller. */
async function cgroupsOf(directory: string): Promise<string[]> {
  const name = cgroupOf(directory);
  const hierarchies = await readdir(cgroupRoot).catch(() => []);
  const candidates = [cgroupRoot, ...hierarchies.map((hierarchy) => join(cgroupRoot, hierarchy))];
  const there: string[] = [];
  for (const candidate of candidates) {
    const path = join(candidate, name);
    if ((await readdir(path).catch(() => null)) !== null) there.push(path);
  }
  return there;
}

async function foldersBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true }).catch(() => []);
  return entries.filter((entry) => entry.isDirectory()).map((entry) => join(entry.parentPath, entry.name));
}

/** A control group's files cannot be removed, its folder can, when those below it are gone. */
async function removeCgroup(cgroup: string): Promise<void> {
  for (const folder of [cgroup, ...(await foldersBelow(cgroup))].reverse()) await rmdir(folder);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended in the meantime.
  }
}
