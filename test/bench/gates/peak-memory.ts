/** What the processes that this one starts hold in memory together, at most. Linux alone: it reads /proc. */
import { readdirSync, readFileSync } from "node:fs";

const everyMs = 50;
const pageBytes = 4096;

/** Runs the body. Resident memory of all descendants is summed every 50 ms, pages that they share counted for each. */
export async function withPeakMemory<T>(
  body: () => Promise<T>,
): Promise<{ result: T; peakMegabytes: number }> {
  let peak = 0;
  const timer = setInterval(() => {
    peak = Math.max(peak, residentBytes(process.pid));
  }, everyMs);
  try {
    return { result: await body(), peakMegabytes: peak / 1e6 };
  } finally {
    clearInterval(timer);
  }
}

/** Of the descendants, not of the process itself. */
function residentBytes(pid: number): number {
  const children = new Map<number, number[]>();
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    // After the command in parentheses, which may hold anything: the state, then the parent.
    const parent = Number(read(`/proc/${name}/stat`)?.split(") ").at(-1)?.split(" ")[1]);
    if (parent > 0) children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
  }
  const sumBelow = (above: number): number =>
    (children.get(above) ?? []).reduce((sum, child) => {
      const pages = Number(read(`/proc/${child}/statm`)?.split(" ")[1] ?? 0);
      return sum + pages * pageBytes + sumBelow(child);
    }, 0);
  return sumBelow(pid);
}

/** null when the process has ended in the meantime. */
function read(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
}
