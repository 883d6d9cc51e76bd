import type { Comparison, DecisionRule, VerdictName } from "../types.ts";

/** What a rule decides on, all on the metric's own scale. */
export interface Case {
  comparison: Comparison;
  observed: number;
  bound: number;
  /** null where the sample is too small for one. */
  interval: { low: number; high: number } | null;
  /** Whether the bound is broken also by the confidence that the family of all questions asks for (Holm). */
  refutedInFamily: boolean;
}

/** Where the interval lies: wholly on the allowed side of the bound, wholly on the other, or across it. */
export type Position = "right" | "wrong" | "across";

/** Relative rounding error that a bound computed from a baseline may carry: 0.85 − 0.02 must equal 0.83. */
const rounding = 1e-12;

export function keeps(comparison: Comparison, value: number, bound: number): boolean {
  const slack = rounding * Math.max(1, Math.abs(bound));
  switch (comparison) {
    case ">=":
      return value >= bound - slack;
    case "<=":
      return value <= bound + slack;
    case ">":
      return value > bound + slack;
    case "<":
      return value < bound - slack;
  }
}

export function positionOf({
  comparison,
  bound,
  interval,
}: Pick<Case, "comparison" | "bound" | "interval">): Position {
  if (interval === null) {
    return "across";
  }
  const floor = comparison.startsWith(">");
  const [worst, best] = floor ? [interval.low, interval.high] : [interval.high, interval.low];
  if (keeps(comparison, worst, bound)) {
    return "right";
  }
  return keeps(comparison, best, bound) ? "across" : "wrong";
}

/**
 * The verdict of a rule. `estimate` asks the point estimate alone. `refute` fails when the whole interval lies on
 * the wrong side. `prove` passes when it lies on the right side, fails when it lies on the wrong side, and else
 * cannot say. Without an interval `refute` and `prove` cannot say, nor can `refute` when the end that it goes by is open:
 * no candidate, however bad, would fail.
 *
 * To fail, the interval must lie on the wrong side in the family too: of twenty gates on a good model one is wrong at
 * 95 % by chance. To pass by `prove` it need not: all gates must pass, so that a bad model passes only if the very
 * gate that it breaks errs, and that one errs as rarely as the confidence says however many there are (an
 * intersection-union test: R. L. Berger, "Multiparameter hypothesis testing and acceptance sampling", Technometrics 24
 * (1982), theorem 1).
 */
export function decide(rule: DecisionRule, facts: Case): VerdictName {
  if (rule === "estimate") {
    return keeps(facts.comparison, facts.observed, facts.bound) ? "pass" : "fail";
  }
  if (facts.interval === null) {
    return "inconclusive";
  }
  const position = positionOf(facts);
  if (position === "wrong" && facts.refutedInFamily) {
    return "fail";
  }
  if (position === "right") {
    return "pass";
  }
  const best = facts.comparison.startsWith(">") ? facts.interval.high : facts.interval.low;
  return rule === "refute" && Number.isFinite(best) ? "pass" : "inconclusive";
}
