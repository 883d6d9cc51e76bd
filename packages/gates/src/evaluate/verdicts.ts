import { findMetric, type Metric } from "../catalog.ts";
import { formatMetric } from "../language/slice.ts";
import { type Ends, onScale, type Uncertainty } from "../statistics/interval.ts";
import type { DecisionRule, Gate, Verdict } from "../types.ts";
import { decide } from "./decide.ts";
import type { Evaluation } from "./evaluation.ts";
import { fewestRows, type Instrument, instrumentFor } from "./measure.ts";
import { type PowerLine, powerLine, settlement } from "./power.ts";
import type { Rows } from "./rows.ts";
import type { Question } from "./slices.ts";
import { reasonFor } from "./wording.ts";

export interface Judgement {
  verdict: Verdict;
  power?: PowerLine;
}

export interface Options {
  rule: DecisionRule;
  confidence: number;
  seed: number;
}

/** The baseline's value for a gate: read from its scores or given as a number. */
type Reference = { value: number; paired: boolean } | { value: null; reason: string };

/** Answers one question: reads both sides, takes the interval, decides, and says why. */
export function answer(question: Question, evaluation: Evaluation, options: Options): Judgement {
  const { gate, metric } = question;
  const rule = gate.rule ?? options.rule;
  const blank = {
    gate: gate.text,
    metric,
    rule,
    observed: null,
    baseline: null,
    bound: null,
    interval: null,
  };
  if (question.rows === null) {
    return {
      verdict: { ...blank, verdict: "inconclusive", n: 0, reason: sentence(metric, question.reason) },
    };
  }
  const { rows } = question;
  const instrument = instrumentFor(gate.metric, evaluation.task);
  const n = instrument.count(rows, gate.bound.kind === "baseline");
  const unknown = (reason: string, known: Partial<Verdict> = {}): Judgement => ({
    verdict: { ...blank, verdict: "inconclusive", n, reason: sentence(metric, reason), ...known },
  });
  const seen = instrument.read(rows.candidate, rows);
  if (!seen.ok) {
    return unknown(seen.reason, seen.spoilt ? { verdict: "fail" } : {});
  }
  const reference = referenceFor(metric, rows, evaluation, instrument);
  const known = { observed: seen.value, baseline: reference.value };
  if (gate.bound.kind === "baseline" && reference.value === null) {
    return unknown(reference.reason, known);
  }
  if (gate.slice !== undefined && n < fewestRows) {
    return unknown(`the slice has ${n} rows, fewer than ${fewestRows}`, {
      ...known,
      settle: `need ${fewestRows} rows, have ${n}`,
    });
  }
  return judged({
    gate,
    metric,
    rule,
    instrument,
    rows,
    n,
    observed: seen.value,
    reference,
    options,
  });
}

function sentence(metric: string, reason: string): string {
  return `${metric}: ${reason}${reason.endsWith("?") ? "" : "."}`;
}

function referenceFor(
  metric: string,
  rows: Rows,
  { baseline }: Evaluation,
  instrument: Instrument,
): Reference {
  if (baseline === undefined) {
    return { value: null, reason: "there is no baseline to compare with" };
  }
  if (rows.baseline !== null) {
    const reading = instrument.read(rows.baseline, rows);
    return reading.ok
      ? { value: reading.value, paired: true }
      : { value: null, reason: `nothing to compare with: of the baseline, ${reading.reason}` };
  }
  const { metrics } = baseline as { metrics: Readonly<Record<string, number>> };
  const value = Object.hasOwn(metrics, metric) ? metrics[metric] : undefined;
  if (value === undefined || !Number.isFinite(value)) {
    const what = value === undefined ? "do not have it" : `say ${value}`;
    return { value: null, reason: `nothing to compare with: the baseline's metrics ${what}` };
  }
  return { value, paired: false };
}

interface Measured {
  gate: Gate;
  metric: string;
  rule: DecisionRule;
  instrument: Instrument;
  rows: Rows;
  n: number;
  observed: number;
  reference: Reference;
  options: Options;
}

function judged(measured: Measured): Judgement {
  const { gate, metric, rule, instrument, n, observed, reference } = measured;
  const { confidence } = measured.options;
  const relative = gate.bound.kind === "baseline";
  const baseline = reference.value;
  const bound = boundOf(gate, baseline);
  const known = n < fewestRows && instrument.fewest(confidence) >= fewestRows ? null : knownOf(measured);
  const interval = known?.at(confidence) ?? null;
  const facts = { comparison: gate.comparison, observed, bound, interval };
  const verdict = decide(rule, facts);
  const unpaired = reference.value !== null && !reference.paired;
  const reason = reasonFor({
    ...facts,
    metric,
    unit: (findMetric(gate.metric) as Metric).unit,
    rule,
    confidence,
    baseline: relative ? baseline : null,
    baselineTakenAsExact: relative && unpaired,
    n,
  });
  return {
    verdict: {
      gate: gate.text,
      metric: formatMetric(gate.metric, gate.slice),
      verdict,
      rule,
      observed,
      baseline,
      bound,
      interval: finite(interval),
      n,
      reason,
      ...(verdict === "inconclusive" ? { settle: settleBy(measured, bound, known) } : {}),
    },
    ...(relative && baseline !== null && known !== null && Number.isFinite(known.se)
      ? { power: powerLine(gate, { baseline, bound, se: known.se, n, confidence }) }
      : {}),
  };
}

function boundOf({ bound }: Gate, baseline: number | null): number {
  return bound.kind === "absolute" ? bound.value : bound.factor * (baseline as number) + bound.offset;
}

/** On the metric's own scale: of the candidate, within the metric's range, or of what the gate compares, shifted back
 * by the baseline. */
function knownOf({ gate, instrument, rows, reference, options }: Measured): Uncertainty {
  if (gate.bound.kind === "absolute" || reference.value === null || !reference.paired) {
    const [least, most] = (findMetric(gate.metric) as Metric).range;
    return onScale(instrument.uncertainty(rows, null, options.seed), (end) =>
      Math.max(least, Math.min(most, end)),
    );
  }
  const { factor } = gate.bound;
  const shift = factor * reference.value;
  return onScale(instrument.uncertainty(rows, { factor }, options.seed), (end) => end + shift);
}

/** JSON knows no infinity, and half an interval is none. */
function finite(interval: Ends | null): [number, number] | null {
  return interval !== null && Number.isFinite(interval.low) && Number.isFinite(interval.high)
    ? [interval.low, interval.high]
    : null;
}

function settleBy(
  { instrument, n, observed, options: { confidence } }: Measured,
  bound: number,
  known: Uncertainty | null,
): string {
  const fewest = instrument.fewest(confidence);
  if (known === null || (!Number.isFinite(known.se) && n < fewest)) {
    return `need ${fewest.toLocaleString("en-US")} rows, have ${n.toLocaleString("en-US")}`;
  }
  return !Number.isFinite(known.se)
    ? "need more rows of the rarer class"
    : settlement({ observed, bound, se: known.se, n, confidence });
}
