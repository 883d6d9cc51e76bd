/** What a prediction log has gained since one last looked, so that a long log is not read from its beginning again. */
import type { AnswerReader, Prediction } from "../targets/open-target.ts";

/** A line may reach the log later than a younger one: servers write several times a second, and answer out of order. */
const overlapMs = 5_000;

export class LogAnswers implements AnswerReader {
  readonly #read: (fromMs: number) => AsyncIterable<Prediction>;
  readonly #beginMs: number;
  #fromMs: number;
  /** Lines of the overlap that were given out already → when they were answered. */
  readonly #given = new Map<string, number>();

  /** @param beginMs answers before this moment (ms since 1970) belong to an earlier time */
  constructor(read: (fromMs: number) => AsyncIterable<Prediction>, beginMs: number) {
    this.#read = read;
    this.#beginMs = beginMs;
    this.#fromMs = beginMs;
  }

  async read(add: (answer: Prediction) => void, upToMs = Number.POSITIVE_INFINITY): Promise<void> {
    const nextFromMs = Math.max(this.#beginMs, Math.min(Date.now(), upToMs) - overlapMs);
    for await (const line of this.#read(this.#fromMs)) {
      if (line.at < this.#fromMs || line.at > upToMs) continue;
      // Two answers under one id differ in their time, which is known to the microsecond.
      const key = `${line.at} ${line.ms} ${line.request_id}`;
      if (this.#given.has(key)) continue;
      // What is older the next call will not read again.
      if (line.at >= nextFromMs) this.#given.set(key, line.at);
      add(line);
    }
    this.#fromMs = nextFromMs;
    for (const [key, at] of this.#given) if (at < nextFromMs) this.#given.delete(key);
  }

  losses(): string[] {
    return [];
  }
}
