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

/** A random time below a limit that doubles with every try ("full jitter", AWS Architecture Blog, Exponential Backoff And
 * Jitter, 2015), or as long as the server asked for, up to 10 s. */
export async function pause(tries: number, atLeastMs = 0): Promise<void> {
  const jitter = Math.random() * firstDelayMs * 2 ** tries;
  await sleep(Math.min(maxDelayMs, Math.max(jitter, atLeastMs)));
}

/** The retries of one thing. */
export class Retries {
  #used = 0;

  /** Resolves when the next attempt may begin; rejects with the failure itself when it would not help, or when three
   * did not. */
  async after(error: unknown): Promise<void> {
    if (!(error instanceof Transient)) throw error;
    if (this.#used === maxRetries) throw error.failure;
    await pause(this.#used++, error.retryAfterMs);
  }

  /** Something was achieved: what fails next has all its retries. */
  progressed(): void {
    this.#used = 0;
  }
}

/** Runs `attempt` up to four times. */
export async function withRetries<T>(attempt: () => Promise<T>): Promise<T> {
  const retries = new Retries();
  while (true) {
    try {
      return await attempt();
    } catch (error) {
      await retries.after(error);
    }
  }
}
