import type { Unit } from "../catalog.ts";
import type { Comparison, DecisionRule } from "../types.ts";
import { type Case, keeps, positionOf } from "./decide.ts";
import type { Shortage } from "./support.ts";

const asked: Record<Comparison, string> = {
  ">=": "at least",
  ">": "more than",
  "<=": "at most",
  "<": "less than",
};

/** What a person reads of a measured gate. */
export interface Account extends Case {
  metric: string;
  unit: Unit;
  rule: DecisionRule;
  confidence: number;
  /** The baseline's value where the bound comes from it. */
  baseline: number | null;
  /** Whether the interval leaves the baseline's own uncertainty out. */
  baselineTakenAsExact: boolean;
  /** How many are asked together. */
  questions: number;
  /** Why there is no interval, where there is none. */
  shortage: Shortage | undefined;
}

/** One sentence: what was seen against what was asked. */
export function reasonFor(account: Account): string {
  const { metric, observed, bound, comparison, baseline } = account;
  const show = numberStyle(account);
  const from = baseline === null ? "" : ` (baseline ${show(baseline)})`;
  return `${metric} is ${show(observed)}, ${asked[comparison]} ${show(bound)} was asked for${from}${certainty(account, show)}.`;
}

function certainty(account: Account, show: (value: number) => string): string {
  const { rule, interval, observed, bound, comparison, shortage, confidence, baselineTakenAsExact } = account;
  if (rule === "estimate") {
    return "";
  }
  if (interval === null) {
    return shortage === undefined ? "" : `; ${counted(shortage)} are too few for an interval`;
  }
  const span = `${show(interval.low)} to ${show(interval.high)} at ${Number((confidence * 100).toFixed(3))}% confidence`;
  const exact = baselineTakenAsExact ? ", the baseline taken as exact" : "";
  const side = comparison.startsWith(">") ? "below" : "above";
  switch (positionOf(account)) {
    case "right":
      return `; proven: all of ${span} is on the right side${exact}`;
    case "wrong":
      return broken(`all of ${span} is ${side} the bound${exact}`, account);
    case "across":
      return rule === "refute" && !keeps(comparison, observed, bound)
        ? `; this may be chance: ${span} includes the bound${exact}`
        : `; not proven: ${span} includes the bound${exact}`;
  }
}

/** The interval shown is that of the gate alone; where the others asked beside it matter, this says so. */
function broken(seen: string, { questions, refutedInFamily }: Account): string {
  const among = `among ${questions.toLocaleString("en-US")} questions`;
  if (!refutedInFamily) {
    return `; alone it would have failed, for ${seen}, but ${among} one such may be chance`;
  }
  return `; not chance${questions > 1 ? `, also ${among}` : ""}: ${seen}`;
}

function counted({ have, of }: Shortage): string {
  return `${have.toLocaleString("en-US")} ${of}`;
}

/** Four significant digits, or as many as it takes to tell what was seen from the bound. */
function numberStyle({ unit, observed, bound }: Account): (value: number) => string {
  const digits =
    [4, 6, 9, 15].find((d) => observed === bound || round(observed, d) !== round(bound, d)) ?? 17;
  const suffix = unit === "ms" ? "ms" : "";
  return (value) =>
    Number.isFinite(value) ? `${round(value, digits)}${suffix}` : value < 0 ? "anything" : "unbounded";
}

export function round(value: number, digits: number): string {
  return String(Number(value.toPrecision(digits)));
}
