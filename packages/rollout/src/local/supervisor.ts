/**
 * The supervisor program of the target `local`: outlives the step that started it, runs the releases as processes
 * behind a proxy, and restores stable by itself when a rollout's lease is no longer renewed.
 */
import { randomUUID } from "node:crypto";
import { RolloutError } from "../error.ts";
import { type AdminPorts, createAdmin } from "./admin.ts";
import { upstreamTimeoutMs } from "./exchange.ts";
import { JournalFile } from "./journal-file.ts";
import { PlaceLedger } from "./ledger.ts";
import { listenOnPort, listenOnSocket, type SocketPlace, socketPlace } from "./listen.ts";
import { dropLock, readLock, takeLock } from "./lock.ts";
import { Place } from "./place.ts";
import { createProxy } from "./proxy.ts";
import { Routing } from "./routing.ts";
import { fromArguments, type SupervisorSettings } from "./settings.ts";
import { StateFile } from "./state-file.ts";

/** How long a start waits for the stable release it found; it goes on starting when it takes longer. */
const stableStartMs = 15_000;

const ownershipEveryMs = 1_000;
const disownedAfterMisses = 3;

/** What the starter is told over the channel. `taken`: another supervisor lives in the directory. */
export type StartReport =
  | { started: true }
  | { started: false; taken: true }
  | { started: false; taken: false; code: string; message: string; remedy: string };

const log = (line: string) => process.stderr.write(`${new Date().toISOString()} ${line}\n`);

function tell(report: StartReport): void {
  if (!process.connected) return;
  process.send?.(report, () => process.disconnect());
}

async function main(): Promise<void> {
  const settings = fromArguments(process.argv.slice(2));
  // The workspace of the step may be removed while this process lives.
  process.chdir(settings.stateDirectory);
  const socket = await socketPlace(settings.stateDirectory);
  if (!(await takeLock(settings.stateDirectory, socket.path))) {
    await socket.remove();
    tell({ started: false, taken: true });
    return;
  }
  try {
    await supervise(settings, socket);
  } catch (error) {
    await dropLock(settings.stateDirectory);
    await socket.remove();
    throw error;
  }
}

async function supervise(settings: SupervisorSettings, socket: SocketPlace): Promise<void> {
  const { promise: ports, resolve: inOrder } = Promise.withResolvers<AdminPorts>();
  const admin = createAdmin(ports);
  // First, because a lock whose holder does not listen counts as left behind.
  await listenOnSocket(admin, socket.path);
  const state = await StateFile.open(settings.stateDirectory, settings.resource);
  const journal = await JournalFile.open(settings.stateDirectory);
  const routing = new Routing();
  const place = new Place({ ...settings, upstreamTimeoutMs }, state, routing);
  const guarded = { hasCandidate: () => place.candidate !== null, restore: () => place.restore(false) };
  const ledger = new PlaceLedger(state, journal, guarded, log);
  const probeToken = randomUUID();
  const proxy = createProxy({ routing, probeToken, timeoutMs: upstreamTimeoutMs });
  const port = await listenOnPort(proxy, settings.host, settings.port);
  // A bug must not end the only process that serves: stable gets all traffic, and its rollout learns of it.
  process.on("uncaughtException", (error) => {
    log(`bug: ${error.stack}`);
    place.restore(false).catch((failure: Error) => log(failure.message));
  });
  await ledger.resume();
  await place.resume();
  await place.stable?.whenReady(stableStartMs).catch((error: Error) => log(error.message));
  const shutDown = once(async () => {
    log("shutting down");
    ledger.stop();
    proxy.close();
    proxy.closeIdleConnections();
    await place.close();
    admin.close();
    await journal.close();
    await dropLock(settings.stateDirectory);
    await socket.remove();
    process.exit(0);
  });
  endWhenDisowned(settings.stateDirectory, shutDown);
  process.on("SIGTERM", shutDown);
  process.on("SIGINT", shutDown);
  const identity = { resource: settings.resource, host: settings.host, port, probeToken };
  inOrder({ place, ledger, routing, identity, shutDown });
  log(`serving ${settings.resource} on ${settings.host}:${port}, admin on ${socket.path}`);
  tell({ started: true });
}

/** A state directory that was removed or taken over leaves nobody who could reach, stop or restore this process. */
function endWhenDisowned(stateDirectory: string, shutDown: () => void): void {
  let misses = 0;
  setInterval(async () => {
    const lock = await readLock(stateDirectory);
    misses = lock?.pid === process.pid ? 0 : misses + 1;
    if (misses < disownedAfterMisses) return;
    log(`${stateDirectory} is not this supervisor's any more`);
    shutDown();
  }, ownershipEveryMs).unref();
}

function once(act: () => Promise<void>): () => void {
  let begun = false;
  return () => {
    if (begun) return;
    begun = true;
    act().catch((error: Error) => {
      log(`${error.stack}`);
      process.exit(1);
    });
  };
}

main().catch((error: Error) => {
  log(`${error.stack}`);
  const known = error instanceof RolloutError;
  const { code, remedy } = known ? error : { code: "", remedy: "" };
  tell({ started: false, taken: false, code, message: error.message, remedy });
  // The channel, when there is one, is flushed first; listeners that are open would keep the process.
  setTimeout(() => process.exit(1), 100);
});
