/** People who keep asking, each request on a connection of its own, and what they saw by release and time. */
import { ask } from "../cluster/kserve-fixture.ts";

export interface Failure {
  /** By `performance.now()`. */
  at: number;
  what: string;
  /** Digest of the release that answered it; null: nobody that names itself. */
  by: string | null;
}

const everyMs = 50;

/** Open loop: a slow server does not slow the requests down. */
export class Users {
  answered = 0;
  readonly failures: Failure[] = [];
  /** When each release last answered, by `performance.now()`. */
  readonly lastAt = new Map<string, number>();
  readonly #open = new Set<Promise<void>>();
  readonly #timer: NodeJS.Timeout;

  constructor(url: string, host: string) {
    this.#timer = setInterval(() => {
      const one: Promise<void> = this.#ask(url, host).finally(() => this.#open.delete(one));
      this.#open.add(one);
    }, everyMs);
  }

  /** Resolves when the last answer is in. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all(this.#open);
  }

  async #ask(url: string, host: string): Promise<void> {
    try {
      const { status, release } = await ask(url, host);
      const at = performance.now();
      if (release !== "") this.lastAt.set(release, at);
      if (status === 200) this.answered += 1;
      else this.failures.push({ at, what: String(status), by: release === "" ? null : release });
    } catch (error) {
      this.failures.push({ at: performance.now(), what: (error as Error).message, by: null });
    }
  }
}
