/**
 * The API server's clock, known from its answers' `Date` headers, which name whole seconds. An answer that was asked for
 * at `sentMs` and was there at `receivedMs` was dated in between, so the server is ahead of us by more than
 * `date - receivedMs` and by less than `date + 1000 - sentMs`. Every answer gives such a pair of bounds; together they
 * narrow down to milliseconds, because the second's beginning is hit at another moment each time.
 */
export class ServerClock {
  readonly #localMs: () => number;
  #atLeastMs = Number.NEGATIVE_INFINITY;
  #atMostMs = Number.POSITIVE_INFINITY;

  /** `localMs` must not jump: a wall clock that is set while we run would be taken for the server's. */
  constructor(localMs: () => number = monotonicMs) {
    this.#localMs = localMs;
  }

  /** What our own clock says, for `saw`. */
  localMs(): number {
    return this.#localMs();
  }

  /** `date`: the header. What is no date, or came in no time order, teaches nothing. */
  saw(date: string | undefined, sentMs: number, receivedMs: number): void {
    const dateMs = date === undefined ? Number.NaN : Date.parse(date);
    if (!Number.isFinite(dateMs) || !(receivedMs >= sentMs)) return;
    const atLeastMs = dateMs - receivedMs;
    const atMostMs = dateMs + 1000 - sentMs;
    const lower = Math.max(this.#atLeastMs, atLeastMs);
    const upper = Math.min(this.#atMostMs, atMostMs);
    // Clocks that drift, are set, or belong to another server of the same cluster contradict what was known.
    const agrees = lower < upper;
    this.#atLeastMs = agrees ? lower : atLeastMs;
    this.#atMostMs = agrees ? upper : atMostMs;
  }

  /** Milliseconds since 1970 by the server; by this machine before the first answer. */
  now(): number {
    return this.#localMs() + (this.uncertaintyMs === null ? 0 : (this.#atLeastMs + this.#atMostMs) / 2);
  }

  /** `now` is at most so far off; null before the first answer. */
  get uncertaintyMs(): number | null {
    const width = this.#atMostMs - this.#atLeastMs;
    return Number.isFinite(width) ? width / 2 : null;
  }
}

function monotonicMs(): number {
  return performance.timeOrigin + performance.now();
}
