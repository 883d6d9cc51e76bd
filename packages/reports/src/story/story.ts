/** What a reader wants to know in five seconds, in plain text; summaries and pages both tell it. */

import { overall } from "@ml-actions/gates/overall";
import type { Verdict, VerdictName } from "@ml-actions/gates/types";
import { count, counted } from "../figures.ts";
import { countVerdicts, isUnjudged, worstFirst } from "../verdicts.ts";

export interface Story {
  /** Decides the colour. */
  verdict: VerdictName;
  /** Who, and what became of it. */
  headline: string;
  /** The gate that decided and its reason, when it was not a plain pass. */
  decided: { gate: string | null; reason: string } | null;
  /** What was compared with what, on what. */
  sentence: string;
  whatNow: string;
}

/** `all 4 gates`, `1 of 4 gates`. */
export function gateCount(verdicts: readonly Verdict[], name: VerdictName): string {
  const number = countVerdicts(verdicts)[name];
  const all = verdicts.length;
  if (number === all) return ["", "its one gate", "both gates"][all] ?? `all ${counted(all, "gate")}`;
  return `${count(number)} of ${counted(all, "gate")}`;
}

/** The worst verdict and its reason; null when all passed. */
export function decidedBy(verdicts: readonly Verdict[]): Story["decided"] {
  const worst = worstFirst(verdicts).find((verdict) => !isUnjudged(verdict));
  return worst === undefined || worst.verdict === "pass" ? null : { gate: worst.gate, reason: worst.reason };
}

/** `flights-2 passed all 4 gates`; `place` is said behind it: " in shadow". */
export function gatesHeadline(label: string, verdicts: readonly Verdict[], place = ""): string {
  if (verdicts.length === 0) return `${label} was not judged${place}: there is no gate`;
  const verdict = overall(verdicts);
  const judged = verdicts.filter((one) => !isUnjudged(one));
  const small = verdicts.length - judged.length;
  const rest = small === 0 ? "" : `; ${counted(small, "slice")} too small to judge`;
  switch (verdict) {
    case "pass":
      return `${label} passed ${gateCount(judged, verdict)}${place}${rest}`;
    case "fail":
      return `${label} failed ${gateCount(judged, verdict)}${place}${rest}`;
    case "inconclusive":
      return `${label} is undecided${place}: ${gateCount(judged, verdict)} could not be settled${rest}`;
  }
}

/** `95 %`. */
export function confidenceWords(confidence: number): string {
  return `${Number((confidence * 100).toFixed(3))}\u00a0%`;
}
