import type { Observation, SideCounts } from "@ml-actions/gates/types";

/** Both sides' counts; `nan` is null where the source cannot tell. */
export interface Totals {
  requests: { stable: number; candidate: number };
  failures: { stable: number; candidate: number };
  nan: { stable: number; candidate: number } | null;
}

export const noTraffic: Totals = {
  requests: { stable: 0, candidate: 0 },
  failures: { stable: 0, candidate: 0 },
  nan: null,
};

/** The newest counts that are known: those of the last observation that could be made. */
export function totalsOf(observations: readonly Observation[]): Totals {
  const known = observations.findLast((observation) => observation.ok);
  if (known === undefined || !known.ok) {
    return noTraffic;
  }
  const { stable, candidate } = known;
  const both = (count: (side: SideCounts) => number) => ({
    stable: count(stable),
    candidate: count(candidate),
  });
  const hasNan = stable.nan !== null && candidate.nan !== null;
  return {
    requests: both((side) => side.requests),
    failures: both((side) => side.errors),
    nan: hasNan ? both((side) => side.nan ?? 0) : null,
  };
}

/** What was added since. A counter that went backwards counts as having begun anew. */
export function since(before: Totals, now: Totals): Totals {
  const grown = (from: { stable: number; candidate: number }, to: { stable: number; candidate: number }) => ({
    stable: to.stable >= from.stable ? to.stable - from.stable : to.stable,
    candidate: to.candidate >= from.candidate ? to.candidate - from.candidate : to.candidate,
  });
  return {
    requests: grown(before.requests, now.requests),
    failures: grown(before.failures, now.failures),
    nan: now.nan === null ? null : grown(before.nan ?? { stable: 0, candidate: 0 }, now.nan),
  };
}
