import { latencyQuantile } from "./catalog.ts";
import type { Levels } from "./judge/evidence.ts";
import type { Examiner, Finding } from "./judge/finding.ts";
import { LatencyExaminer } from "./judge/latency.ts";
import { type Outlook, outlookOf } from "./judge/outlook.ts";
import { RateExaminer, type RateMetric } from "./judge/rates.ts";
import { ScoreExaminer } from "./judge/scores.ts";
import { reasonFor, settleFor } from "./judge/wording.ts";
import type { DecisionRule, Gate, Observation, Verdict, VerdictName } from "./types.ts";

export interface JudgeOptions {
  /** For gates without a rule of their own. */
  rule: DecisionRule;
  /** 1 − confidence bounds the chance of a wrong answer over the whole rollout, however often one looks. */
  confidence: number;
}

/** A verdict on live traffic, with the state of the bets behind it. */
export interface OnlineVerdict extends Verdict {
  /** 0 to 1: how close the gate is to being proven or refuted. 1 exactly when it is one of them. */
  progress: number;
  /** Where it is heading. */
  leaning: "pass" | "fail";
  /** Natural logarithms of the wealth of the bets for and against (e-values), and what proves. */
  wealth: { pass: number; passNeeded: number; fail: number; failNeeded: number };
  /** When the gate was first refuted. */
  refutedAt: number | null;
  /** null: it is settled. */
  outlook: Outlook | null;
}

/** One gate's e-values after every window, in natural logarithms; `needed` proves. `at` is when a window ended,
 * `requests` what the candidate had served by then, as far as the gate could use it. */
export interface Wealth {
  gate: string;
  needed: { pass: number; fail: number };
  points: readonly { at: number; requests: number; fail: number; pass: number }[];
}

/**
 * Judges a candidate by what its requests came to so far: observations go in one after another, in order, cumulative,
 * those that failed included, and verdicts can be had after each. A look costs the same after a day as after a minute.
 *
 * For α = 1 − confidence, whatever the number of looks: a candidate that keeps all gates is failed by any of them with
 * probability at most α (α is split evenly over the gates); one that breaks some gate passes all of them with
 * probability at most α (each gate is proven at α, and all must be: an intersection-union test, so nothing is split).
 *
 * Assumed: which side a request goes to does not depend on whether it will fail, and requests fail independently
 * within a window. Rates may change over time, and weights too. "Pass" speaks of the average over the rollout so far.
 * Only `error_rate`, `nan_rate`, `score_drift` and `latency.pNN` can be had from counts; any other metric is
 * inconclusive.
 */
export class Judge {
  readonly #levels: Levels;
  readonly #benches: { gate: Gate; rule: DecisionRule; examiner: Examiner | string }[];

  /** @throws RangeError for a confidence that is none */
  constructor(gates: readonly Gate[], options: JudgeOptions) {
    const levels = levelsFor(gates, options);
    this.#levels = levels;
    this.#benches = gates.map((gate) => ({
      gate,
      rule: gate.rule ?? options.rule,
      examiner: examinerFor(gate, levels),
    }));
  }

  look(observation: Observation): void {
    for (const { examiner } of this.#benches) {
      if (typeof examiner !== "string") {
        examiner.push(observation);
      }
    }
  }

  /** One verdict a gate, in the gates' order. The newest observation decides whether there is a gap. */
  verdicts(): OnlineVerdict[] {
    return this.#benches.map(({ gate, rule, examiner }) =>
      typeof examiner === "string"
        ? unjudged(gate, rule, examiner)
        : verdictOf(gate, rule, examiner.finding(), this.#levels),
    );
  }

  /** Every gate's e-values over time: for plots and audits. */
  wealth(): Wealth[] {
    return this.#benches.map(({ gate, examiner }) => {
      if (typeof examiner === "string") {
        return { gate: gate.text, needed: { pass: 0, fail: 0 }, points: [] };
      }
      const { pass, fail, trace } = examiner.finding().evidence;
      return { gate: gate.text, needed: { pass: pass.needed, fail: fail.needed }, points: trace };
    });
  }
}

/** `Judge` on observations that are all there: pure, so the same observations give the same verdicts. */
export function judge(
  gates: readonly Gate[],
  observations: readonly Observation[],
  options: JudgeOptions,
): OnlineVerdict[] {
  return judgeOn(gates, observations, options).verdicts();
}

/** Every gate's e-values after every window. */
export function wealthOverTime(
  gates: readonly Gate[],
  observations: readonly Observation[],
  options: JudgeOptions,
): Wealth[] {
  return judgeOn(gates, observations, options).wealth();
}

