import { type PairFactor, pairFactor, rateFactor, type Tally } from "./factors.ts";
import { upperRate } from "./interval.ts";
import { Bets, better, type Prior, restartCost, worse } from "./mixture.ts";

/** One window as the bets see it. Events of the candidate are known between two limits where a histogram's buckets
 * leave it open; `sure` is what may count against it, `possible` what must be cleared to count for it. */
export interface Step {
  at: number;
  stable: Tally;
  candidate: { n: number; sure: number; possible: number };
  /** All that is known of stable by now, for the time when it gets no traffic any more. */
  stableSoFar: Tally;
}

/** Chances of a wrong verdict that are allowed: of failing a candidate that keeps the gate, of passing one that
 * breaks it. */
export interface Levels {
  fail: number;
  pass: number;
}

/** Natural logarithms of the wealth of the bets; `needed` proves. Wealth against the gate counts at its highest,
 * wealth for it as it stands: what was proven against a candidate stays proven. */
export interface Evidence {
  fail: { log: number; needed: number; at: number | null };
  pass: { log: number; needed: number };
  /** After every window: for plots and for the log line. */
  trace: { at: number; requests: number; fail: number; pass: number }[];
  /** ln of every tilt's wealth since the start, for the forecast. */
  tilts: { fail: number[]; pass: number[]; failNeeded: number; passNeeded: number } | null;
  /** Totals of the pairwise bets, for the interval of the offset. */
  pairs: { fail: PairFactor[]; pass: PairFactor[]; failNeeded: number; passNeeded: number } | null;
}

/** Of the false alarms allowed to a comparison, the share for windows in which both sides have traffic; the rest is
 * for the time when the candidate is alone: half for stable's rate having been underestimated, half for the bet. */
const pairedShare = 0.9;
const aloneShare = (1 - pairedShare) / 2;

/** Windows are joined until they hold this many requests, so that measured shares mean something. */
const leastRequests = 20;

const needed = (level: number): number => Math.log(1 / level);
const against = (step: Step): Tally => ({ n: step.candidate.n, x: step.candidate.sure });
const inFavour = (step: Step): Tally => ({ n: step.candidate.n, x: step.candidate.possible });

/** Bets on whether the candidate's rate keeps an absolute bound. */
export function weighRate(bound: number, steps: readonly Step[], levels: Levels): Evidence {
  const fail = new Bets(worse, true);
  const pass = new Bets(better, false);
  const evidence = start(levels);
  const sum = { n: 0, sure: 0, possible: 0 };
  for (const step of steps.filter(({ candidate }) => candidate.n > 0)) {
    fail.advance((eta) => rateFactor(eta, bound, against(step)));
    pass.advance((eta) => rateFactor(eta, bound, inFavour(step)));
    sum.n += step.candidate.n;
    sum.sure += step.candidate.sure;
    sum.possible += step.candidate.possible;
    note(evidence, step, { fail: fail.log, pass: pass.log });
  }
  evidence.tilts = {
    fail: worse.etas.map((eta) => rateFactor(eta, bound, { n: sum.n, x: sum.sure })),
    pass: better.etas.map((eta) => rateFactor(eta, bound, { n: sum.n, x: sum.possible })),
    failNeeded: evidence.fail.needed + restartCost,
    passNeeded: evidence.pass.needed,
  };
  return evidence;
}

/**
 * Bets on whether candidate's rate ≤ factor × stable's rate + offset.
 *
 * While both sides have traffic, windows are compared pairwise. A window in which stable had none says nothing about
 * the pair: there the candidate is held against factor × the upper confidence limit of stable's rate so far + offset,
 * which assumes that stable would have gone on as it was. That can refute, never prove.
 */
export function weighPair(
  bound: { factor: number; offset: number },
  steps: readonly Step[],
  levels: Levels,
): Evidence {
  const fail = new Bets(worse, true);
  const pass = new Bets(better, false);
  const alone = new Bets(worse, true);
  const totals = { fail: nothingYet(worse), pass: nothingYet(better) };
  const evidence = start(levels);
  let lastAlone = false;
  for (const step of joined(steps)) {
    lastAlone = step.stable.n === 0;
    if (lastAlone) {
      const limit = upperRate(step.stableSoFar, levels.fail * aloneShare);
      alone.advance((eta) => rateFactor(eta, bound.factor * limit + bound.offset, against(step)));
    } else {
      const cost = ({ gain, price }: PairFactor) => gain - bound.offset * price;
      const failing = (eta: number) => pairFactor(eta, bound.factor, step.stable, against(step));
      const passing = (eta: number) => pairFactor(eta, bound.factor, step.stable, inFavour(step));
      fail.advance((eta) => cost(failing(eta)));
      pass.advance((eta) => cost(passing(eta)));
      addTo(totals.fail, worse, failing);
      addTo(totals.pass, better, passing);
    }
    note(evidence, step, {
      fail: Math.max(fail.log + Math.log(pairedShare), alone.log + Math.log(aloneShare)),
      pass: pass.log,
    });
  }
  const failNeeded = evidence.fail.needed - Math.log(pairedShare);
  const passNeeded = evidence.pass.needed;
  evidence.pairs = { ...totals, failNeeded, passNeeded };
  evidence.tilts = lastAlone
    ? null
    : {
        fail: totals.fail.map(({ gain, price }) => gain - bound.offset * price),
        pass: totals.pass.map(({ gain, price }) => gain - bound.offset * price),
        failNeeded: failNeeded + restartCost,
        passNeeded,
      };
  return evidence;
}

function start(levels: Levels): Evidence {
  return {
    fail: { log: 0, needed: needed(levels.fail), at: null },
    pass: { log: 0, needed: needed(levels.pass) },
    trace: [],
    tilts: null,
    pairs: null,
  };
}

function note(evidence: Evidence, step: Step, logs: { fail: number; pass: number }): void {
  const { fail, pass, trace } = evidence;
  // An event that the gate forbids altogether is worth infinitely much; JSON has no word for that.
  const worth = Math.min(logs.fail, Number.MAX_VALUE);
  fail.log = Math.max(fail.log, worth);
  if (fail.at === null && fail.log >= fail.needed) {
    fail.at = step.at;
  }
  pass.log = logs.pass;
  trace.push({
    at: step.at,
    requests: (trace.at(-1)?.requests ?? 0) + step.candidate.n,
    fail: worth,
    pass: logs.pass,
  });
}

function nothingYet(prior: Prior): PairFactor[] {
  return prior.etas.map(() => ({ gain: 0, price: 0 }));
}

function addTo(totals: PairFactor[], prior: Prior, factorOf: (eta: number) => PairFactor): void {
  prior.etas.forEach((eta, index) => {
    const total = totals[index] as PairFactor;
    const { gain, price } = factorOf(eta);
    total.gain += gain;
    total.price += price;
  });
}

/** Joins neighbouring windows until both sides have requests, or one side alone has had enough of them that the other
 * can be taken to be without traffic. Joining looks at exposures only, never at events. A rest that is still too
 * small waits for the next window. */
function joined(steps: readonly Step[]): Step[] {
  const ready: Step[] = [];
  let pending: Step | null = null;
  for (const step of steps) {
    pending = pending === null ? step : join(pending, step);
    if (pending.stable.n + pending.candidate.n >= leastRequests) {
      ready.push(pending);
      pending = null;
    }
  }
  return ready;
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
    stableSoFar: right.stableSoFar,
  };
}
