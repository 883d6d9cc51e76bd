/** Who gets a request. The one place that the shares are read from; changing it is a switch of traffic. */
import { RolloutCounts } from "./counts.ts";
import type { Upstream } from "./exchange.ts";
import { Splitter } from "./splitter.ts";

export type SideName = "stable" | "candidate";

export class Routing {
  #stable: Upstream | null = null;
  #candidate: Upstream | null = null;
  #split = new Splitter(0);
  #mirror = new Splitter(0);
  #probes = new Splitter(0);
  counts = new RolloutCounts(null, null);

  get candidatePercent(): number {
    return this.#candidate === null ? 0 : this.#split.percent;
  }

  get mirrorPercent(): number {
    return this.#candidate === null ? 0 : this.#mirror.percent;
  }

  get stable(): Upstream | null {
    return this.#stable;
  }

  get candidate(): Upstream | null {
    return this.#candidate;
  }

  setSides(stable: Upstream | null, candidate: Upstream | null): void {
    this.#stable = stable;
    this.#candidate = candidate;
    this.setSplit(0);
    this.setMirror(0);
  }

  setSplit(percent: number): void {
    this.#split = new Splitter(percent);
    this.#probes = new Splitter(percent);
  }

  setMirror(percent: number): void {
    this.#mirror = new Splitter(percent);
  }

  /** The side of the next request of a caller. */
  next(): SideName {
    return this.#candidate !== null && this.#split.next() ? "candidate" : "stable";
  }

  /** The side of the next probe: the same shares, drawn apart so that probing moves no caller's request. */
  nextProbe(): SideName {
    return this.#candidate !== null && this.#probes.next() ? "candidate" : "stable";
  }

  /** Whether the request that stable gets now is copied to the candidate. */
  nextMirrored(): boolean {
    return this.#candidate !== null && this.#mirror.percent > 0 && this.#mirror.next();
  }

  upstream(side: SideName): Upstream | null {
    return side === "candidate" ? this.#candidate : this.#stable;
  }
}
