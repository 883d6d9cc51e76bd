/** One writer of a layout's index at a time, among the processes of one machine or of several that share the directory. */
import { randomUUID } from "node:crypto";
import { link, readFile, rename, rm, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { OciError } from "./errors.ts";

/** The index is read, changed and renamed within milliseconds. */
const staleAfterMs = 60_000;
const waitMs = 120_000;
const pollMs = 25;

interface Holder {
  host: string;
  pid: number;
  /** Milliseconds since 1970. */
  at: number;
  id: string;
}

/** Runs `body` while holding the lock file, which appears with its holder's name in it (a hard link), never empty. The lock
 * of a process that died, or of another machine after 60 s, is taken over. Rejects with `OciError` code `conflict` when
 * it is not free for 120 s. */
export async function withLock<T>(path: string, body: () => Promise<T>): Promise<T> {
  const id = randomUUID();
  const own = `${path}.${id}`;
  const deadline = Date.now() + waitMs;
  while (!(await take(path, own, id))) {
    if (Date.now() > deadline) {
      throw new OciError("conflict", `${path} has been held by another process for ${waitMs / 1000} s`, {
        remedy: "Wait until no other job writes this directory; if there is none, delete the lock file.",
      });
    }
    await sleep(pollMs * (0.5 + Math.random()));
  }
  try {
    return await body();
  } finally {
    if ((await holderOf(path))?.id === id) await rm(path, { force: true });
  }
}

async function take(path: string, own: string, id: string): Promise<boolean> {
  const holder: Holder = { host: hostname(), pid: process.pid, at: Date.now(), id };
  try {
    await writeFile(own, JSON.stringify(holder), { flag: "wx" });
    await link(own, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") {
      throw new OciError("file", `cannot lock ${path}: ${(error as Error).message}`, {
        cause: error,
        remedy: "Give a directory that can be written to.",
      });
    }
  } finally {
    await rm(own, { force: true });
  }
  const standing = await holderOf(path);
  if (standing !== null && isStale(standing)) await remove(path, own, standing);
  return false;
}

/** Takes a stale lock away: moved aside first, so that of two who do it at once only one moves the stale one. */
async function remove(path: string, own: string, stale: Holder): Promise<void> {
  const aside = `${own}.stale`;
  try {
    await rename(path, aside);
  } catch {
    return;
  }
  // Another may have taken it over, and taken the lock, between the look and the move.
  if ((await holderOf(aside))?.id !== stale.id) await link(aside, path).catch(() => {});
  await rm(aside, { force: true });
}

async function holderOf(path: string): Promise<Holder | null> {
  try {
    return JSON.parse(await readFile(path, "utf8")) as Holder;
  } catch {
    return null;
  }
}

function isStale({ host, pid, at }: Holder): boolean {
  if (host !== hostname()) return Date.now() - at > staleAfterMs;
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ESRCH";
  }
}
