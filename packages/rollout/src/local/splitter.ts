/**
 * Which request goes to the candidate. Permuted-block randomisation, as clinical trials assign patients (Pocock,
 * Clinical Trials, 1983, ch. 5): every block of 100 requests holds exactly `percent` for the candidate, in random
 * order. Exact like a counter, and unlike a counter not in step with callers that send their cases in turn, which
 * would give the candidate one kind of request only.
 */
import { RolloutError } from "../error.ts";

/** Shares are whole hundredths of a percent; the block is the shortest that gives them exactly. */
const blockSizes = [100, 1_000, 10_000] as const;

/** Throws `invalid` for a share that no block of at most 10,000 requests can give exactly. */
export function blockSizeFor(percent: number): number {
  if (Number.isFinite(percent) && percent >= 0 && percent <= 100) {
    for (const size of blockSizes) {
      const count = (percent * size) / 100;
      if (Math.abs(count - Math.round(count)) < 1e-6) return size;
    }
  }
  throw new RolloutError(
    "invalid",
    `A share of ${percent} % cannot be routed: expected a number from 0 to 100 with at most two decimals.`,
    "Give a share such as 10, 2.5 or 0.25.",
  );
}

export class Splitter {
  readonly percent: number;
  readonly #size: number;
  readonly #random: () => number;
  #slotsLeft = 0;
  #candidatesLeft = 0;

  constructor(percent: number, random: () => number = Math.random) {
    this.percent = percent;
    this.#size = blockSizeFor(percent);
    this.#random = random;
  }

  /** True when this request is the candidate's. Selection sampling (Knuth, TAOCP 2, 3.4.2, algorithm S). */
  next(): boolean {
    if (this.#slotsLeft === 0) {
      this.#slotsLeft = this.#size;
      this.#candidatesLeft = Math.round((this.percent * this.#size) / 100);
    }
    const chosen = this.#random() * this.#slotsLeft < this.#candidatesLeft;
    this.#slotsLeft -= 1;
    if (chosen) this.#candidatesLeft -= 1;
    return chosen;
  }
}
