/** Bytes of bodies that a proxy holds at once, whoever sends how many of them. */

/** Fits into the memory of the mirroring proxy's container beside Node itself. */
export const heldLimitBytes = 96 * 1024 * 1024;

export class Budget {
  readonly #limitBytes: number;
  #held = 0;

  constructor(limitBytes = heldLimitBytes) {
    this.#limitBytes = limitBytes;
  }

  get heldBytes(): number {
    return this.#held;
  }

  /** False: it would be over the limit, and nothing is taken. */
  take(bytes: number): boolean {
    if (this.#held + bytes > this.#limitBytes) return false;
    this.#held += bytes;
    return true;
  }

  /** What was taken, once. */
  give(bytes: number): void {
    this.#held -= bytes;
  }
}
