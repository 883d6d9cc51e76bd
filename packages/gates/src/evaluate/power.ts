import { bisect } from "simple-statistics";
import type { Unit } from "../catalog.ts";
import { familyConfidence } from "../statistics/holm.ts";
import { rowsForNonInferiority } from "../statistics/non-inferiority.ts";
import { normalQuantile } from "../statistics/normal.ts";
import type { Comparison, DecisionRule, Gate } from "../types.ts";
import { round } from "./wording.ts";

/** What a sample could show at all, for a gate on which it could be measured. */
export interface PowerLine {
  /** The gate's text, its `*` slice replaced by the value. */
  gate: string;
  /**
   * In the metric's unit, with 80 % chance, of `prove` and `estimate`: the smallest margin that this sample proves of a
   * candidate that is as good as the baseline (absolute bounds: how far on the right side of the bound a value must lie
   * to be proven). Of `refute`: the smallest drop below the baseline (absolute: below the bound) that it blocks. null
   * where no value of the metric lies so far.
   */
  detectable: number | null;
  /** Rows that with 80 % chance prove the margin (absolute: the value seen), or, under `refute`, block a candidate that
   * is worse by twice the margin (absolute: the value seen). null where no number of rows does. */
  rowsNeeded: number | null;
  /** How much worse than the baseline the gate allows, below 0 where it asks for better; absolute: how far the value
   * seen lies on the right side of the bound. */
  margin: number;
  text: string;
}

/** Chance of coming to a verdict for which rows are counted; the habit of trial design. */
export const power = 0.8;
/** The same in words. */
const usually = "4 times in 5";

/** z₁₋α + z₁₋β: standard errors that must lie between the truth and a bound to be found on its side with that power. */
export function standardErrorsApart(confidence: number): number {
  return normalQuantile(confidence) + normalQuantile(power);
}

/** Rows needed to prove that a difference is above −margin, with that power. */
export function rowsToProve(ask: {
  margin: number;
  difference: number;
  varianceOfRow: number;
  confidence: number;
}): number {
  return rowsForNonInferiority({ ...ask, power });
}

/** What is known of a gate's sample. */
export interface Sample {
  rule: DecisionRule;
  unit: Unit;
  /** The smallest and the largest value of the metric. */
  range: readonly [number, number];
  observed: number;
  baseline: number | null;
  bound: number;
  /** Standard error over `n` rows of what the gate compares. */
  se: number;
  n: number;
  /** What `n` counts: `rows`, `queries`. */
  counted: string;
  confidence: number;
  /** Questions that share the chance of a wrong fail; a pass shares it with none. */
  questions: number;
}

/** The line for a gate on which this is known. */
export function powerLine(gate: Gate, sample: Sample): PowerLine {
  const { rule, bound, se, n, questions } = sample;
  const floor = gate.comparison.startsWith(">");
  const relative = gate.bound.kind === "baseline";
  const centre = relative ? (sample.baseline as number) : sample.observed;
  const margin = floor ? centre - bound : bound - centre;
  const refutes = rule === "refute";
  const confidence = refutes ? familyConfidence(sample.confidence, questions) : sample.confidence;
  const reach = relative
    ? standardErrorsApart(confidence) * se
    : reachOfValue(sample, floor === refutes ? -1 : 1, confidence);
  // How far from the bound the truth lies for which rows are counted.
  const distance = refutes && !relative ? -margin : margin;
  // A distance of rounding error is none.
  const rowsNeeded =
    distance > 1e-12 * Math.max(1, Math.abs(centre))
      ? rowsToProve({ margin: distance, difference: 0, varianceOfRow: se ** 2 * n, confidence })
      : null;
  const detectable = refutes && relative ? margin + reach : reach;
  const line = { ...sample, floor, margin, detectable, rowsNeeded };
  return {
    gate: gate.text,
    detectable: Number.isFinite(detectable) ? detectable : null,
    rowsNeeded,
    margin,
    text: relative ? ofComparison(line) : ofValue(line),
  };
}

/**
 * How far from an absolute bound, upward (1) or downward (−1), the truth must lie to be found there with that power.
 * What lies between 0 and 1 is known as a proportion is: with the standard error that was seen times
 * sqrt(v(1 − v) / (observed(1 − observed))) at a value v, z₁₋α times that of the bound and z₁₋β times that of the truth
 * (J. L. Fleiss, "Statistical Methods for Rates and Proportions", 3rd edition (2003), section 2.5): exact figures of no NaN at
 * all say little of the error at a bound of 1 %. Infinity where no value lies so far.
 */
