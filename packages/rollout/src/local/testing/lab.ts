/** A target `local` in a directory of its own, with stand-in releases, for tests. */
import { createHash } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { Release } from "../../target.ts";
import type { LocalOptions, LocalTarget } from "../../targets/local.ts";
import { openLocal } from "../../targets/local.ts";
import { readLock } from "../lock.ts";
import { untilGone } from "../start.ts";
import type { Behaviour } from "./stand-in-server.ts";

const sources = resolve(import.meta.dirname, "..");
export const standInPrograms = {
  supervisor: join(sources, "supervisor.ts"),
  server: join(sources, "testing/stand-in-server.ts"),
  inference: join(sources, "testing/stand-in-server.ts"),
};

export interface Lab {
  directory: string;
  stateDirectory: string;
  options: LocalOptions;
  open(more?: Partial<LocalOptions>): Promise<LocalTarget>;
  /** A release whose "model" is this behaviour. */
  release(behaviour: Behaviour): Promise<Release>;
  supervisorPid(): Promise<number>;
  /** Ends the supervisor, if one lives, and removes everything. */
  close(): Promise<void>;
}

export async function createLab(): Promise<Lab> {
  const directory = await mkdtemp(join(tmpdir(), "ml-lab-"));
  const stateDirectory = join(directory, "state");
  const options: LocalOptions = {
    resource: "flights",
    stateDirectory,
    port: 0,
    programs: standInPrograms,
    readyTimeoutMs: 8_000,
  };
  const supervisorPid = async () => {
    const lock = await readLock(stateDirectory);
    if (lock === null) throw new Error("no supervisor lives");
    return lock.pid;
  };
  return {
    directory,
    stateDirectory,
    options,
    open: (more) => openLocal({ ...options, ...more }),
    release: (behaviour) => standInRelease(directory, behaviour),
    supervisorPid,
    close: async () => {
      const lock = await readLock(stateDirectory);
      if (lock !== null && isAlive(lock.pid)) {
        process.kill(lock.pid, "SIGCONT");
        process.kill(lock.pid, "SIGTERM");
        await untilGone(stateDirectory, 20_000).catch(() => process.kill(lock.pid, "SIGKILL"));
      }
      await rm(directory, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
    },
  };
}

async function standInRelease(directory: string, behaviour: Behaviour): Promise<Release> {
  const text = JSON.stringify(behaviour);
  const digest = `sha256:${createHash("sha256").update(text).digest("hex")}`;
  const uri = join(directory, `${digest.slice(7, 19)}.onnx`);
  const contract = join(directory, `${digest.slice(7, 19)}.contract.json`);
  await writeFile(uri, text);
  await writeFile(contract, "{}");
  return { digest, label: behaviour.name, model: { digest, uri, contract } };
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
