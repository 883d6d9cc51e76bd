/**
 * What was lost on the way to a comparison, and what that does to a verdict. Answers are not lost at random: a candidate
 * fails on the odd request, copies are dropped when there is much to do, labels that come late are other labels. So
 * metrics of what could be compared speak for all requests only while little is lost.
 */
import type { Observation, Verdict } from "@ml-actions/gates/types";
import type { JoinTally } from "./join.ts";

export type Kind = "labels" | "answers" | "counts";

export interface Coverage {
  tally: JoinTally;
  counts: Observation;
  /** The least share of the eligible that must be compared, 0 to 1. */
  minimum: number;
}

/** Of all requests that could have been compared, the share that was; 0 when there were none. */
export function coverageOf({ eligible, compared }: JoinTally): number {
  return eligible === 0 ? 0 : compared / eligible;
}

/**
 * Makes a verdict inconclusive that rests on too small a part of the requests.
 *
 * Gates on labels and on answers speak of compared requests alone: with less than `minimum` of them neither a pass nor
 * a fail holds for the rest. Failures are counted for every copy, so that the candidate's own failures are never lost to
 * `error_rate`; but copies that were never sent are, and a pass then only speaks of quiet moments. A fail stays: errors
 * that were seen do not go away by copies that were not.
 */
export function covered(verdict: Verdict, kind: Kind, coverage: Coverage): Verdict {
  const { tally, counts, minimum } = coverage;
  if (tally.eligible === 0) return verdict;
  const seen = kind !== "counts" ? tally.compared : counts.ok ? counts.candidate.requests : tally.eligible;
  if (seen >= minimum * tally.eligible) return verdict;
  if (kind === "counts" && verdict.verdict !== "pass") return verdict;
  return {
    ...verdict,
    verdict: "inconclusive",
    reason: `Only ${percent(seen / tally.eligible)} of the ${tally.eligible.toLocaleString("en-US")} requests that stable answered could be ${kind === "counts" ? "copied" : "compared"}, ${percent(minimum)} are asked for: ${lossesOf(coverage)}. The others may differ from these.`,
    settle: `bring the coverage to ${percent(minimum)}: ${remedyFor(coverage)}`,
  };
}

/** What was lost, the largest part first. */
export function lossesOf({ tally, counts }: Coverage): string {
  const failed = failuresOf(counts, tally);
  const losses: [number, string][] = [
    [failed, "failed by the candidate"],
    [tally.unanswered - failed, "never sent, refused by the candidate, or not answered in time"],
    [tally.duplicates, "with an id that came more than once"],
    [tally.differingInputs, "with another input on each side"],
  ];
  const found = losses.filter(([count]) => count > 0).sort(([a], [b]) => b - a);
  return (
    found.map(([count, what]) => `${count.toLocaleString("en-US")} ${what}`).join(", ") || "none was lost"
  );
}

function remedyFor(coverage: Coverage): string {
  const { tally, counts } = coverage;
  const failed = failuresOf(counts, tally);
  const largest = Math.max(failed, tally.unanswered - failed, tally.duplicates, tally.differingInputs);
  if (largest === tally.duplicates) return "give every request an `x-request-id` of its own";
  if (largest === tally.differingInputs) return "do not use one `x-request-id` for several requests";
  return largest === failed
    ? "see in the candidate's log why it fails"
    : "see whether the candidate keeps up with its copies, whether it refuses what stable takes, and, beside a Deployment, whether callers keep connections from before, which go past what copies";
}

/** Failures may also be of requests that stable failed too, which are not among the eligible. */
function failuresOf(counts: Observation, tally: JoinTally): number {
  return counts.ok ? Math.min(counts.candidate.errors, tally.unanswered) : 0;
}

export const percent = (share: number) => `${Number((Math.floor(share * 1000) / 10).toFixed(1))} %`;
