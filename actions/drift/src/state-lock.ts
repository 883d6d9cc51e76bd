/** One process at a time, by a file created with O_EXCL. What is done under it takes milliseconds. */
import { randomUUID } from "node:crypto";
import { link, open, readFile, rename, rm, stat } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { UserError } from "@ml-actions/action-kit/action";

/** A lock this old was left by a process that was killed: nobody holds it for a thousandth of that. */
const staleMs = 10_000;
const waitMs = 30_000;

/** @throws UserError when the lock cannot be had in time */
export async function withLock<Result>(path: string, work: () => Promise<Result>): Promise<Result> {
  const token = randomUUID();
  const deadline = performance.now() + waitMs;
  while (!(await create(path, token))) {
    await breakStale(path);
    if (performance.now() > deadline) {
      throw new UserError(`The lock ${path} was held for ${waitMs / 1000} s.`, {
        remedy: "Remove it if no run of `drift` is under way.",
      });
    }
    await sleep(10 + Math.random() * 20);
  }
  try {
    return await work();
  } finally {
    if ((await readFile(path, "utf8").catch(() => "")) === token) await rm(path, { force: true });
  }
}

/** Moved away first and looked at again: what another took meanwhile is put back, unless a third has it by then. */
async function breakStale(path: string): Promise<void> {
  if (!(await isStale(path))) return;
  const aside = `${path}.${randomUUID()}`;
  await rename(path, aside).catch(() => {});
  if ((await isStale(aside)) === false) await link(aside, path).catch(() => {});
  await rm(aside, { force: true });
}

/** null: there is none. */
async function isStale(path: string): Promise<boolean | null> {
  const found = await stat(path).catch(() => null);
  return found === null ? null : Date.now() - found.mtimeMs >= staleMs;
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