function judgeOn(gates: readonly Gate[], observations: readonly Observation[], options: JudgeOptions): Judge {
  const looking = new Judge(gates, options);
  for (const observation of observations) {
    looking.look(observation);
  }
  return looking;
}

const rates: readonly string[] = ["error_rate", "nan_rate"] satisfies RateMetric[];

/** Why a gate can never be judged on live counts; null when it can. */
export function whyNotOnline(gate: Gate): string | null {
  const known =
    rates.includes(gate.metric) ||
    gate.metric === "score_drift" ||
    latencyQuantile(gate.metric) !== undefined;
  if (!known) {
    return `${gate.metric} cannot be had from live counts: only error_rate, nan_rate, score_drift and latency.pNN can`;
  }
  if (gate.slice !== undefined) {
    return "live counts are not kept by slice";
  }
  if (gate.metric === "score_drift" && gate.bound.kind === "baseline") {
    return "score_drift is the distance from stable already: bound it by a number, such as 0.1";
  }
  return gate.comparison.startsWith(">") ? `of ${gate.metric}, lower is better: bound it from above` : null;
}

/** Chances of a wrong verdict, as `Judge` says.
 * @throws RangeError for a confidence that is none */
export function levelsFor(gates: readonly Gate[], { confidence }: JudgeOptions): Levels {
  if (!(confidence > 0 && confidence < 1)) {
    throw new RangeError(`confidence must lie between 0 and 1, is ${confidence}`);
  }
  const alpha = 1 - confidence;
  return { fail: alpha / Math.max(1, gates.length), pass: alpha };
}

/** What judges one gate, or why nothing can. */
export function examinerFor(gate: Gate, levels: Levels): Examiner | string {
  const why = whyNotOnline(gate);
  if (why !== null) {
    return why;
  }
  const share = latencyQuantile(gate.metric);
  if (share !== undefined) {
    return new LatencyExaminer(share, gate.bound, levels);
  }
  return gate.bound.kind === "absolute" && gate.metric === "score_drift"
    ? new ScoreExaminer(gate.bound.value, levels)
    : new RateExaminer(gate.metric as RateMetric, gate.bound, levels);
}

function verdictOf(gate: Gate, rule: DecisionRule, finding: Finding, levels: Levels): OnlineVerdict {
  const { fail, pass } = finding.evidence;
  const refuted = fail.at !== null;
  const verdict = decide(rule, gate, finding);
  const settle = verdict === "inconclusive" ? settleFor(finding) : null;
  const toFail = fraction(fail.log, fail.needed);
  const toPass = fraction(pass.log, pass.needed);
  return {
    gate: gate.text,
    metric: gate.metric,
    verdict,
    rule,
    observed: finding.observed,
    baseline: finding.baseline,
    bound: finding.bound,
    interval: finding.interval,
    n: finding.n,
    reason: reasonFor(gate, rule, verdict, finding, levels),
    ...(settle === null ? {} : { settle }),
    progress: Math.max(toFail, toPass),
    leaning: refuted || toFail > toPass ? "fail" : "pass",
    wealth: { pass: pass.log, passNeeded: pass.needed, fail: fail.log, failNeeded: fail.needed },
    refutedAt: fail.at,
    outlook: verdict === "inconclusive" ? outlookOf(finding, levels.pass) : null,
  };
}

/** Missing data never passes and never fails; what was refuted before the gap stays refuted. */
function decide(rule: DecisionRule, gate: Gate, finding: Finding): VerdictName {
  const { evidence, gap, observed, bound } = finding;
  if (rule !== "estimate" && evidence.fail.at !== null) {
    return "fail";
  }
  if (gap !== null || observed === null || bound === null) {
    return "inconclusive";
  }
  if (rule === "estimate") {
    return observed < bound || (observed === bound && gate.comparison === "<=") ? "pass" : "fail";
  }
  return rule === "refute" || evidence.pass.log >= evidence.pass.needed ? "pass" : "inconclusive";
}

function fraction(log: number, needed: number): number {
  return Math.min(1, Math.max(0, log / needed));
}

function unjudged(gate: Gate, rule: DecisionRule, reason: string): OnlineVerdict {
  return {
    gate: gate.text,
    metric: gate.metric,
    verdict: "inconclusive",
    rule,
    observed: null,
    baseline: null,
    bound: null,
    interval: null,
    n: 0,
    reason,
    progress: 0,
    leaning: "pass",
    wealth: { pass: 0, passNeeded: 0, fail: 0, failNeeded: 0 },
    refutedAt: null,
    outlook: { kind: "hopeless" },
  };
}
