/** Debian's containerd and runc, not installed: a containerd of the test's own that runs images the way a cluster's nodes
 * do. It needs root. */
import { type ChildProcess, type ChildProcessByStdio, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, existsSync, openSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { cgroupOf, directoryPrefix, ownerFile, sweep, sweepAbandoned } from "./containerd/leftovers.ts";
import { debianEnvironment, debianRoot } from "./debian-tool.ts";

const startTimeoutMs = 30_000;
const namespace = "ml-actions";

/** What containerd gives a container unless told otherwise; `run` takes all of it away. */
const capabilities = [
  ...["CHOWN", "DAC_OVERRIDE", "FSETID", "FOWNER", "MKNOD", "NET_RAW", "SETGID", "SETUID", "SETFCAP"],
  ...["SETPCAP", "NET_BIND_SERVICE", "SYS_CHROOT", "KILL", "AUDIT_WRITE"],
];

export interface ContainerOptions {
  environment?: Record<string, string>;
  memoryBytes?: number;
  cpus?: number;
}

export interface Container {
  /** Of its first process, as this machine counts. */
  pid: number;
  /** Of stdout and stderr so far. */
  output(): string;
  /** Runs a program inside it, as its user. */
  exec(...command: string[]): Promise<{ code: number; output: string }>;
  /** Sends the signal and waits for the end, whose code is given. */
  stop(signal?: "SIGTERM" | "SIGKILL"): Promise<number>;
  ended: Promise<number>;
}

/** Rejects, naming what is missing, without root or where containerd cannot run. */
export async function startContainerd(): Promise<Containerd> {
  if (process.getuid?.() !== 0) {
    throw new Error(
      "containerd mounts file systems and makes control groups, which needs root, and this is another user. Run the suite as root (`sudo -E env PATH=$PATH npm run test:supply-chain`), or leave out those that run containers.",
    );
  }
  await sweepAbandoned();
  const root = await debianRoot(["containerd", "runc"]);
  const directory = await mkdtemp(join(tmpdir(), directoryPrefix));
  try {
    await writeFile(join(directory, ownerFile), String(process.pid));
    const containerd = new Containerd(directory, debianEnvironment(root));
    await containerd.start();
    return containerd;
  } catch (error) {
    await sweep(directory);
    throw error;
  }
}

export class Containerd {
  readonly directory: string;
  readonly #environment: Record<string, string>;
  readonly #containers: Container[] = [];
  #daemon: ChildProcess | null = null;
  #snapshotter = "";

  constructor(directory: string, environment: Record<string, string>) {
    this.directory = directory;
    this.#environment = environment;
  }

  async start(): Promise<void> {
    const in_ = (name: string) => join(this.directory, name);
    // Only what pulls and runs: no networks, no metrics, no Kubernetes.
    const config = `version = 2
root = "${in_("root")}"
state = "${in_("state")}"
disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.internal.v1.opt"]
[grpc]
address = "${in_("socket")}"
[ttrpc]
address = "${in_("ttrpc")}"
[plugins."io.containerd.runtime.v2.task"]
platforms = ["linux"]
`;
    await writeFile(in_("config.toml"), config);
    await mkdir(in_("fifos"));
    const log = openSync(in_("log"), "a");
    this.#daemon = spawn("containerd", ["--config", in_("config.toml")], {
      env: this.#environment,
      stdio: ["ignore", log, log],
    });
    closeSync(log);
    let failure: string | null = null;
    this.#daemon.on("error", (error) => {
      failure = error.message;
    });
    this.#daemon.on("exit", (code, signal) => {
      failure = `it ended with ${code ?? signal}`;
    });
    const deadlineMs = performance.now() + startTimeoutMs;
    while (
      !(await this.#ctr("version").then(
        () => true,
        () => false,
      ))
    ) {
      if (performance.now() > deadlineMs) failure ??= `it does not answer after ${startTimeoutMs} ms`;
      if (failure !== null)
        throw new Error(`containerd does not run here: ${failure}; its log:\n${await this.#log()}`);
      await sleep(100);
    }
    this.#snapshotter = await this.#usableSnapshotter();
  }

  /** From a registry of this machine, over plain HTTP; digests are containerd's to verify. */
  async pull(reference: string): Promise<void> {
    await this.#ctr("images", "pull", "--plain-http", "--snapshotter", this.#snapshotter, reference);
  }

  /** Runs a pulled image by the reference it was pulled by: as its own user, on a read-only root, without capabilities or
   * new privileges, with the default seccomp profile and the host's network. Resolves when it has started. */
  async run(reference: string, options: ContainerOptions = {}): Promise<Container> {
    const id = `container-${this.#containers.length + 1}`;
    const pidFile = join(this.directory, `${id}.pid`);
    const log = join(this.directory, `${id}.log`);
    const { environment = {}, memoryBytes = 512 * 1024 * 1024, cpus = 1 } = options;
    const child = spawn(
      "ctr",
      [
        ...this.#globals(),
        ...["run", "--rm", "--read-only", "--net-host", "--seccomp", "--snapshotter", this.#snapshotter],
        ...capabilities.flatMap((name) => ["--cap-drop", `CAP_${name}`]),
        ...Object.entries(environment).flatMap(([name, value]) => ["--env", `${name}=${value}`]),
        ...["--memory-limit", String(memoryBytes), "--cpus", String(cpus)],
        ...["--cgroup", `${cgroupOf(this.directory)}/${id}`, "--pid-file", pidFile],
        ...["--runc-root", join(this.directory, "runc"), "--fifo-dir", join(this.directory, "fifos")],
        // Not through ctr, which would also leave stdin open for ever.
        ...["--log-uri", `file://${log}`, reference, id],
      ],
      { env: this.#environment, stdio: ["ignore", "pipe", "pipe"] },
    );
    const ofCtr = gather(child);
    const output = () => (existsSync(log) ? readFileSync(log, "utf8") : "") + ofCtr();
    let code: number | null = null;
    const ended = once(child, "close").then(([status]) => {
      code = status as number;
      return code;
    });
    const container: Container = {
      pid: await this.#started(pidFile, () => code, output),
      output,
      exec: (...command) => this.#exec(id, command),
      stop: async (signal = "SIGTERM") => {
        if (code === null) await this.#ctr("tasks", "kill", "--signal", signal, id);
        return ended;
      },
      ended,
    };
    this.#containers.push(container);
    return container;
  }

  /** The files of a pulled image, read-only in a folder, as an image volume of Kubernetes has them. */
  async mount(reference: string): Promise<string> {
    const folder = await mkdtemp(join(this.directory, "volume-"));
    await this.#ctr("images", "mount", "--snapshotter", this.#snapshotter, reference, folder);
    return folder;
  }

  /** Ends all containers and removes everything that they and containerd have made. */
  async stop(): Promise<void> {
    await Promise.allSettled(this.#containers.map((container) => container.stop("SIGKILL")));
    if (this.#daemon !== null && this.#daemon.exitCode === null && this.#daemon.signalCode === null) {
      const ended = once(this.#daemon, "exit");
      this.#daemon.kill("SIGTERM");
      await Promise.race([ended, sleep(10_000, undefined, { ref: false })]);
    }
    await sweep(this.directory);
  }

  async #started(pidFile: string, code: () => number | null, output: () => string): Promise<number> {
    const deadlineMs = performance.now() + startTimeoutMs;
    for (;;) {
      const pid = Number(await readFile(pidFile, "utf8").catch(() => ""));
      if (pid > 0) return pid;
      if (code() !== null || performance.now() > deadlineMs)
        throw new Error(
          `the container has not started (${code() ?? "no end either"}); it said:\n${output()}\ncontainerd's log:\n${await this.#log()}`,
        );
      await sleep(20);
    }
  }

  async #exec(id: string, command: readonly string[]): Promise<{ code: number; output: string }> {
    const execId = `exec-${Math.random().toString(36).slice(2)}`;
    const args = ["tasks", "exec", "--exec-id", execId, "--fifo-dir", join(this.directory, "fifos"), id];
    const child = spawn("ctr", [...this.#globals(), ...args, ...command], {
      env: this.#environment,
      stdio: ["ignore", "pipe", "pipe"],
    });
    const output = gather(child);
    const [code] = await once(child, "close");
    return { code: code as number, output: output() };
  }

  /** overlayfs is what nodes use; it is not to be had on every file system. */
  async #usableSnapshotter(): Promise<string> {
    const plugins = await this.#ctr("plugins", "ls");
    return /snapshotter\S*\s+overlayfs\s.*\sok\s/.test(plugins) ? "overlayfs" : "native";
  }

  #globals(): string[] {
    return ["--address", join(this.directory, "socket"), "--namespace", namespace];
  }

  async #ctr(...args: string[]): Promise<string> {
    const run = promisify(execFile);
    return (await run("ctr", [...this.#globals(), ...args], { env: this.#environment })).stdout;
  }

  async #log(): Promise<string> {
    return (await readFile(join(this.directory, "log"), "utf8")).slice(-4000);
  }
}

/** The text of its stdout and stderr so far. */
function gather(child: ChildProcessByStdio<null, Readable, Readable>): () => string {
  let text = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
    });
  }
  return () => text;
}
