import { type Evidence, type Levels, note, start } from "./evidence.ts";
import { type PairFactor, pairFactor, rateFactor, type Tally } from "./factors.ts";
import { shownBelow, upperRate } from "./interval.ts";
import { Bets, better, type Prior, restartCost, worse } from "./mixture.ts";

/** One window as the bets see it. Events of the candidate are known between two limits where a histogram's buckets
 * leave it open; `sure` is what may count against it, `possible` what must be cleared to count for it. */
export interface Step {
  at: number;
  stable: Tally;
  candidate: { n: number; sure: number; possible: number };
  /** What is known of stable by now, stretch by stretch, for the time when it gets no traffic any more. */
  stableStretches: () => readonly Tally[];
}

/** Of the false alarms allowed to a comparison, the share for windows in which both sides have traffic; the rest is
 * for the time when the candidate is alone: half for stable's rate having been underestimated, half for the bet. */
const pairedShare = 0.95;
const aloneShare = (1 - pairedShare) / 2;

/** Windows are joined until they hold this many requests, so that measured shares mean something. */
export const leastRequests = 20;

const against = (step: Step): Tally => ({ n: step.candidate.n, x: step.candidate.sure });
const inFavour = (step: Step): Tally => ({ n: step.candidate.n, x: step.candidate.possible });

/** Takes windows one after another. */
export interface Scale {
  add(step: Step): void;
  evidence(): Evidence;
}

/** Bets on whether the candidate's rate keeps an absolute bound. */
export class RateScale implements Scale {
  readonly #bound: number;
  readonly #fail = new Bets(worse, true);
  readonly #pass = new Bets(better, false);
  readonly #evidence: Evidence;
  readonly #sum = { n: 0, sure: 0, possible: 0 };

  constructor(bound: number, levels: Levels) {
    this.#bound = bound;
    this.#evidence = start(levels);
  }

