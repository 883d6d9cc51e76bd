/** What the processes that this one starts hold in memory together, at most. Linux alone: it reads /proc. */
import { readdirSync, readFileSync } from "node:fs";

/** Looking walks the pages of each process, so not more often unless needed. */
const usuallyEveryMs = 100;

/** Runs the body, and looks at what it starts: what is running already is none of its own. The proportional set sizes of
 * all descendants are summed every 100 ms, or as often as asked for what ends sooner: a page that several of them share,
 * such as Node's own program, counts once in all. */
export async function withPeakMemory<T>(
  body: () => Promise<T>,
  everyMs = usuallyEveryMs,
): Promise<{ result: T; peakMegabytes: number }> {
  let peak = 0;
  const before = new Set(childrenOf().get(process.pid));
  const timer = setInterval(() => {
    peak = Math.max(peak, bytesBelow(process.pid, before));
  }, everyMs);
  try {
    return { result: await body(), peakMegabytes: peak / 1e6 };
  } finally {
    clearInterval(timer);
  }
}

/** Of the descendants, not of the process itself. */
function bytesBelow(pid: number, except: ReadonlySet<number>): number {
  const children = childrenOf();
  const sumBelow = (above: number): number =>
    (children.get(above) ?? []).reduce((sum, child) => {
      if (except.has(child)) return sum;
      const kilobytes = /^Pss:\s+(\d+) kB$/m.exec(read(`/proc/${child}/smaps_rollup`) ?? "")?.[1];
      return sum + Number(kilobytes ?? 0) * 1024 + sumBelow(child);
    }, 0);
  return sumBelow(pid);
}

function childrenOf(): Map<number, number[]> {
  const children = new Map<number, number[]>();
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    // After the command in parentheses, which may hold anything: the state, then the parent.
    const parent = Number(read(`/proc/${name}/stat`)?.split(") ").at(-1)?.split(" ")[1]);
    if (parent > 0) children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
  }
  return children;
}

/** null when the process has ended in the meantime. */
function read(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
}
