import type { Observation } from "../types.ts";
import { type Comparison, Distances } from "./distances.ts";
import type { Levels } from "./evidence.ts";
import { type Dead, type Examiner, type Finding, neverCounted } from "./finding.ts";
import { answered, readHistogram } from "./histogram.ts";
import { add, Series, type Window } from "./series.ts";
import { leastRequests } from "./weigh.ts";

/**
 * `score_drift <= δ`: the Kolmogorov-Smirnov distance between candidate's and stable's scores, read at the bounds of
 * their histograms: a shift that stays inside one bucket is not seen.
 *
 * "Distance at most δ" says of every bound x that neither side's share of scores above x exceeds the other's by more
 * than δ. Each of these claims is held against the pairwise count test, within windows in which both sides had traffic:
 *
 * - it is **refuted** by the mean of bets over nine bounds and both directions (the mean of e-processes is one). The
 *   bounds of a window are those nearest to the deciles of all scores before it;
 * - it is **proven** when it is proven at every bound in both directions (an intersection-union test).
 *
 * Why not a band around both empirical distributions (Howard & Ramdas, Bernoulli 2022, arXiv 1906.09712, theorem 2:
 * ‖F̂ₜ − F‖∞ ≤ .85·√((ln(1 + ln(t/m)) + .8·ln(1612/α))/t)): it takes the scores of a side for draws from one distribution.
 * Where scores change over the day and weights over the rollout, the pooled distributions of two equal releases differ,
 * because the candidate saw more of the evening, and the band refutes it: in nine of ten rollouts of the calibration
 * suite. Within windows that cannot happen; and equal releases are proven in less than half of the requests.
 */
export class ScoreExaminer implements Examiner {
  readonly #bound: number;
  readonly #series = new Series((side) => readHistogram("score", side.scores));
  readonly #distances: Distances;
  #shape: string | null = null;
  #mismatch: string | null = null;
  #isCounted = true;
  #pending: Comparison | null = null;
  /** Scores of both sides so far, also of windows in which one had none. */
  #seen = { stable: 0, candidate: 0 };

  constructor(bound: number, levels: Levels) {
    this.#bound = bound;
    this.#distances = new Distances(bound, levels);
  }

  push(observation: Observation): void {
    this.#isCounted = !neverCounted(observation, ({ scores }) => scores);
    const window = this.#series.push(observation);
    if (window === null) {
      return;
    }
    this.#mismatch = this.#whyNotLike(window.shape);
    if (this.#mismatch !== null) {
      return;
    }
    this.#seen.stable += answered(window.stable);
    this.#seen.candidate += answered(window.candidate);
    this.#join({ at: window.to, stable: window.stable, candidate: window.candidate });
  }

  /** Shares above a bound can be added up over windows that have it. */
  #whyNotLike({ stable, candidate }: Window["shape"]): string | null {
    if (stable !== candidate) {
      return "ambiguous: the score histograms of both sides have different buckets";
    }
    this.#shape ??= stable;
    return stable === this.#shape
      ? null
      : "ambiguous: the score histograms have other buckets than at the first look";
  }

  /** As for rates, windows are joined until they hold enough; joining looks at exposures only. */
  #join(window: Comparison): void {
    const { stable = [], candidate = [] } = this.#pending ?? {};
    const now = {
      at: window.at,
      stable: add(stable, window.stable),
      candidate: add(candidate, window.candidate),
    };
    const ready = answered(now.stable) + answered(now.candidate) >= leastRequests;
    this.#pending = ready ? null : now;
    if (ready) {
      this.#distances.add(now);
    }
  }

  finding(): Finding {
    const { stable, candidate } = this.#seen;
    const gap = this.#series.gap ?? (this.#mismatch === null ? null : { reason: this.#mismatch, forMs: 0 });
    return {
      ...this.#distances.finding(),
      baseline: null,
      bound: this.#bound,
      n: Math.min(stable, candidate),
      candidateRequests: candidate,
      counted: `${candidate} scores against ${stable}`,
      gap,
      obstacle: null,
      dead: this.#dead(),
    };
  }

  #dead(): Dead | null {
    if (this.#bound <= 0) {
      return { why: "no number of requests can prove a distance of 0", remedy: "Allow a small one" };
    }
    if (!this.#isCounted) {
      return {
        why: "the source has no score histogram",
        remedy: "Remove the gate, or have both releases count scores",
      };
    }
    return this.#mismatch === null
      ? null
      : {
          why: this.#mismatch,
          remedy: "Have both releases count scores in the same buckets, or remove the gate",
        };
  }
}
