/** What the proxy counted: each side's requests, failures, NaN answers and latencies since the candidate's first. */
import type { SideCounts } from "@ml-actions/gates/types";
import type { Upstream } from "./exchange.ts";
import { SideScores, scrape } from "./scores.ts";

/** Upper bounds in milliseconds, 10 % apart, so that a quantile read from a bucket is within 10 % of the truth. */
export const latencyBoundsMs: readonly number[] = bounds(0.5, 60_000, 1.1);

function bounds(first: number, last: number, step: number): number[] {
  const list: number[] = [];
  for (let bound = first; bound < last; bound *= step) list.push(Number(bound.toPrecision(4)));
  return [...list, last];
}

/** How a request ended for the one who sent it. `left`: the caller went away first, which is nobody's failure. */
export type Outcome =
  | { name: "answered"; status: number; nan: boolean; ms: number }
  | { name: "failed" }
  | { name: "left" };

export class Side {
  #requests = 0;
  #errors = 0;
  #nan = 0;
  #left = 0;
  readonly #latency = new Array<number>(latencyBoundsMs.length + 1).fill(0);

  add(outcome: Outcome): void {
    if (outcome.name === "left") {
      this.#left += 1;
      return;
    }
    this.#requests += 1;
    if (outcome.name === "failed") {
      this.#errors += 1;
      return;
    }
    if (outcome.status >= 500) this.#errors += 1;
    if (outcome.nan) this.#nan += 1;
    const bucket = bucketOf(outcome.ms);
    this.#latency[bucket] = (this.#latency[bucket] ?? 0) + 1;
  }

  /** Requests whose caller went away before the answer; in no other count. */
  get left(): number {
    return this.#left;
  }

  counts(): SideCounts {
    return {
      requests: this.#requests,
      errors: this.#errors,
      nan: this.#nan,
      latency: { boundsMs: latencyBoundsMs, counts: [...this.#latency] },
    };
  }
}

/** Index of the first bound that is not below `ms`. */
export function bucketOf(ms: number): number {
  let low = 0;
  let high = latencyBoundsMs.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((latencyBoundsMs[middle] as number) < ms) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * The counts of one rollout. Stable's begin anew when the candidate gets its first request, so that both sides saw the
 * same stretch of time; the mirrored pair holds exactly the requests that were copied, as each side answered them.
 * Callers keep the `Side` they began a request with: a late answer never counts in a stretch it does not belong to.
 */
export class RolloutCounts {
  readonly stableDigest: string | null;
  readonly candidateDigest: string | null;
  stable = new Side();
  readonly candidate = new Side();
  readonly mirrored = { stable: new Side(), candidate: new Side() };
  /** Copies that were not sent: too many at once, or a body over the limit. */
  readonly mirrorDropped = { busy: 0, tooLarge: 0 };
  readonly #scores = { stable: new SideScores(), candidate: new SideScores() };
  #begun = false;

  constructor(stableDigest: string | null, candidateDigest: string | null) {
    this.stableDigest = stableDigest;
    this.candidateDigest = candidateDigest;
  }

  forCandidate(): Side {
    if (!this.#begun) this.stable = new Side();
    this.#begun = true;
    return this.candidate;
  }

  /** The counts now, with the scores that the releases' processes have counted; of a process that does not answer,
   * those that are known. */
  async readReport(running: readonly (Upstream | null)[]): Promise<CountsReport> {
    const sides = { stable: this.stableDigest, candidate: this.candidateDigest };
    const ask = async (side: "stable" | "candidate") => {
      const seen = await scrape(running.find((one) => one?.digest === sides[side]) ?? null);
      if (seen !== null) this.#scores[side].take(seen);
    };
    await Promise.all([ask("stable"), ask("candidate")]);
    return this.report();
  }

  report(): CountsReport {
    return {
      at: Date.now(),
      stableDigest: this.stableDigest,
      candidateDigest: this.candidateDigest,
      routed: {
        stable: { ...this.stable.counts(), scores: this.#scores.stable.counts() },
        candidate: { ...this.candidate.counts(), scores: this.#scores.candidate.counts() },
      },
      mirrored: { stable: this.mirrored.stable.counts(), candidate: this.mirrored.candidate.counts() },
      mirrorDropped: { ...this.mirrorDropped },
      left: { stable: this.stable.left, candidate: this.candidate.left },
    };
  }
}

export interface CountsReport {
  at: number;
  stableDigest: string | null;
  candidateDigest: string | null;
  routed: { stable: SideCounts; candidate: SideCounts };
  mirrored: { stable: SideCounts; candidate: SideCounts };
  mirrorDropped: { busy: number; tooLarge: number };
  left: { stable: number; candidate: number };
}
