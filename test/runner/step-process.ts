/** One process of a step, and the ways it can be ended: cancelled as the runner does it, killed, timed out. */
import { spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";

/** ProcessInvoker.cs of actions/runner: SIGINT, 7.5 s later SIGTERM, 2.5 s later the kill. */
const CANCEL = { sigtermAfterMs: 7_500, sigkillAfterMs: 2_500 };
/** How long the runner's reading of a pipe outlives the process, when a grandchild holds it open. */
const STREAMS_MS = 5_000;

export interface Interrupt {
  /** `cancel`: as a person who cancels the run. `kill`: SIGKILL, as a runner that dies. */
  how: "cancel" | "kill";
  /** Resolves when it is time. */
  when: (running: Running) => Promise<unknown>;
}

/** What an interrupt can wait for. */
export interface Running {
  pid: number;
  /** The first line of the log, from the start on, that matches. */
  line(pattern: RegExp): Promise<string>;
}

export interface Ended {
  exitCode: number | null;
  signal: NodeJS.Signals | null;
  /** Why it did not end by itself. */
  killed: "cancel" | "kill" | "timeout" | null;
  durationMs: number;
  /** A child of the step still holds its stdout or stderr: the runner would wait for it. */
  streamsLeftOpen: boolean;
}

interface StepProcess {
  script: string;
  cwd: string;
  env: Record<string, string>;
  timeoutMs: number;
  interrupt?: Interrupt | undefined;
  onLine: (line: string) => void;
}

export async function runProcess({
  script,
  cwd,
  env,
  timeoutMs,
  interrupt,
  onLine,
}: StepProcess): Promise<Ended> {
  const startedMs = performance.now();
  const child = spawn(process.execPath, [script], { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
  const lines = watchedLines(onLine);
  const closed = Promise.all([readLines(child.stdout, lines.take), readLines(child.stderr, lines.take)]);
  const exited = new Promise<{ exitCode: number | null; signal: NodeJS.Signals | null }>(
    (resolve, reject) => {
      child.on("error", reject).on("exit", (exitCode, signal) => resolve({ exitCode, signal }));
    },
  );
  let killed: Ended["killed"] = null;
  const over = new AbortController();
  const { signal } = over;
  const ending = [
    sleep(timeoutMs, undefined, { signal }).then(() => {
      killed ??= "timeout";
      child.kill("SIGKILL");
    }),
    interrupt?.when({ pid: child.pid ?? 0, line: lines.wait }).then(async () => {
      if (signal.aborted) return;
      killed ??= interrupt.how;
      if (interrupt.how === "kill") child.kill("SIGKILL");
      else await cancel(child, signal);
    }),
  ];
  // What waits for an end that came otherwise is over with the process.
  for (const end of ending) end?.catch(() => undefined);
  const { exitCode, signal: by } = await exited;
  const durationMs = performance.now() - startedMs;
  over.abort();
  const streamsLeftOpen = await Promise.race([closed.then(() => false), sleep(STREAMS_MS).then(() => true)]);
  if (streamsLeftOpen) for (const stream of [child.stdout, child.stderr]) stream.destroy();
  return { exitCode, signal: by, killed, durationMs, streamsLeftOpen };
}

async function cancel(child: ReturnType<typeof spawn>, signal: AbortSignal): Promise<void> {
  child.kill("SIGINT");
  await sleep(CANCEL.sigtermAfterMs, undefined, { signal });
  child.kill("SIGTERM");
  await sleep(CANCEL.sigkillAfterMs, undefined, { signal });
  child.kill("SIGKILL");
}

/** Splits as .NET's ReadLine does: at \n, \r and \r\n. */
async function readLines(stream: NodeJS.ReadableStream, take: (line: string) => void): Promise<void> {
  stream.setEncoding("utf8");
  let rest = "";
  try {
    for await (const chunk of stream) {
      const lines = (rest + String(chunk)).split(/\r\n|\n|\r(?=[\s\S])/);
      rest = lines.pop() ?? "";
      for (const line of lines) take(line);
    }
  } catch (error) {
    // Destroyed by us, because a grandchild would never close it.
    if (!(error instanceof Error && "code" in error && error.code === "ERR_STREAM_PREMATURE_CLOSE"))
      throw error;
  }
  if (rest !== "") for (const line of rest.split("\r")) take(line);
}

function watchedLines(onLine: (line: string) => void) {
  const past: string[] = [];
  const waiting: { pattern: RegExp; resolve: (line: string) => void }[] = [];
  return {
    take(line: string) {
      past.push(line);
      onLine(line);
      for (const { pattern, resolve } of waiting) if (pattern.test(line)) resolve(line);
    },
    wait(pattern: RegExp) {
      const found = past.find((line) => pattern.test(line));
      return found === undefined
        ? new Promise<string>((resolve) => void waiting.push({ pattern, resolve }))
        : Promise.resolve(found);
    },
  };
}
