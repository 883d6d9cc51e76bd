/** Answers to what several ask within a moment. No write may be decided on what comes from here: it may be as old as its
 * asker allowed. */
import { ClusterError } from "./error.ts";

interface Answer {
  /** By `performance.now()`. */
  askedAt: number;
  answer: Promise<unknown>;
}

/** Nobody allows an answer to be older than this, in milliseconds: then it is let go. */
const keptMs = 60_000;

export class Recent {
  readonly #answers = new Map<string, Answer>();

  /** What was answered at that path, if it was asked for no longer ago than `maxAgeMs`; else it is asked anew. With 0 it
   * always is, and others may have the answer. */
  ask<T>(path: string, maxAgeMs: number, ask: () => Promise<T>): Promise<T> {
    const now = performance.now();
    const found = this.#answers.get(path);
    if (found !== undefined && now - found.askedAt < maxAgeMs) return found.answer as Promise<T>;
    for (const [old, { askedAt }] of this.#answers) {
      if (now - askedAt > keptMs) this.#answers.delete(old);
    }
    const answer = ask();
    const own = { askedAt: now, answer };
    this.#answers.set(path, own);
    answer.catch((error: unknown) => {
      if (!isSettled(error) && this.#answers.get(path) === own) this.#answers.delete(path);
    });
    return answer;
  }

  /** The objects at that path and their lists: something there was changed, or may have been. */
  forget(path: string): void {
    for (const known of this.#answers.keys()) {
      if (known.startsWith(`${path}/`) || known.startsWith(`${path}?`)) this.#answers.delete(known);
    }
  }
}

/** There is no such kind, or it is not ours to see: as good as any answer. */
function isSettled(error: unknown): boolean {
  return error instanceof ClusterError && (error.code === "no-kind" || error.code === "forbidden");
}
