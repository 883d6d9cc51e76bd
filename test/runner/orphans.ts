/** At the end of a job the runner ends every process that carries its tracking id ("Terminate orphan process"). */
import { readdir, readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";

const GRACE_MS = 3_000;

/** SIGTERM to all of them, SIGKILL to those that are still there after three seconds. Linux alone. */
export async function endOrphans(trackingId: string): Promise<void> {
  const orphans = await processesWith(trackingId);
  for (const pid of orphans) signal(pid, "SIGTERM");
  const deadlineMs = performance.now() + GRACE_MS;
  let left = orphans;
  while (left.length > 0 && performance.now() < deadlineMs) {
    await sleep(50);
    left = await processesWith(trackingId);
  }
  for (const pid of left) signal(pid, "SIGKILL");
}

async function processesWith(trackingId: string): Promise<number[]> {
  const wanted = `RUNNER_TRACKING_ID=${trackingId}`;
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name)).map(Number);
  const carries = await Promise.all(
    pids.map(async (pid) => {
      // Gone in the meantime, or of another user.
      const environment = await readFile(`/proc/${pid}/environ`, "utf8").catch(() => "");
      return environment.split("\0").includes(wanted);
    }),
  );
  return pids.filter((_, i) => carries[i]);
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
  }
}
