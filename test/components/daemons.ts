/** Programs that outlive the process that starts them, until they are stopped: their ids are written down by themselves,
 * and all of them and of their children run in control groups of one name, by which none escapes. Linux alone, and root. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { access, mkdir, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { cgroupOf } from "./containerd/leftovers.ts";

const cgroupRoot = "/sys/fs/cgroup";
const stopTimeoutMs = 10_000;

/** Writes its id down, moves itself into the groups, and becomes the program. `set --` would lose the program's words, so
 * the groups come as one word. A hierarchy that takes no process (`cpuset` before it has processors) is passed over. */
const script =
  'echo $$ > "$1"; for group in $2; do echo $$ > "$group/cgroup.procs"; done 2>/dev/null; shift 2; exec "$@"';

export interface DaemonOptions {
  environment?: Record<string, string>;
}

export class Daemons {
  readonly directory: string;

  /** @param directory its base name is that of the control groups */
  constructor(directory: string) {
    this.directory = directory;
  }

  /** Starts it unless it runs. Output goes to `log(name)`. */
  async start(name: string, command: readonly [string, ...string[]], options: DaemonOptions = {}) {
    if ((await this.pid(name)) !== null) return;
    await Promise.all(
      ["pids", "logs"].map((folder) => mkdir(join(this.directory, folder), { recursive: true })),
    );
    const groups = await this.#groups();
    const log = openSync(this.log(name), "a");
    const child = spawn("/bin/sh", ["-c", script, "sh", this.#pidFile(name), groups.join(" "), ...command], {
      env: { PATH: process.env.PATH ?? "", ...options.environment },
      cwd: this.directory,
      detached: true,
      stdio: ["ignore", log, log],
    });
    closeSync(log);
    await once(child, "spawn");
    child.unref();
    while ((await this.pid(name)) === null && child.exitCode === null) await sleep(10);
  }

  /** null: it does not run. */
  async pid(name: string): Promise<number | null> {
    const pid = Number(await readFile(this.#pidFile(name), "utf8").catch(() => ""));
    if (!(pid > 0)) return null;
    // Another process may have got the number since: none of those is in our groups.
    const groups = await readFile(`/proc/${pid}/cgroup`, "utf8").catch(() => "");
    const state = /^State:\s*(\S)/m.exec(await readFile(`/proc/${pid}/status`, "utf8").catch(() => ""))?.[1];
    return groups.includes(`${cgroupOf(this.directory)}/`) && state !== "Z" ? pid : null;
  }

  /** Resolves when it has ended. One that does not listen is killed after a while. */
  async stop(name: string, signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
    const deadlineMs = performance.now() + stopTimeoutMs;
    let pid = await this.pid(name);
    if (pid !== null) kill(pid, signal);
    while (pid !== null) {
      await sleep(20);
      if (performance.now() > deadlineMs) kill(pid, "SIGKILL");
      pid = await this.pid(name);
    }
    await rm(this.#pidFile(name), { force: true });
  }

  log(name: string): string {
    return join(this.directory, "logs", `${name}.log`);
  }

  /** The end of what it wrote, for messages. */
  async said(name: string): Promise<string> {
    return (await readFile(this.log(name), "utf8").catch(() => ""))
      .trimEnd()
      .split("\n")
      .slice(-15)
      .join("\n");
  }

  /** Polls until `answers`; rejects with what the program wrote when it ended or does not answer in time. */
  async until(name: string, answers: () => Promise<boolean>, timeoutMs = 60_000): Promise<void> {
    const deadlineMs = performance.now() + timeoutMs;
    while (!(await answers().catch(() => false))) {
      const ended = (await this.pid(name)) === null;
      if (ended || performance.now() > deadlineMs) {
        const why = ended ? "ended" : `does not answer after ${timeoutMs / 1000} s`;
        throw new Error(`${name} ${why}; the end of ${this.log(name)}:\n${await this.said(name)}`);
      }
      await sleep(100);
    }
  }

  /** Of programs; what containers run gets groups beside it. */
  async #groups(): Promise<string[]> {
    const groups = (await hierarchies()).map((root) => join(root, cgroupOf(this.directory), "daemons"));
    await Promise.all(groups.map((group) => mkdir(group, { recursive: true })));
    return groups;
  }

  #pidFile(name: string): string {
    return join(this.directory, "pids", name);
  }
}

/** Version 2 has one hierarchy, version 1 one a controller. */
async function hierarchies(): Promise<string[]> {
  const exists = (path: string) =>
    access(path).then(
      () => true,
      () => false,
    );
  if (await exists(join(cgroupRoot, "cgroup.controllers"))) return [cgroupRoot];
  const roots = (await readdir(cgroupRoot)).map((name) => join(cgroupRoot, name));
  const there = await Promise.all(roots.map((root) => exists(join(root, "cgroup.procs"))));
  return roots.filter((_, i) => there[i]);
}

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
