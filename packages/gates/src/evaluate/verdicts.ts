import { findMetric, type Metric } from "../catalog.ts";
import type { Ends } from "../statistics/interval.ts";
import type { Verdict } from "../types.ts";
import { decide } from "./decide.ts";
import type { Evaluation } from "./evaluation.ts";
import { examine, type Measured, need, type Options, type Unmeasured } from "./examine.ts";
import { type Family, familyOf } from "./family.ts";
import { fewestRows } from "./measure.ts";
import { type PowerLine, powerLine, settlement } from "./power.ts";
import type { Question } from "./slices.ts";
import { reasonFor } from "./wording.ts";

export interface Judgement {
  verdict: Verdict;
  power?: PowerLine;
}

/** Answers all questions that are asked together: measures each, decides them as one family, and says why. */
export function answer(
  questions: readonly Question[],
  evaluation: Evaluation,
  options: Options,
): Judgement[] {
  const examined = questions.map((question) => examine(question, evaluation, options));
  const family = familyOf(examined.filter(isMeasured), options.confidence);
  const judgements = examined.map((one) =>
    isMeasured(one) ? judged(one, family, options.confidence) : { verdict: one.verdict },
  );
  return excused(questions, examined, judgements);
}

function isMeasured(examined: Measured | Unmeasured): examined is Measured {
  return !("verdict" in examined);
}

function judged(measured: Measured, family: Family, confidence: number): Judgement {
  const { gate, metric, rule, n, observed, baseline, bound, uncertainty } = measured;
  const interval = uncertainty?.at(confidence) ?? null;
  const facts = {
    comparison: gate.comparison,
    observed,
    bound,
    interval,
    refutedInFamily: family.refutes(measured),
  };
  const verdict = decide(rule, facts);
  const relative = gate.bound.kind === "baseline";
  const { unit, range } = findMetric(gate.metric) as Metric;
  const reason = reasonFor({
    ...facts,
    metric,
    unit,
    rule,
    confidence,
    questions: family.size,
    baseline: relative ? baseline : null,
    baselineTakenAsExact: relative && measured.baselineTakenAsExact,
    shortage: measured.shortage,
  });
  const strength = { confidence, questions: family.size };
  return {
    verdict: {
      ...{ gate: gate.text, metric, verdict, rule, observed, baseline, bound },
      ...{ interval: finite(interval), n, reason },
      ...(verdict === "inconclusive" ? { settle: settleBy(measured, strength) } : {}),
    },
    ...(uncertainty !== null && Number.isFinite(uncertainty.se)
      ? { power: powerLine(gate, { ...measured, ...strength, unit, range, se: uncertainty.se }) }
      : {}),
  };
}

/** JSON knows no infinity, and half an interval is none. */
function finite(interval: Ends | null): [number, number] | null {
  return interval !== null && Number.isFinite(interval.low) && Number.isFinite(interval.high)
    ? [interval.low, interval.high]
    : null;
}

function settleBy(measured: Measured, strength: { confidence: number; questions: number }): string {
  const { gate, n, counted, fewest, observed, bound, uncertainty, shortage } = measured;
  if (shortage !== undefined) {
    // Of a quantile the rows that bound it, which are more than the fewest for an interval.
    return need(shortage.of === counted ? { ...shortage, need: Math.max(shortage.need, fewest) } : shortage);
  }
  const se = uncertainty?.se ?? Number.POSITIVE_INFINITY;
  if (Number.isFinite(se)) {
    return settlement({ comparison: gate.comparison, observed, bound, se, n, counted, ...strength });
  }
  return n < fewest
    ? need({ of: counted, have: n, need: fewest })
    : `need more ${counted}, or scores that are not so large`;
}

/**
 * Values that `{column=*}` found with too few rows do not block while others of the same gate were judged: with enough
 * values some are always small, and waiting for rows that will never come would teach people to drop the gate. They stay in
 * the list, inconclusive and marked. A value that a gate names is asked for on purpose and blocks, as does a gate of
 * which no value could be judged.
 */
function excused(
  questions: readonly Question[],
  examined: readonly (Measured | Unmeasured)[],
  judgements: readonly Judgement[],
): Judgement[] {
  const small = judgements.map(({ verdict }, i) => {
    const one = examined[i] as Measured | Unmeasured;
    return verdict.verdict === "inconclusive" && (isMeasured(one) ? one.n < fewestRows : one.tooFew);
  });
  const answered = new Set(questions.flatMap(({ every }, i) => (small[i] ? [] : [every])));
  return judgements.map((judgement, i) => {
    const { every } = questions[i] as Question;
    return small[i] && every !== null && answered.has(every)
      ? { ...judgement, verdict: { ...judgement.verdict, unjudged: true } }
      : judgement;
  });
}
