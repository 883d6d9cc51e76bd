/** What a report needs to know about verdicts: which one decided, how they are ordered, how close each is. */
import { parseGate } from "@ml-actions/gates/language";
import type { Gate, Verdict, VerdictName } from "@ml-actions/gates/types";

/** Worst first: what a reader must see first. */
export const severity: Readonly<Record<VerdictName, number>> = { fail: 0, inconclusive: 1, pass: 2 };

export const icons: Readonly<Record<VerdictName, string>> = { pass: "✅", fail: "❌", inconclusive: "⚠️" };

/** Worst first; among equals those about all rows before those about a slice, else as written. */
export function worstFirst(verdicts: readonly Verdict[]): Verdict[] {
  const rank = (verdict: Verdict) => severity[verdict.verdict] * 2 + (isSliced(verdict) ? 1 : 0);
  return verdicts.toSorted((a, b) => rank(a) - rank(b));
}

export interface VerdictCounts {
  pass: number;
  fail: number;
  inconclusive: number;
}

export function countVerdicts(verdicts: readonly Verdict[]): VerdictCounts {
  const counts: VerdictCounts = { pass: 0, fail: 0, inconclusive: 0 };
  for (const { verdict } of verdicts) counts[verdict]++;
  return counts;
}

/** The worst there is; without verdicts nothing was shown, so `inconclusive`. */
export function overall(verdicts: readonly Verdict[]): VerdictName {
  const counts = countVerdicts(verdicts);
  if (counts.fail > 0) return "fail";
  return counts.inconclusive > 0 || counts.pass === 0 ? "inconclusive" : "pass";
}

/** The gate as parsed; null for text that is no gate, which a report shows all the same. */
export function gateOf(verdict: Verdict): Gate | null {
  try {
    return parseGate(verdict.gate);
  } catch {
    return null;
  }
}

export function isSliced(verdict: Verdict): boolean {
  return verdict.metric.includes("{");
}

const signs = { ">=": "≥", "<=": "≤", ">": ">", "<": "<" } as const;

/** `≥` before a bound; empty when the gate's text does not say. */
export function sign(verdict: Verdict): string {
  const gate = gateOf(verdict);
  return gate === null ? "" : signs[gate.comparison];
}

/**
 * How much of the evidence for a verdict is there, 0…1: the distance from the observed value to the bound, in units
 * of the distance to the end of the interval on the bound's side. At 1 the interval leaves the bound behind, which is
 * what decides under the rules `refute` and `prove`. null where there is no interval.
 */
export function closeness({ observed, bound, interval }: Verdict): number | null {
  if (observed === null || bound === null || interval === null) return null;
  const margin = Math.abs(observed - bound);
  const halfWidth = bound >= observed ? interval[1] - observed : observed - interval[0];
  if (!(halfWidth > 0)) return 1;
  return Math.min(1, margin / halfWidth);
}

/** Whether the observed value lies on the allowed side of the bound. */
export function leansToPass(verdict: Verdict): boolean | null {
  const comparison = gateOf(verdict)?.comparison;
  if (comparison === undefined || verdict.observed === null || verdict.bound === null) return null;
  switch (comparison) {
    case ">=":
      return verdict.observed >= verdict.bound;
    case ">":
      return verdict.observed > verdict.bound;
    case "<=":
      return verdict.observed <= verdict.bound;
    case "<":
      return verdict.observed < verdict.bound;
  }
}
