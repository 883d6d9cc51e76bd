/**
 * Whether a refusal counts. An API server that starts answers before it has read the cluster's Roles: for some hundred
 * milliseconds it refuses what it allows (403, or 401), and does not know kinds that are installed (measured on 1.34:
 * 403 right after each of three starts). A rollout must not end by that, so that a refusal is believed only of a server
 * that said `/readyz` before it refused.
 */
export type ReadyAnswer =
  /** 200. */
  | "ready"
  /** 5xx, or none. */
  | "starting"
  /** We may not ask. */
  | "hidden";

/** Ready since: longer ago it may have been started again without our noticing. */
const readyForMs = 60_000;
/** Where we may not ask: so long after it was away, a server is taken to be starting. */
const startsWithinMs = 10_000;

export class Readiness {
  readonly #nowMs: () => number;
  #readyAtMs = Number.NEGATIVE_INFINITY;
  #awayAtMs = Number.NEGATIVE_INFINITY;

  constructor(nowMs: () => number = () => performance.now()) {
    this.#nowMs = nowMs;
  }

  /** The server was not reached, or failed. */
  away(): void {
    this.#awayAtMs = this.#nowMs();
  }

  /** Whether a refusal that was just given counts without asking. */
  get isKnown(): boolean {
    return this.#readyAtMs > this.#awayAtMs && this.#nowMs() - this.#readyAtMs < readyForMs;
  }

  /** What the server said when it was asked after a refusal; true when that refusal counts. One that came before
   * `ready` does not: it may have become ready in between. */
  said(answer: ReadyAnswer): boolean {
    if (answer === "ready") this.#readyAtMs = this.#nowMs();
    return answer === "hidden" && this.#nowMs() - this.#awayAtMs > startsWithinMs;
  }
}
