import { findMetric, type Metric } from "../catalog.ts";
import { formatMetric } from "../language/slice.ts";
import { onScale, type Uncertainty } from "../statistics/interval.ts";
import type { DecisionRule, Gate, Verdict } from "../types.ts";
import type { Evaluation } from "./evaluation.ts";
import { type Instrument, instrumentFor } from "./measure.ts";
import type { Rows } from "./rows.ts";
import type { Question } from "./slices.ts";
import { classShortage, countedIn, type Shortage, shortageOf } from "./support.ts";

/** A question with all that is known before it is decided. */
export interface Measured {
  gate: Gate;
  /** With its slice. */
  metric: string;
  rule: DecisionRule;
  n: number;
  /** What `n` counts: `rows`, `queries`, `effective rows`. */
  counted: string;
  observed: number;
  /** null when there is none; then the bound speaks of none. */
  baseline: number | null;
  /** Whether the baseline's value came as a number, so that its own uncertainty is left out. */
  baselineTakenAsExact: boolean;
  bound: number;
  /** On the metric's own scale; null where the sample is too small to have one. */
  uncertainty: Uncertainty | null;
  /** What the sample is too small by. */
  shortage: Shortage | undefined;
  /** Values with which an interval at the confidence asked for has two ends. */
  fewest: number;
}

/** Why a question cannot be decided by its figures. */
export interface Unmeasured {
  verdict: Verdict;
  /** Whether the rows are too few, and nothing else is wrong. */
  tooFew: boolean;
}

export interface Options {
  /** For gates that name no rule of their own. */
  rule: DecisionRule;
  confidence: number;
  seed: number;
}

/** The baseline's value for a gate: read from its scores or given as a number. */
type Reference = { value: number; paired: boolean } | { value: null; reason: string };

/** Reads both sides of a question and what is known of them. */
export function examine(question: Question, evaluation: Evaluation, options: Options): Measured | Unmeasured {
  const { gate, metric } = question;
  const rule = gate.rule ?? options.rule;
  const without = (n: number, reason: string, known: Partial<Verdict> = {}): Unmeasured => ({
    verdict: {
      ...{ gate: gate.text, metric, verdict: "inconclusive", rule, n },
      ...{ observed: null, baseline: null, bound: null, interval: null },
      reason: sentence(metric, reason),
      ...known,
    },
    tooFew: false,
  });
  if (question.rows === null) {
    return without(0, question.reason);
  }
  const { rows } = question;
  const instrument = instrumentFor(gate.metric, evaluation.task);
  const n = instrument.count(rows, gate.bound.kind === "baseline");
  const seen = instrument.read(rows.candidate, rows);
  if (!seen.ok) {
    const shortage = seen.spoilt ? undefined : classShortage(instrument, rows, evaluation.task);
    const settle = shortage === undefined ? {} : { settle: need(shortage) };
    const verdict = seen.spoilt ? { verdict: "fail" as const } : settle;
    return { ...without(n, seen.reason, verdict), tooFew: shortage !== undefined };
  }
  const reference = referenceFor(metric, rows, evaluation, instrument);
  const known = { observed: seen.value, baseline: reference.value };
  if (gate.bound.kind === "baseline" && reference.value === null) {
    return without(n, reference.reason, known);
  }
  const { confidence } = options;
  const sliced = gate.slice !== undefined;
  const shortage = shortageOf(instrument, rows, { task: evaluation.task, n, sliced, confidence });
  if (sliced && shortage !== undefined) {
    const reason = `the slice has ${shortage.have} ${shortage.of}, fewer than ${shortage.need}`;
    return { ...without(n, reason, { ...known, settle: need(shortage) }), tooFew: true };
  }
  return {
    gate,
    metric: formatMetric(gate.metric, gate.slice),
    rule,
    n,
    counted: countedIn(evaluation.task, rows),
    ...known,
    baselineTakenAsExact: reference.value !== null && !reference.paired,
    bound: boundOf(gate, reference.value),
    uncertainty:
      shortage === undefined ? uncertaintyOf(gate, rows, instrument, reference, options.seed) : null,
    shortage,
    fewest: instrument.fewest(confidence),
  };
}

function sentence(metric: string, reason: string): string {
  return `${metric}: ${reason}${reason.endsWith("?") ? "" : "."}`;
}

/** What would end a shortage. */
export function need({ of, have, need: needed }: Shortage): string {
  return `need ${needed.toLocaleString("en-US")} ${of}, have ${have.toLocaleString("en-US")}`;
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

function boundOf({ bound }: Gate, baseline: number | null): number {
  return bound.kind === "absolute" ? bound.value : bound.factor * (baseline as number) + bound.offset;
}

/** On the metric's own scale: of the candidate, within the metric's range, or of what the gate compares, shifted back
 * by the baseline. */
function uncertaintyOf(
  gate: Gate,
  rows: Rows,
  instrument: Instrument,
  reference: Reference,
  seed: number,
): Uncertainty {
  if (gate.bound.kind === "absolute" || reference.value === null || !reference.paired) {
    const [least, most] = (findMetric(gate.metric) as Metric).range;
    // An end that the sample does not bound stays open: it refutes and proves nothing.
    return onScale(instrument.uncertainty(rows, null, seed), (end) =>
      Number.isFinite(end) ? Math.max(least, Math.min(most, end)) : end,
    );
  }
  const { factor } = gate.bound;
  const shift = factor * reference.value;
  return onScale(instrument.uncertainty(rows, { factor }, seed), (end) => end + shift);
}
