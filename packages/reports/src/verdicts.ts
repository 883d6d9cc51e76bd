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
