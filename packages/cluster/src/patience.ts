/** What is tried again, and how long: a server that is away, throttles or fails comes back, and a rollout in the middle
 * of its traffic must not end because of it. */
import { setTimeout as sleep } from "node:timers/promises";
import type { ClusterError } from "./error.ts";

/** A failure that another try may not meet. */
export class Passing extends Error {
  readonly failure: ClusterError;
  readonly retryAfterMs: number;
  /** The server may have done what was asked before its answer was lost. */
  readonly maybeDone: boolean;
  constructor(failure: ClusterError, options: { retryAfterMs?: number; maybeDone: boolean }) {
    super(failure.message, { cause: failure });
    this.failure = failure;
    this.retryAfterMs = options.retryAfterMs ?? 0;
    this.maybeDone = options.maybeDone;
  }
}

/** What is thrown when patience is over, of what was met last. */
export type GaveUp = (last: ClusterError, all: { tries: number; tookMs: number }) => ClusterError;

const firstDelayMs = 100;
/** A server that is back must be noticed soon: a lease of 20 s waits for nobody. */
const maxDelayMs = 2_000;

/** Calls `attempt` until it resolves, fails for good, or `patienceMs` have passed; what it gets are the time left and
 * whether an earlier try may have been done. The wait doubles with every try and is drawn at random below that ("full
 * jitter", AWS Architecture Blog, Exponential Backoff And Jitter, 2015), or is as long as the server asked for. */
export async function withPatience<T>(
  attempt: (state: { leftMs: number; maybeDone: boolean }) => Promise<T>,
  options: { patienceMs: number; signal?: AbortSignal | undefined; gaveUp: GaveUp },
): Promise<T> {
  const { patienceMs, signal, gaveUp } = options;
  const begunMs = performance.now();
  const deadlineMs = begunMs + patienceMs;
  let maybeDone = false;
  for (let tries = 0; ; tries++) {
    signal?.throwIfAborted();
    try {
      return await attempt({ leftMs: deadlineMs - performance.now(), maybeDone });
    } catch (error) {
      signal?.throwIfAborted();
      if (!(error instanceof Passing)) throw error;
      maybeDone ||= error.maybeDone;
      const jitterMs = Math.random() * Math.min(maxDelayMs, firstDelayMs * 2 ** tries);
      const waitMs = Math.max(jitterMs, error.retryAfterMs);
      const nowMs = performance.now();
      if (nowMs + waitMs > deadlineMs)
        throw gaveUp(error.failure, { tries: tries + 1, tookMs: nowMs - begunMs });
      await sleep(waitMs, undefined, signal === undefined ? {} : { signal });
    }
  }
}

/** RFC 9110, 10.2.3: seconds, or a date. 0 where there is none. */
export function retryAfterMs(header: string | undefined, nowMs: number): number {
  if (header === undefined) return 0;
  const ms = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - nowMs;
  return Number.isFinite(ms) ? Math.max(0, ms) : 0;
}
