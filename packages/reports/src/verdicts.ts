/** What a report needs to know about verdicts: which one decided, how they are ordered, how close each is. */

import { parseGate } from "@ml-actions/gates/language";
import type { Gate, Verdict, VerdictName } from "@ml-actions/gates/types";

/** Worst first: what a reader must see first. */
export const severity: Readonly<Record<VerdictName, number>> = { fail: 0, inconclusive: 1, pass: 2 };

/** What a reader is told. */
export type Shown = VerdictName | "not judged";

export const icons: Readonly<Record<Shown, string>> = {
  pass: "✅",
  fail: "❌",
  inconclusive: "⚠️",
  "not judged": "➖",
};

export function shownAs(verdict: Verdict): Shown {
  return isUnjudged(verdict) ? "not judged" : verdict.verdict;
}

/** Worst first, what was not judged last; among equals those about all rows before those about a slice, else as written, and the slices of one
 * gate by how far they miss its bound. */
export function worstFirst(verdicts: readonly Verdict[]): Verdict[] {
  const families = new Map<string, number>();
  const placed = verdicts.map((verdict, index) => {
    const sliced = isSliced(verdict);
    const family = sliced ? verdict.metric.slice(0, verdict.metric.indexOf("=")) : `${index}`;
    if (!families.has(family)) families.set(family, families.size);
    return {
      verdict,
      rank: isUnjudged(verdict) ? Number.MAX_VALUE : severity[verdict.verdict] * 2 + (sliced ? 1 : 0),
      family: families.get(family) ?? 0,
      margin: sliced ? marginOf(verdict) : 0,
    };
  });
  return placed
    .toSorted((a, b) => a.rank - b.rank || a.family - b.family || a.margin - b.margin)
    .map(({ verdict }) => verdict);
}

/** How far on the good side of its bound; without a bound the value itself. What has no value comes last. */
export function marginOf(verdict: Verdict): number {
  const { observed, bound } = verdict;
  if (observed === null || !Number.isFinite(observed)) return Number.MAX_VALUE;
  const distance = observed - (bound ?? 0);
  return gateOf(verdict)?.comparison.startsWith("<") ? -distance : distance;
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

/** A slice of which there is too little: it is shown, and decides nothing. */
export function isUnjudged({ unjudged }: Verdict): boolean {
  return unjudged === true;
}

/** Its interval is wholly on the wrong side of the bound, and yet it did not fail: among so many questions one such may
 * be chance (Holm's method; the reason says it in figures). */
export function wouldFailAlone(verdict: Verdict): boolean {
  const { interval, bound, rule } = verdict;
  if (verdict.verdict === "fail" || rule === "estimate" || interval === null || bound === null) return false;
  const gate = gateOf(verdict);
  if (gate === null) return false;
  return gate.comparison.startsWith(">") ? interval[1] < bound : interval[0] > bound;
}
