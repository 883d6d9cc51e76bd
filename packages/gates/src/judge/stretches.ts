import { add } from "./series.ts";

/** At most so many stretches are kept apart. */
const most = 8;

/**
 * A side's counts, stretch by stretch: how bad it has been at its worst. Each stretch holds between an eighth and a
 * quarter of all requests, so that it says something: when there are eight, neighbours are joined. Where they begin
 * and end depends on exposures alone, never on events.
 */
export class Stretches {
  #closed: { n: number; counts: readonly number[] }[] = [];
  #open: { n: number; counts: readonly number[] } = { n: 0, counts: [] };
  #size: number;

  constructor(least: number) {
    this.#size = least;
  }

  add(n: number, counts: readonly number[]): void {
    this.#open = { n: this.#open.n + n, counts: add(this.#open.counts, counts) };
    if (this.#open.n < this.#size) {
      return;
    }
    this.#closed.push(this.#open);
    this.#open = { n: 0, counts: [] };
    if (this.#closed.length === most) {
      this.#size *= 2;
      this.#closed = this.#closed.flatMap((left, index, all) => {
        const right = all[index + 1];
        return index % 2 === 0 && right !== undefined
          ? [{ n: left.n + right.n, counts: add(left.counts, right.counts) }]
          : [];
      });
    }
  }

  /** Counts of each stretch; what has not filled one yet belongs to the last. */
  get all(): readonly (readonly number[])[] {
    const closed = this.#closed.map(({ counts }) => counts);
    const last = closed.pop() ?? [];
    return this.#open.n === 0 ? [...closed, last] : [...closed, add(last, this.#open.counts)];
  }
}
