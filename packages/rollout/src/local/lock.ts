/**
 * One supervisor a state directory. The lock is a file created with O_EXCL that names its holder and where it listens;
 * a holder that is dead, or alive without anybody listening, left it behind. A stale lock is removed under a second
 * lock, so that two who find it stale cannot remove each other's new one.
 */
import { randomUUID } from "node:crypto";
import { open, readFile, rm, stat } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";

const lockSchema = z.object({ pid: z.number().int().positive(), socket: z.string(), token: z.string() });
export type Lock = z.infer<typeof lockSchema>;

/** A holder has the lock for a moment before it listens. */
const listenGraceMs = 3_000;
/** Breaking a lock takes milliseconds: an older break lock is a crash's. */
const breakStaleMs = 10_000;

const lockPath = (directory: string) => join(directory, "supervisor.lock");

/** null when there is none, or none that can be read. */
export async function readLock(directory: string): Promise<Lock | null> {
  const text = await readFile(lockPath(directory), "utf8").catch(() => "");
  try {
    return lockSchema.parse(JSON.parse(text));
  } catch {
    return null;
  }
}

/** Takes the lock for this process, or resolves to false when a living holder has it. */
export async function takeLock(directory: string, socket: string): Promise<boolean> {
  const lock: Lock = { pid: process.pid, socket, token: randomUUID() };
  for (;;) {
    if (await create(lockPath(directory), JSON.stringify(lock))) return true;
    const found = await examine(directory);
    if (found === "alive") return false;
    if (found === "stale") await breakLock(directory);
  }
}

export async function dropLock(directory: string): Promise<void> {
  const lock = await readLock(directory);
  if (lock?.pid === process.pid) await rm(lockPath(directory), { force: true });
}

/** Whether somebody listens at the socket: the kernel knows, even when the listener hangs. */
export function isListening(socket: string): Promise<boolean> {
  return new Promise((resolve) => {
    const connection = connect(socket);
    connection.on("connect", () => {
      resolve(true);
      connection.destroy();
    });
    connection.on("error", () => resolve(false));
  });
}

async function examine(directory: string): Promise<"alive" | "stale" | "gone"> {
  const deadline = performance.now() + listenGraceMs;
  while (performance.now() < deadline) {
    const lock = await readLock(directory);
    if (lock !== null && !isAlive(lock.pid)) return "stale";
    if (lock !== null && (await isListening(lock.socket))) return "alive";
    if (lock === null && !(await exists(lockPath(directory)))) return "gone";
    await sleep(50);
  }
  return "stale";
}

async function breakLock(directory: string): Promise<void> {
  const breaking = `${lockPath(directory)}.break`;
  if (!(await create(breaking, String(process.pid)))) {
    const age = await stat(breaking).then(
      (found) => Date.now() - found.mtimeMs,
      () => 0,
    );
    if (age > breakStaleMs) await rm(breaking, { force: true });
    await sleep(20);
    return;
  }
  try {
    if ((await examine(directory)) === "stale") await rm(lockPath(directory), { force: true });
  } finally {
    await rm(breaking, { force: true });
  }
}

/** False when the file exists. */
async function create(path: string, text: string): Promise<boolean> {
  try {
    const file = await open(path, "wx", 0o600);
    await file.writeFile(text);
    await file.close();
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