  add(step: Step): void {
    const { candidate } = step;
    if (candidate.n === 0) {
      return;
    }
    this.#fail.advance((eta) => rateFactor(eta, this.#bound, against(step)));
    this.#pass.advance((eta) => rateFactor(eta, this.#bound, inFavour(step)));
    this.#sum.n += candidate.n;
    this.#sum.sure += candidate.sure;
    this.#sum.possible += candidate.possible;
    note(this.#evidence, step, { fail: this.#fail.log, pass: this.#pass.log });
  }

  evidence(): Evidence {
    const { n, sure, possible } = this.#sum;
    const { fail, pass } = this.#evidence;
    return {
      ...this.#evidence,
      tilts: {
        fail: worse.etas.map((eta) => rateFactor(eta, this.#bound, { n, x: sure })),
        pass: better.etas.map((eta) => rateFactor(eta, this.#bound, { n, x: possible })),
        failNeeded: fail.needed + restartCost,
        passNeeded: pass.needed,
        best: {
          flawless: better.etas.map((eta) => rateFactor(eta, this.#bound, { n, x: 0 })),
          candidate: { n, x: possible },
          byStable: null,
        },
      },
    };
  }
}

/**
 * Bets on whether candidate's rate ≤ factor × stable's rate + offset.
 *
 * While both sides have traffic, windows are compared pairwise. A window in which stable had none says nothing about
 * the pair: there the candidate is held against factor × the upper confidence limit of stable's rate in its worst stretch
 * so far + offset, which assumes that stable would have been no worse than it was then. That can refute, never prove;
 * and since nothing can be shown any more, what was shown before counts at its highest: that the wealth of a candidate
 * which breaks the gate ever comes to 1/α has probability α at most (Ville). Else the one window in which the last step
 * begins would end a candidate that was just proven, with no way to prove it again.
 */
export class PairScale implements Scale {
  readonly #bound: { factor: number; offset: number };
  readonly #levels: Levels;
  readonly #fail = new Bets(worse, true);
  readonly #pass = new Bets(better, false);
  readonly #alone = new Bets(worse, true);
  readonly #totals = { fail: nothingYet(worse), pass: nothingYet(better), flawless: nothingYet(better) };
  readonly #paired = { candidate: { n: 0, x: 0 }, stableEvents: 0 };
  readonly #evidence: Evidence;
  #pending: Step | null = null;
  #lastAlone = false;
  #mostShown = 0;

  constructor(bound: { factor: number; offset: number }, levels: Levels) {
    this.#bound = bound;
    this.#levels = levels;
    this.#evidence = start(levels);
  }

  /** Neighbouring windows are joined until both sides have requests, or one side alone has had enough of them that the
   * other can be taken to be without traffic. Joining looks at exposures only, never at events. */
  add(step: Step): void {
    const now = this.#pending === null ? step : join(this.#pending, step);
    const ready = now.stable.n + now.candidate.n >= leastRequests;
    this.#pending = ready ? null : now;
    if (ready) {
      this.#weigh(now);
    }
  }

  #weigh(step: Step): void {
    const { factor, offset } = this.#bound;
    this.#lastAlone = step.stable.n === 0;
    if (this.#lastAlone) {
      const limit = worstRate(step.stableStretches(), this.#levels.fail * aloneShare);
      this.#alone.advance((eta) => rateFactor(eta, factor * limit + offset, against(step)));
    } else {
      const { stable } = step;
      const failing = worse.etas.map((eta) => pairFactor(eta, factor, stable, against(step)));
      const passing = better.etas.map((eta) => pairFactor(eta, factor, stable, inFavour(step)));
      this.#fail.advance((_, tilt) => costOf(failing[tilt], offset));
      this.#pass.advance((_, tilt) => costOf(passing[tilt], offset));
      addTo(this.#totals.fail, failing);
      addTo(this.#totals.pass, passing);
      this.#noteBest(step);
      this.#mostShown = Math.max(this.#mostShown, this.#pass.log);
    }
    note(this.#evidence, step, {
      fail: Math.max(this.#fail.log + Math.log(pairedShare), this.#alone.log + Math.log(aloneShare)),
      pass: this.#lastAlone ? this.#mostShown : this.#pass.log,
    });
  }

  /** Of windows in which both sides had traffic: only these can prove. */
  #noteBest({ stable, candidate: { n, possible } }: Step): void {
    const { factor } = this.#bound;
    const flawless = better.etas.map((eta) => pairFactor(eta, factor, stable, { n, x: 0 }));
    addTo(this.#totals.flawless, flawless);
    this.#paired.candidate.n += n;
    this.#paired.candidate.x += possible;
    this.#paired.stableEvents += stable.x;
  }

  evidence(): Evidence {
    const { fail, pass, flawless } = this.#totals;
    const failNeeded = this.#evidence.fail.needed - Math.log(pairedShare);
    const passNeeded = this.#evidence.pass.needed;
    const cost = (factor: PairFactor) => costOf(factor, this.#bound.offset);
    return {
      ...this.#evidence,
      pairs: { fail, pass, failNeeded, passNeeded },
      tilts: this.#lastAlone
        ? null
        : {
            fail: fail.map(cost),
            pass: pass.map(cost),
            failNeeded: failNeeded + restartCost,
            passNeeded,
            best: {
              flawless: flawless.map(cost),
              candidate: { ...this.#paired.candidate },
              byStable: { logs: flawless.map(({ gain }) => gain), events: this.#paired.stableEvents },
            },
          },
    };
  }
}

/** Upper confidence limit of the rate in the worst stretch. Nothing is split over the stretches: it holds when the limit
 * of the stretch that truly was the worst does. */
function worstRate(stretches: readonly Tally[], level: number): number {
  const known = stretches.filter(({ n }) => n > 0);
  const fromHighest = known.sort((left, right) => right.x / right.n - left.x / left.n);
  return fromHighest.length === 0
    ? 1
    : fromHighest.reduce((limit, tally) => {
        return limit > 0 && shownBelow(limit, tally, level) ? limit : upperRate(tally, level);
      }, 0);
}

export function nothingYet(prior: Prior): PairFactor[] {
  return prior.etas.map(() => ({ gain: 0, price: 0 }));
}

function addTo(totals: PairFactor[], factors: readonly PairFactor[]): void {
  factors.forEach(({ gain, price }, tilt) => {
    const total = totals[tilt] as PairFactor;
    total.gain += gain;
    total.price += price;
  });
}

/** ln of a bet's factor at this offset; of no bet, nothing changes. */
function costOf(factor: PairFactor | undefined, offset: number): number {
  return factor === undefined ? 0 : factor.gain - offset * factor.price;
}

function join(left: Step, right: Step): Step {
  return {
    at: right.at,
    stable: { n: left.stable.n + right.stable.n, x: left.stable.x + right.stable.x },
    candidate: {
      n: left.candidate.n + right.candidate.n,
      sure: left.candidate.sure + right.candidate.sure,
      possible: left.candidate.possible + right.candidate.possible,
    },
    stableStretches: right.stableStretches,
  };
}
