/**
 * When to look at a sample that still grows, and how sure to be. Looking every second at 95 % would be wrong far more
 * often than one time in twenty: each look is another chance to be. So the first comes when the samples asked for are
 * there, each later one when they have doubled, and look k may be wrong with probability α/2ᵏ; the last takes what is
 * left. By the union bound all looks together are wrong with probability α at most (α-spending as of Lan and DeMets
 * 1983, without use of the looks' dependence).
 */
export class Looks {
  readonly #alpha: number;
  #taken = 0;
  #due: number;

  /** @param confidence of all looks together */
  constructor(confidence: number, minSamples: number) {
    this.#alpha = 1 - confidence;
    this.#due = minSamples;
  }

  /** How often was looked so far. */
  get taken(): number {
    return this.#taken;
  }

  isDue(samples: number): boolean {
    return samples >= this.#due;
  }

  /** Confidence of a look now, after which there may be more. */
  early(samples: number): number {
    this.#taken += 1;
    this.#due = 2 * samples;
    return 1 - this.#alpha / 2 ** this.#taken;
  }

  /** Confidence of the last look. */
  last(): number {
    this.#taken += 1;
    return 1 - this.#alpha / 2 ** (this.#taken - 1);
  }
}
