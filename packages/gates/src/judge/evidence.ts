/** What a gate's bets have come to. */
import type { PairFactor, Tally } from "./factors.ts";

/** Chances of a wrong verdict that are allowed: of failing a candidate that keeps the gate, of passing one that
 * breaks it. */
export interface Levels {
  fail: number;
  pass: number;
}

/** Natural logarithms of the wealth of the bets; `needed` proves. Wealth against the gate counts at its highest,
 * wealth for it as it stands while more of it can come: what was proven against a candidate stays proven. */
export interface Evidence {
  fail: { log: number; needed: number; at: number | null };
  pass: { log: number; needed: number };
  /** After every window: for plots and for the log line. */
  trace: { at: number; requests: number; fail: number; pass: number }[];
  /** ln of every tilt's wealth since the start, for the forecast. */
  tilts: Tilts | null;
  /** Totals of the pairwise bets, for the interval of the offset. */
  pairs: { fail: PairFactor[]; pass: PairFactor[]; failNeeded: number; passNeeded: number } | null;
}

export interface Tilts {
  fail: number[];
  pass: number[];
  failNeeded: number;
  passNeeded: number;
  /** null where the gate is not about one count. */
  best: Best | null;
}

/** `flawless` is what `pass` would be had the candidate had no event, and `byStable` the part of it that grows with
 * stable's events; counts are of the windows that can prove. */
export interface Best {
  flawless: number[];
  candidate: Tally;
  byStable: { logs: number[]; events: number } | null;
}

const needed = (level: number): number => Math.log(1 / level);

export function start(levels: Levels): Evidence {
  return {
    fail: { log: 0, needed: needed(levels.fail), at: null },
    pass: { log: 0, needed: needed(levels.pass) },
    trace: [],
    tilts: null,
    pairs: null,
  };
}

export function note(
  evidence: Evidence,
  step: { at: number; candidate: { n: number } },
  logs: { fail: number; pass: number },
): void {
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
