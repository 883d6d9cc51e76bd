/** Trying again what may pass: 429, server errors and broken connections, at most three times, with jitter. */
import { setTimeout as sleep } from "node:timers/promises";
import type { OciError } from "./errors.ts";

/** A failure that another attempt may not meet. */
export class Transient extends Error {
  /** What is thrown when the attempts are used up. */
  readonly failure: OciError;
  /** What the server's Retry-After asks for. */
  readonly retryAfterMs: number;
  constructor(failure: OciError, retryAfterMs = 0) {
    super(failure.message, { cause: failure });
    this.failure = failure;
    this.retryAfterMs = retryAfterMs;
  }
}

const maxRetries = 3;
const firstDelayMs = 250;
const maxDelayMs = 10_000;

/** Runs `attempt` up to four times. Between attempts it waits for a random time below a doubling limit ("full jitter",
 * AWS Architecture Blog, Exponential Backoff And Jitter, 2015), or as long as the server asked for, up to 10 s. */
export async function withRetries<T>(attempt: () => Promise<T>): Promise<T> {
  for (let retry = 0; ; retry++) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof Transient)) throw error;
      if (retry === maxRetries) throw error.failure;
      const jitter = Math.random() * firstDelayMs * 2 ** retry;
      await sleep(Math.min(maxDelayMs, Math.max(jitter, error.retryAfterMs)));
    }
  }
}
