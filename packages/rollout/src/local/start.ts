/** Finds the living supervisor of a state directory, or starts one that outlives this process. */
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { chmod, mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { RolloutError, rolloutErrorCodes } from "../error.ts";
import { AdminClient } from "./client.ts";
import { isListening, readLock } from "./lock.ts";
import { type Status, statusSchema } from "./schemas.ts";
import { cleanEnvironment } from "./server-program.ts";
import { type SupervisorSettings, toArguments } from "./settings.ts";
import type { StartReport } from "./supervisor.ts";

/** A supervisor that is bringing back its stable release answers after that. */
const attachTimeoutMs = 20_000;
/** Longer than a supervisor takes to bring back the stable release that it finds. */
const startTimeoutMs = 45_000;

export interface Living {
  client: AdminClient;
  socket: string;
  status: Status;
}

/** Attaches to the living supervisor or starts one; of two that start at once, one wins and both attach to it.
 * Rejects with `port-in-use`, `conflict` (it lives with another resource or port), `unreachable`, `invalid`. */
export async function ensureSupervisor(settings: SupervisorSettings, program: string): Promise<Living> {
  await prepareDirectories(settings);
  const deadline = performance.now() + startTimeoutMs;
  while (performance.now() < deadline) {
    const living = await attach(settings, attachTimeoutMs);
    if (living !== null) return living;
    const report = await start(settings, program);
    if (report.started || report.taken) await sleep(report.started ? 0 : 50);
    else throw startFailure(report);
  }
  throw new RolloutError(
    "unreachable",
    `No supervisor came up for ${settings.stateDirectory} within ${startTimeoutMs / 1000} s.`,
    `Read ${join(settings.logDirectory, "supervisor.log")}.`,
  );
}

/** Resolves when no supervisor lives there any more. */
export async function untilGone(stateDirectory: string, timeoutMs: number): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while ((await readLock(stateDirectory)) !== null) {
    if (performance.now() > deadline) {
      const remedy = "End it by its pid, which supervisor.lock in the state directory names.";
      throw new RolloutError("unreachable", `The supervisor of ${stateDirectory} did not end.`, remedy);
    }
    await sleep(50);
  }
}

/** null when nobody listens. Rejects with `unreachable` when somebody does who does not answer. */
export async function attach(settings: SupervisorSettings, timeoutMs: number): Promise<Living | null> {
  const lock = await readLock(settings.stateDirectory);
  if (lock === null || !(await isListening(lock.socket))) return null;
  const client = new AdminClient(lock.socket, settings.stateDirectory);
  const answer = await client.call("/status", null, null, timeoutMs).catch(async (cause: Error) => {
    // It ended between our look and our call: another one is to be started.
    if (!(await isListening(lock.socket))) return null;
    const remedy = `It hangs: end it (kill -9 ${lock.pid}); the next start brings stable back.`;
    throw new RolloutError("unreachable", `Pid ${lock.pid}: ${cause.message}`, remedy, { cause });
  });
  if (answer === null) return null;
  const parsed = statusSchema.safeParse(answer);
  if (!parsed.success) {
    throw new RolloutError(
      "conflict",
      `The supervisor (pid ${lock.pid}) of ${settings.stateDirectory} is of another version than this action.`,
      `Use the action's version that started it, or end it (kill ${lock.pid}): the next start brings stable back.`,
      { cause: parsed.error },
    );
  }
  refuseOther(settings, parsed.data);
  return { client, socket: lock.socket, status: parsed.data };
}

function refuseOther(settings: SupervisorSettings, status: Status): void {
  const { stateDirectory, resource, port } = settings;
  if (status.resource !== resource) {
    throw new RolloutError(
      "conflict",
      `${stateDirectory} serves resource "${status.resource}", not "${resource}".`,
      "Give each resource a state directory of its own.",
    );
  }
  if (port !== 0 && port !== status.port) {
    throw new RolloutError(
      "conflict",
      `The supervisor of ${stateDirectory} serves ${resource} on port ${status.port}, not on ${port}.`,
      `Ask for port ${status.port} (or 0 for whatever it is), or end it (kill ${status.pid}) to start it on ${port}.`,
    );
  }
}

/** Resolves with what the new process says of itself, or of the one that was faster. */
async function start(settings: SupervisorSettings, program: string): Promise<StartReport> {
  const logFile = join(settings.logDirectory, "supervisor.log");
  const log = openSync(logFile, "a", 0o600);
  // A group of its own: Ctrl-C in the starter's terminal is not for it.
  const child = spawn(process.execPath, [program, ...toArguments(settings)], {
    detached: true,
    env: cleanEnvironment(),
    stdio: ["ignore", log, log, "ipc"],
  });
  closeSync(log);
  try {
    return await reportOf(child, logFile);
  } finally {
    if (child.connected) child.disconnect();
    child.removeAllListeners();
    child.unref();
  }
}

function reportOf(child: ChildProcess, logFile: string): Promise<StartReport> {
  return new Promise((resolve, reject) => {
    const fail = async (why: string) => {
      const text = await readFile(logFile, "utf8").catch(() => "");
      const tail = text.trimEnd().split("\n").slice(-5).join("\n");
      reject(
        new RolloutError(
          "unreachable",
          `The supervisor ${why}. ${logFile} ends:\n${tail}`,
          "Read its whole log.",
        ),
      );
    };
    const timer = setTimeout(() => fail("did not say that it started"), startTimeoutMs);
    child.once("message", (report) => {
      clearTimeout(timer);
      resolve(report as StartReport);
    });
    child.once("error", (error) => fail(`could not be started: ${error.message}`));
    child.once("exit", (code, signal) => {
      clearTimeout(timer);
      fail(`ended at its start (${signal ?? code})`);
    });
  });
}

function startFailure(report: { code: string; message: string; remedy: string }): Error {
  const code = rolloutErrorCodes.find((name) => name === report.code);
  return code === undefined
    ? new Error(report.message)
    : new RolloutError(code, report.message, report.remedy);
}

async function prepareDirectories(settings: SupervisorSettings): Promise<void> {
  try {
    await mkdir(settings.stateDirectory, { recursive: true, mode: 0o700 });
    await chmod(settings.stateDirectory, 0o700);
    await mkdir(settings.logDirectory, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw new RolloutError(
      "invalid",
      `The state directory ${settings.stateDirectory} cannot be made ours: ${(cause as Error).message}.`,
      "Give a directory that this user owns, or one that does not exist yet (input local-state).",
      { cause },
    );
  }
}
