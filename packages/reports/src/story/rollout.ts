import { answered } from "../data/over-time.ts";
import { count, counted, duration, percent, timeOfDay } from "../figures.ts";
import type { NamedRelease, RolloutReportInput, Sides } from "../inputs.ts";
import { decidedBy, type Story } from "./story.ts";

export function rolloutStory(input: RolloutReportInput): Story {
  const { outcome } = input;
  const decided =
    outcome.stage === "promoted"
      ? null
      : (decidedBy(input.steps.at(-1)?.verdicts ?? []) ?? { gate: null, reason: outcome.reason });
  return {
    verdict: outcome.verdict,
    headline: headline(input),
    decided,
    sentence: sentence(input),
    whatNow: whatNow(input),
  };
}

function headline({ outcome, candidate, stable, resource, steps }: RolloutReportInput): string {
  const reached = percent(steps.at(-1)?.weightPercent ?? 0);
  switch (outcome.stage) {
    case "promoted":
      if (isUnchanged(stable, candidate))
        return `${candidate.label} serves 100\u00a0% of ${resource} already`;
      return stable === null
        ? `${candidate.label} is the first release of ${resource}`
        : `${candidate.label} is promoted: it serves 100\u00a0% of ${resource}`;
    case "restored":
      return `${candidate.label} was taken back at ${reached}: ${stable?.label ?? "stable"} serves 100\u00a0% of ${resource}`;
    case "held":
      return `${candidate.label} is held at ${reached} of ${resource}: a person must decide`;
  }
}

function sentence(input: RolloutReportInput): string {
  const { stable, candidate, outcome, target, resource } = input;
  const where = `${resource} (${target})`;
  if (stable === null) {
    return `${where} was empty, so there was nothing to compare ${candidate.label} with: it was made stable at once.`;
  }
  if (isUnchanged(stable, candidate)) return `It is the stable release of ${where}; nothing was changed.`;
  const took = duration(outcome.at - input.run.startedAt);
  switch (outcome.stage) {
    case "promoted":
      return `It replaced ${stable.label} on ${where} in ${took}, step by step. ${harm(input)}`;
    case "restored":
      return `${stable.label} has had all traffic of ${where} since ${timeOfDay(outcome.at)} UTC, ${took} after the start. ${harm(input)}`;
    case "held":
      return `The split of ${where} stands still since ${timeOfDay(outcome.at)} UTC. ${harm(input)}`;
  }
}

/** How many users met the candidate, and how many of them had reason to regret it. */
function harm(input: RolloutReportInput): string {
  const { requests, failures, nan } = rolloutTotals(input);
  const nans = nan !== null && nan > 0 ? ` and ${count(nan)} were answered with NaN` : "";
  return `${counted(requests.candidate, "request")} reached ${input.candidate.label}: ${count(failures.candidate)} failed${nans}. Of ${count(requests.stable)} to ${input.stable?.label ?? "stable"}, ${count(failures.stable)} failed.`;
}

function whatNow({ outcome, stable, candidate }: RolloutReportInput): string {
  switch (outcome.stage) {
    case "promoted":
      if (stable === null) return "Nothing to do. The next release will be judged against this one.";
      return isUnchanged(stable, candidate)
        ? "Nothing to do."
        : `Nothing to do. To go back to ${stable.label}, run rollback to “previous”.`;
    case "restored":
      return outcome.verdict === "fail"
        ? "Users are safe on the old release. Find the cause before the next try: the HTML report has both sides over time."
        : "Users are safe on the old release, and the candidate was not shown to be bad. Give the steps more traffic or time, then deploy again.";
    case "held":
      return "A person must decide: deploy again to go on, or run rollback.";
  }
}

function isUnchanged(stable: NamedRelease | null, candidate: NamedRelease): boolean {
  return stable !== null && stable.digest !== null && stable.digest === candidate.digest;
}

export interface RolloutTotals {
  requests: Sides<number>;
  failures: Sides<number>;
  /** The candidate's answers with NaN; null when the source could not tell. */
  nan: number | null;
}

/** Sums over the steps; NaN from the last observation that counted them, where the steps did not. */
export function rolloutTotals({ steps, observations }: RolloutReportInput): RolloutTotals {
  const sum = (pick: (step: (typeof steps)[number]) => number) =>
    steps.reduce((total, step) => total + pick(step), 0);
  const last = observations.filter(answered).findLast(({ candidate }) => candidate.nan !== null);
  return {
    requests: { stable: sum((s) => s.requests.stable), candidate: sum((s) => s.requests.candidate) },
    failures: { stable: sum((s) => s.failures.stable), candidate: sum((s) => s.failures.candidate) },
    nan: steps.some((step) => step.nan) ? sum((s) => s.nan?.candidate ?? 0) : (last?.candidate.nan ?? null),
  };
}

/** Planned weights above the last that was reached; none once it is promoted. */
export function missedPercents({ outcome, plannedPercents, steps }: RolloutReportInput): number[] {
  if (outcome.stage === "promoted") return [];
  const reached = Math.max(0, ...steps.map((step) => step.weightPercent));
  return plannedPercents.filter((weight) => weight > reached);
}
