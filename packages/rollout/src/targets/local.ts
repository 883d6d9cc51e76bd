/** Target `local`: releases as processes of this machine behind one proxy. The adapter speaks to the supervisor, which
 * acts; it copies the release's files first, because it is here that the workspace and its credentials are. */
import { resolve } from "node:path";
import { localTelemetry } from "@ml-actions/telemetry/local";
import { z } from "zod";
import { RolloutError } from "../error.ts";
import { LogAnswers } from "../local/answers.ts";
import { readPredictions } from "../local/predictions.ts";
import { proveSplit } from "../local/prove-split.ts";
import { asKept, keepRelease, predictionLog } from "../local/release-files.ts";
import { leaseSchema, releaseSchema, type Session, statusSchema } from "../local/schemas.ts";
import { ensureSupervisor, type Living, untilGone } from "../local/start.ts";
import type { HistoryEntry, JournalEntry, Ledger, Release, Situation, Target } from "../target.ts";
import type { OpenTarget } from "./open-target.ts";

export interface LocalOptions {
  /** The name of what is served; one state directory belongs to one resource. */
  resource: string;
  stateDirectory: string;
  /** Where traffic comes in. 0: the system chooses, or whatever a living supervisor has. */
  port: number;
  /** Bound to 127.0.0.1 unless told otherwise. */
  host?: string;
  /** Paths of the programs to run with `process.execPath`. */
  programs: { supervisor: string; server: string; inference: string };
  /** `<stateDirectory>/logs` unless told otherwise. */
  logDirectory?: string;
  /** How long a release may take until it answers its readiness probe: 60 s unless told otherwise. */
  readyTimeoutMs?: number;
}

export interface LocalTarget extends OpenTarget {
  /** Ends the supervisor and the releases, when their requests are answered. The state stays. */
  shutDown(): Promise<void>;
}

/** Attaches to the living supervisor of the state directory, or starts one that outlives this process. */
export async function openLocal(options: LocalOptions): Promise<LocalTarget> {
  const stateDirectory = resolve(options.stateDirectory);
  const living = await ensureSupervisor(
    {
      stateDirectory,
      logDirectory: resolve(options.logDirectory ?? `${stateDirectory}/logs`),
      resource: options.resource,
      host: options.host ?? "127.0.0.1",
      port: options.port,
      serverProgram: resolve(options.programs.server),
      inferenceProgram: resolve(options.programs.inference),
    },
    resolve(options.programs.supervisor),
  );
  // Set by the ledger, sent with every act: who lost the lease cannot move traffic any more.
  const speaker: { session: Session | null } = { session: null };
  const predictions = (digest: string, fromMs?: number) =>
    readPredictions(predictionLog(stateDirectory, digest), fromMs);
  return {
    target: targetOf(living, stateDirectory, speaker, options.readyTimeoutMs ?? 60_000),
    ledger: ledgerOf(living, stateDirectory, speaker),
    telemetry: localTelemetry({ socket: living.socket }),
    mirrored: {
      check: async () => {},
      // Stable's counts are of the originals of the same requests.
      telemetry: localTelemetry({ socket: living.socket, traffic: "mirrored" }),
      answers: (_, digest, sinceMs) => new LogAnswers((fromMs) => predictions(digest, fromMs), sinceMs),
      now: () => Date.now(),
      settleMs: 0,
      lookEveryMs: 1_000,
    },
    predictions,
    shutDown: async () => {
      await living.client.call("/shut-down");
      await untilGone(stateDirectory, 60_000);
    },
  };
}

type Speaker = { session: Session | null };

function targetOf(living: Living, stateDirectory: string, speaker: Speaker, readyTimeoutMs: number): Target {
  const { client } = living;
  const act = (path: string, body?: unknown, timeoutMs?: number) =>
    client.call(path, body, speaker.session, timeoutMs);
  const { host, port, probeToken } = living.status;
  const address = host === "0.0.0.0" || host === "::" ? "127.0.0.1" : host;
  const kept = async (release: Release | null) => release && (await asKept(stateDirectory, release));
  return {
    read: async (): Promise<Situation> => {
      const status = statusSchema.parse(await act("/status"));
      return {
        stable: await kept(status.stable),
        candidate: await kept(status.candidate),
        candidatePercent: status.candidatePercent,
        mirrorPercent: status.mirrorPercent,
        ready: status.ready,
        why: {
          ...(!status.ready.stable && { stable: ended(status.crashes.stable) }),
          ...(!status.ready.candidate && { candidate: ended(status.crashes.candidate) }),
        },
        url: `http://${address.includes(":") ? `[${address}]` : address}:${port}`,
      };
    },
    prepare: async (candidate) => {
      const release = checked(candidate);
      await keepRelease(stateDirectory, release);
      await act("/prepare", { release, readyTimeoutMs }, readyTimeoutMs + 30_000);
    },
    split: async (candidatePercent) => {
      await act("/split", { percent: candidatePercent });
      const status = statusSchema.parse(await act("/status"));
      if (status.stable === null && status.candidate === null) return;
      await proveSplit({
        host: address,
        port,
        probeToken,
        stable: status.stable?.digest ?? null,
        candidate: status.candidate?.digest ?? null,
        candidatePercent,
      });
    },
    mirror: async (percent) => {
      await act("/mirror", { percent });
    },
    promote: async () => {
      await act("/promote");
    },
    restore: async () => {
      await act("/restore");
    },
  };
}

function ended(crashes: number): string {
  const times = crashes === 1 ? "once" : `${crashes} times`;
  return crashes === 0
    ? "its process does not answer its readiness probe"
    : `its process has ended by itself ${times}; see its log`;
}

function ledgerOf(living: Living, stateDirectory: string, speaker: Speaker): Ledger {
  const { client } = living;
  return {
    hold: async (request) => {
      const lease = leaseSchema.parse(await client.call("/ledger/hold", request));
      speaker.session = { rollout: lease.rollout, holder: lease.holder };
      return lease;
    },
    release: async (rollout) => {
      await client.call("/ledger/release", rollout, speaker.session);
      if (speaker.session?.rollout === rollout) speaker.session = null;
    },
    write: async (entry) => {
      await client.call("/ledger/write", entry);
    },
    // Written by the supervisor after the same checks that a reader would make.
    journal: async () => (await client.call("/ledger/journal")) as JournalEntry[],
    lease: async () => leaseSchema.nullable().parse(await client.call("/ledger/lease")),
    history: async () => {
      const entries = (await client.call("/ledger/history")) as HistoryEntry[];
      return Promise.all(
        entries.map(async (entry) => ({ ...entry, release: await asKept(stateDirectory, entry.release) })),
      );
    },
  };
}

function checked(release: Release): Release {
  const result = releaseSchema.safeParse(release);
  if (result.success) return result.data;
  throw new RolloutError(
    "invalid",
    `The release cannot be prepared:\n${z.prettifyError(result.error)}`,
    "Correct what is named.",
  );
}
