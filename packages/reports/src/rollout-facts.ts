/** What a rollout came to, in numbers and one line. */
import { percent } from "./figures.ts";
import type { RolloutReportInput, Sides } from "./inputs.ts";

/** Plain text, not escaped: what became of it, and at which weight. */
export function rolloutHeadline({ outcome, candidate, stable, resource, steps }: RolloutReportInput): string {
  const reached = percent(steps.at(-1)?.weightPercent ?? 0);
  switch (outcome.stage) {
    case "promoted":
      return stable === null
        ? `${candidate.label} is the first release of ${resource}`
        : `${candidate.label} is promoted: it serves 100 % of ${resource}`;
    case "restored":
      return `${candidate.label} was taken back at ${reached}: ${stable?.label ?? "stable"} serves 100 % of ${resource}`;
    case "held":
      return `${candidate.label} is held at ${reached} of ${resource}: a person must decide`;
  }
}

export interface RolloutTotals {
  requests: Sides<number>;
  failures: Sides<number>;
  /** The candidate's answers with NaN; null when the source could not tell. */
  nan: number | null;
}

/** Sums over the steps; NaN from the last observation that counted them. */
export function rolloutTotals({ steps, observations }: RolloutReportInput): RolloutTotals {
  const sum = (pick: (step: (typeof steps)[number]) => number) =>
    steps.reduce((total, step) => total + pick(step), 0);
  const counted = observations.findLast((seen) => "candidate" in seen && seen.candidate.nan !== null);
  return {
    requests: { stable: sum((s) => s.requests.stable), candidate: sum((s) => s.requests.candidate) },
    failures: { stable: sum((s) => s.failures.stable), candidate: sum((s) => s.failures.candidate) },
    nan: counted !== undefined && "candidate" in counted ? counted.candidate.nan : null,
  };
}
