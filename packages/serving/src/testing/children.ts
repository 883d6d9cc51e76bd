/** Child processes of this test by what they run, read from /proc: nothing is killed by name. */
import { readdir, readFile } from "node:fs/promises";

export async function childrenOf(parent: number, program: string): Promise<number[]> {
  const found: number[] = [];
  for (const name of await readdir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    // A process may end between the listing and the look.
    const stat = await readFile(`/proc/${name}/stat`, "utf8").catch(() => "");
    const command = await readFile(`/proc/${name}/cmdline`, "utf8").catch(() => "");
    // After the command in brackets, which may hold anything, come state and parent (proc_pid_stat(5)).
    const [state, ppid] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    if (Number(ppid) === parent && state !== "Z" && command.includes(program)) found.push(Number(name));
  }
  return found;
}
