/** Runs a program that is not trusted further than needed: an environment of its own, an end that is sure to come. */
import { spawn } from "node:child_process";

export interface Program {
  path: string;
  args: readonly string[];
  cwd: string;
  environment: Readonly<Record<string, string>>;
  timeoutMs: number;
  signal: AbortSignal;
}

export interface Ended {
  code: number | null;
  signal: NodeJS.Signals | null;
  timedOut: boolean;
  /** At most 1 MiB. */
  stdout: string;
  /** The last 16 KiB. */
  stderr: string;
}

const mostStdout = 1024 * 1024;
const mostStderr = 16 * 1024;

/** Resolves however it ends, with nothing of its process group left running. Rejects when it cannot be started, or with
 * the signal's reason. */
export async function runProgram(program: Program): Promise<Ended> {
  const { path, args, cwd, environment, timeoutMs, signal } = program;
  signal.throwIfAborted();
  const child = spawn(path, args, {
    cwd,
    env: environment,
    stdio: ["ignore", "pipe", "pipe"],
    // A group of its own, so that what it started ends with it.
    detached: true,
  });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    if (stdout.length < mostStdout) stdout += text.slice(0, mostStdout - stdout.length);
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr = (stderr + text).slice(-mostStderr);
  });
  const end = () => killGroup(child.pid);
  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    end();
  }, timeoutMs);
  signal.addEventListener("abort", end, { once: true });
  try {
    const how = await new Promise<Pick<Ended, "code" | "signal">>((resolve, reject) => {
      child.on("error", reject);
      // Not `close`: a grandchild that keeps the pipes open must not keep us.
      child.on("exit", (code, by) => setImmediate(() => resolve({ code, signal: by })));
    });
    signal.throwIfAborted();
    return { ...how, timedOut, stdout, stderr };
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", end);
    end();
    child.stdout.destroy();
    child.stderr.destroy();
  }
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // Nobody of it is left.
  }
}