function reachOfValue(sample: Sample, direction: 1 | -1, confidence: number): number {
  const { range, observed, bound, se, n } = sample;
  if (range[0] !== 0 || range[1] !== 1 || bound <= 0 || bound >= 1) {
    return standardErrorsApart(confidence) * se;
  }
  const seen = observed * (1 - observed);
  const seAt = (value: number) => Math.sqrt(value * (1 - value) * (seen > 0 ? se ** 2 / seen : 1 / n));
  const [nearest, farthest] = [normalQuantile(confidence) * seAt(bound), direction === 1 ? 1 - bound : bound];
  const short = (reach: number) => reach - nearest - normalQuantile(power) * seAt(bound + direction * reach);
  return nearest < farthest ? bisect(short, nearest, farthest, 100, 1e-12) : Number.POSITIVE_INFINITY;
}

interface Line extends Sample {
  floor: boolean;
  margin: number;
  detectable: number;
  rowsNeeded: number | null;
}

/** Against the baseline. */
function ofComparison({ rule, n, counted, unit, margin, detectable, rowsNeeded, questions }: Line): string {
  const rows = (count: number) => amount(count, counted);
  const show = (value: number) => `${round(value, 2)}${suffix(unit)}`;
  if (rule === "refute") {
    const blocks = `${rows(n)} block, ${usually}${among(questions)}, a candidate that is worse by ${show(Math.max(0, detectable))}`;
    return rowsNeeded === null || rowsNeeded <= n
      ? blocks
      : `${blocks}; one worse by ${show(2 * margin)}, twice what is allowed, takes ${rows(rowsNeeded)}`;
  }
  const proves = `${rows(n)} prove, ${usually}, that an equally good candidate is not worse by ${show(detectable)}`;
  if (rowsNeeded === null) {
    return `${proves}; the gate leaves no margin, which no number of rows proves of models that are equally good`;
  }
  return rowsNeeded <= n
    ? `${proves}; ${show(margin)} is allowed`
    : `${proves}; ${show(margin)} is allowed, which takes ${rows(rowsNeeded)}`;
}

/** Against a number. */
function ofValue(line: Line): string {
  const { rule, n, counted, unit, floor, observed, bound, detectable, rowsNeeded, questions } = line;
  const rows = (count: number) => amount(count, counted);
  const show = (value: number) => `${round(value, 4)}${suffix(unit)}`;
  const reached = rowsNeeded === null || rowsNeeded <= n;
  const seen = reached ? "" : `; of the ${show(observed)} seen, ${rows(rowsNeeded)} would`;
  if (!Number.isFinite(detectable)) {
    return `${rows(n)} are too few to ${rule === "refute" ? "block any value" : "prove the bound kept by any"}${seen}`;
  }
  const farther = (by: number) => show(floor ? bound + by : bound - by);
  return rule === "refute"
    ? `${rows(n)} block, ${usually}${among(questions)}, a true value of ${farther(-detectable)} or ${floor ? "less" : "more"}${seen}`
    : `${rows(n)} prove, ${usually}, the bound kept by a true value of ${farther(detectable)} or ${floor ? "more" : "less"}${seen}`;
}

/** `1,546 rows`. */
export function amount(count: number, of: string): string {
  return `${count.toLocaleString("en-US")} ${of}`;
}

function among(questions: number): string {
  return questions > 1 ? ` among ${questions.toLocaleString("en-US")} questions` : "";
}

function suffix(unit: Unit): string {
  return unit === "ms" ? "ms" : "";
}

/** What would settle a verdict of `prove` that could not be given. */
export function settlement(
  seen: Omit<Sample, "rule" | "unit" | "range" | "baseline"> & { comparison: Comparison },
): string {
  const { observed, bound, se, n, counted } = seen;
  const [distance, wrongSide] = [
    Math.abs(observed - bound),
    seen.comparison.startsWith(">") === observed < bound,
  ];
  // On the wrong side more rows would come to a fail, which the family shares.
  const confidence = wrongSide ? familyConfidence(seen.confidence, seen.questions) : seen.confidence;
  const needed = rowsToProve({ margin: distance, difference: 0, varianceOfRow: se ** 2 * n, confidence });
  // Beyond this the estimate lies on the bound, and its distance is noise.
  return needed > 1000 * n || !Number.isFinite(needed)
    ? "more rows alone will hardly settle it: the candidate lies on the bound"
    : `need ${amount(Math.max(needed, n + 1), counted)}, have ${n.toLocaleString("en-US")}`;
}
