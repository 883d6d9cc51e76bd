/**
 * One supervisor a state directory. The lock is a file created with O_EXCL that names its holder and where it listens;
 * a holder that is dead, or alive without anybody listening, left it behind. A stale lock is removed under a second
 * lock and only while it is the same text, so that two who find it stale cannot remove each other's new one.
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
const listenGraceMs = 2_000;
/** Breaking a lock takes milliseconds: an older break lock is a crash's. */
const breakStaleMs = 10_000;

const lockPath = (directory: string) => join(directory, "supervisor.lock");

/** null when there is none, or none that can be read. */
export async function readLock(directory: string): Promise<Lock | null> {
  return parse(await readText(directory));
}

/** Takes the lock for this process, or resolves to false when a living holder has it. */
export async function takeLock(directory: string, socket: string): Promise<boolean> {
  const lock: Lock = { pid: process.pid, socket, token: randomUUID() };
  for (;;) {
    if (await create(lockPath(directory), JSON.stringify(lock))) return true;
    const found = await examine(directory);
    if (found.kind === "alive") return false;
    if (found.kind === "stale") await breakLock(directory, found.text);
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

type Finding = { kind: "alive" } | { kind: "gone" } | { kind: "stale"; text: string };

async function examine(directory: string): Promise<Finding> {
  const text = await readText(directory);
  if (text === null) return { kind: "gone" };
  const lock = parse(text);
  const deadline = performance.now() + listenGraceMs;
  while (performance.now() < deadline) {
    if (lock !== null && !isAlive(lock.pid)) break;
    if (lock !== null && (await isListening(lock.socket))) return { kind: "alive" };
    await sleep(50);
    // Another holder's already, or being written as we look.
    if ((await readText(directory)) !== text) return { kind: "gone" };
  }
  return { kind: "stale", text };
}

/** Removes the lock if it is still the one that was found stale. */
async function breakLock(directory: string, text: string): Promise<void> {
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
    if ((await readText(directory)) === text) await rm(lockPath(directory), { force: true });
  } finally {
    await rm(breaking, { force: true });
  }
}

async function readText(directory: string): Promise<string | null> {
  return readFile(lockPath(directory), "utf8").catch(() => null);
}

function parse(text: string | null): Lock | null {
  try {
    return lockSchema.parse(JSON.parse(text ?? ""));
  } catch {
    return null;
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
