import { keeps } from "../evaluate/decide.ts";
import { visible } from "../language/messages.ts";
import { formatMetric } from "../language/slice.ts";
import { closest } from "../language/suggest.ts";
import type { DecisionRule, Gate, Verdict } from "../types.ts";
import { benjaminiHochberg } from "./benjamini-hochberg.ts";
import { fewestRows } from "./comparable.ts";
import type { Measured } from "./features.ts";
import { type Judged, reasonFor } from "./wording.ts";
import { type Draw, type Yardstick, yardsticks } from "./yardsticks.ts";

export interface GateOptions extends Draw {
  confidence: number;
  /** Of the smaller table. */
  rows: number;
}

/** A gate's verdict, and the features that it speaks against. */
export interface GateVerdict {
  verdict: Verdict;
  drifted: readonly string[];
}

/**
 * Judges all features, or the one that the gate names, by the gate. `refute`, the usual rule: a feature has drifted
 * when its effect is beyond the bound and its p, adjusted over all features, is at most 1 − confidence. `estimate`: the
 * effect alone. `prove` fails as `refute` does, and passes only when the upper end of every effect keeps the bound. A
 * feature that cannot be compared is never a pass.
 */
export function judgeFeatures(gate: Gate, features: readonly Measured[], options: GateOptions): GateVerdict {
  const rule = gate.rule ?? "refute";
  const yardstick = yardsticks[gate.metric] as Yardstick;
  const about =
    gate.slice === undefined ? features : features.filter(({ drift }) => drift.feature === gate.slice?.value);
  const judged = judge(gate, rule, features, yardstick, options).filter(({ measured }) =>
    about.includes(measured),
  );
  const problems = problemsOf(gate, about, features, yardstick);
  const drifted = judged.filter((one) => one.drifted);
  const worst = worstOf(judged);
  const open =
    rule === "prove"
      ? judged.filter(({ high, bound }) => high !== null && !keeps(gate.comparison, high, bound))
      : [];
  const name =
    drifted.length > 0
      ? "fail"
      : problems.length > 0 || judged.length === 0 || open.length > 0
        ? "inconclusive"
        : "pass";
  const settle = problems[0]?.settle ?? settlementOf(open);
  return {
    drifted: drifted.map(({ measured }) => measured.drift.feature),
    verdict: {
      gate: gate.text,
      metric: formatMetric(gate.metric, gate.slice),
      verdict: name,
      rule,
      observed: worst?.effect ?? null,
      baseline: gate.bound.kind === "baseline" ? (worst?.measured.drift.missing.reference ?? null) : null,
      bound: worst?.bound ?? (gate.bound.kind === "absolute" ? gate.bound.value : null),
      interval: worst === undefined ? null : intervalOf(worst, gate, yardstick, options),
      n: options.rows,
      reason: reasonFor({ gate, rule, judged, drifted, open, problems, confidence: options.confidence }),
      ...(name === "inconclusive" ? { settle } : {}),
    },
  };
}

/** Every feature that the metric applies to, whichever the gate speaks of: all are tests of one family. */
function judge(
  gate: Gate,
  rule: DecisionRule,
  features: readonly Measured[],
  yardstick: Yardstick,
  options: GateOptions,
): Judged[] {
  const measured = features.filter((one) => applies(one, yardstick) && yardstick.effect(one) !== null);
  const ps = measured.map((one) => yardstick.p(one, gate.bound, options));
  const adjusted = benjaminiHochberg(ps);
  return measured.map((one, i) => {
    const effect = yardstick.effect(one) as number;
    const bound = boundFor(gate, one);
    const beyond = !keeps(gate.comparison, effect, bound);
    const p = adjusted[i] as number;
    const uncertainty = rule === "prove" ? yardstick.uncertainty(one, gate.bound, options) : null;
    return {
      measured: one,
      effect,
      bound,
      p: rule === "estimate" ? null : p,
      beyond,
      drifted: beyond && (rule === "estimate" || p <= 1 - options.confidence),
      high: uncertainty?.at(options.confidence).high ?? null,
      se: uncertainty?.se ?? null,
    };
  });
}

function applies({ drift, problem }: Measured, { numbersOnly }: Yardstick): boolean {
  return problem === null && (drift.kind === "numeric" || !numbersOnly);
}

function boundFor({ bound }: Gate, { drift }: Measured): number {
  return bound.kind === "absolute" ? bound.value : bound.factor * drift.missing.reference + bound.offset;
}

/** Drifted ones first, then the farthest beyond its own bound. */
function worstOf(judged: readonly Judged[]): Judged | undefined {
  return judged.toSorted(
    (a, b) => Number(b.drifted) - Number(a.drifted) || b.effect - b.bound - (a.effect - a.bound),
  )[0];
}

function intervalOf(worst: Judged, gate: Gate, yardstick: Yardstick, options: GateOptions): [number, number] {
  const { low, high } = yardstick.uncertainty(worst.measured, gate.bound, options).at(options.confidence);
  return [Math.min(low, worst.effect), Math.max(high, worst.effect)];
}

/** Why features that the gate speaks of have no verdict. */
function problemsOf(
  gate: Gate,
  about: readonly Measured[],
  features: readonly Measured[],
  yardstick: Yardstick,
): { reason: string; settle: string }[] {
  if (about.length === 0) return [absent(gate, features)];
  return about.flatMap((measured) => {
    const name = visible(measured.drift.feature);
    if (measured.problem !== null) return [measured.problem];
    if (!applies(measured, yardstick)) {
      const settle = "ask psi, kl, js or chi2 of it";
      return gate.slice === undefined
        ? []
        : [{ reason: `${name} is categorical, ${gate.metric} is of numbers`, settle }];
    }
    return yardstick.effect(measured) === null
      ? [
          {
            reason: `${name} has no ${gate.metric}: too few finite numbers, or more of the infinite on one side`,
            settle: `give ${name} finite numbers`,
          },
        ]
      : [];
  });
}

function absent({ slice }: Gate, features: readonly Measured[]): { reason: string; settle: string } {
  const names = features.map(({ drift }) => drift.feature);
  if (slice === undefined)
    return { reason: "there is no feature to compare", settle: "give both tables columns" };
  const near = closest(slice.value, names);
  return {
    reason: `there is no feature ${visible(slice.value)}`,
    settle: near === undefined ? "name a feature that the data has" : `did you mean ${visible(near)}?`,
  };
}

/** Rows that would bring the widest upper end within the bound: an error shrinks with the root of the rows. */
function settlementOf(open: readonly Judged[]): string {
  const needs = open.map(({ effect, bound, high, measured: { drift } }) => {
    const n = Math.min(drift.rows.reference, drift.rows.current);
    return { n, needed: n * (((high as number) - effect) / (bound - effect)) ** 2, within: effect < bound };
  });
  const most = needs.reduce((a, b) => (b.needed > a.needed ? b : a), {
    n: fewestRows,
    needed: fewestRows,
    within: needs.length > 0,
  });
  return most.within && needs.every(({ within }) => within) && most.needed < 1000 * most.n
    ? `need about ${Math.ceil(most.needed).toLocaleString("en-US")} rows, have ${most.n.toLocaleString("en-US")}`
    : "more rows alone will hardly settle it: an effect lies on its bound or beyond";
}
