/**
 * The directories of a job. A test worker may be ended without a word, so each name holds the pid of its maker, and who
 * makes the next one clears away what the dead have left, processes included.
 */
import { lstatSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { endOrphans } from "./orphans.ts";

const PREFIX = "ml-actions-job-";
const ours = new Set<string>();
process.on("exit", () => {
  for (const home of ours) rmSync(home, { recursive: true, force: true });
});

export interface JobHome {
  path: string;
  /** Which the processes of the job carry in their environment. */
  trackingId: string;
  make(name: string): string;
}

/** A new home; it goes when this process ends. */
export function makeJobHome(): JobHome {
  const path = mkdtempSync(join(tmpdir(), `${PREFIX}${process.pid}-`));
  ours.add(path);
  return {
    path,
    trackingId: trackingIdOf(path),
    make(name) {
      mkdirSync(join(path, name));
      return join(path, name);
    },
  };
}

/** Ends the processes of this user's jobs whose makers are dead, and removes their homes. */
export async function clearDeadJobs(): Promise<void> {
  for (const name of readdirSync(tmpdir())) {
    const pid = Number(new RegExp(`^${PREFIX}(\\d+)-`).exec(name)?.[1]);
    if (Number.isNaN(pid) || isAlive(pid)) continue;
    const home = join(tmpdir(), name);
    if (lstatSync(home, { throwIfNoEntry: false })?.uid !== process.getuid?.()) continue;
    await endOrphans(trackingIdOf(home));
    rmSync(home, { recursive: true, force: true });
  }
}

const trackingIdOf = (home: string): string => `github_${basename(home)}`;

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}
