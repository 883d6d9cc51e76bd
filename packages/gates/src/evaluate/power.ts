import { normalQuantile } from "../statistics/normal.ts";
import type { Gate } from "../types.ts";
import { round } from "./wording.ts";

/** What a sample could show at all, for a gate against the baseline. */
export interface PowerLine {
  /** The gate's text, its `*` slice replaced by the value. */
  gate: string;
  /** The smallest margin that this sample proves with 80 % chance when both models are equally good. */
  detectable: number;
  /** Rows that prove the gate's margin with 80 % chance; null where it leaves no margin. */
  rowsNeeded: number | null;
  /** How much worse than the baseline the gate allows; below 0 where it asks for better. */
  margin: number;
  text: string;
}

/** Chance of coming to a verdict for which rows are counted; the habit of trial design. */
export const power = 0.8;

/**
 * Rows needed to prove that a difference is above −margin: n = (z₁₋α + z₁₋β)²·v/(margin + difference)², v the
 * variance of one row's contribution. For paired accuracy v = p_d − difference², p_d the share of rows on which one
 * model alone is right (R. J. Connor, Biometrics 43 (1987); margin .02, p_d .1, no difference, power .8: 1,546),
 * to the nearest row.
 */
export function rowsToProve(ask: {
  margin: number;
  difference: number;
  varianceOfRow: number;
  confidence: number;
}): number {
  const z = normalQuantile(ask.confidence) + normalQuantile(power);
  return Math.round((z ** 2 * ask.varianceOfRow) / (ask.margin + ask.difference) ** 2);
}

/** The line for a gate against the baseline whose comparison has this standard error over n rows. */
export function powerLine(
  gate: Gate,
  seen: {
    baseline: number;
    bound: number;
    se: number;
    n: number;
    confidence: number;
  },
): PowerLine {
  const floor = gate.comparison.startsWith(">");
  const margin = floor ? seen.baseline - seen.bound : seen.bound - seen.baseline;
  const detectable = (normalQuantile(seen.confidence) + normalQuantile(power)) * seen.se;
  const varianceOfRow = seen.se ** 2 * seen.n;
  // A margin of rounding error is none.
  const allows = margin > 1e-12 * Math.max(1, Math.abs(seen.baseline));
  const rowsNeeded = allows
    ? rowsToProve({ margin, difference: 0, varianceOfRow, confidence: seen.confidence })
    : null;
  return {
    gate: gate.text,
    detectable,
    rowsNeeded,
    margin,
    text: textOf(floor, detectable, rowsNeeded, margin, seen.n),
  };
}

function textOf(
  floor: boolean,
  detectable: number,
  rowsNeeded: number | null,
  margin: number,
  n: number,
): string {
  const can = `this sample can prove a ${floor ? "drop" : "rise"} of ${round(detectable, 2)} or more`;
  if (rowsNeeded === null) {
    return `${can}; the gate leaves no margin, which no number of rows proves for models that are equally good`;
  }
  const asked = round(margin, 2);
  return rowsNeeded <= n
    ? `${can}, ${asked} is asked for`
    : `${can}; ${rowsNeeded.toLocaleString("en-US")} rows would prove ${asked}`;
}

/** What would settle a verdict whose interval lies across the bound. */
export function settlement(seen: {
  observed: number;
  bound: number;
  se: number;
  n: number;
  confidence: number;
}): string {
  const distance = Math.abs(seen.observed - seen.bound);
  const varianceOfRow = seen.se ** 2 * seen.n;
  const needed = rowsToProve({ margin: distance, difference: 0, varianceOfRow, confidence: seen.confidence });
  // Beyond this the estimate lies on the bound, and its distance is noise.
  return needed > 1000 * seen.n || !Number.isFinite(needed)
    ? "more rows alone will hardly settle it: the candidate lies on the bound"
    : `need ${Math.max(needed, seen.n + 1).toLocaleString("en-US")} rows, have ${seen.n.toLocaleString("en-US")}`;
}
