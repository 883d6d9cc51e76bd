/** Observations of a rollout as series to draw. */
import { proportionInterval } from "@ml-actions/gates/statistics/proportion";
import { thinned } from "../glyphs.ts";
import type { RolloutObservation, SideObservation, Sides } from "../inputs.ts";

/** Enough for a plot of 400 units, few enough that exact intervals take no time. */
const momentsShown = 160;

export interface RateMoment {
  at: number;
  rate: number;
  low: number;
  high: number;
}

/** null: at this moment the source could not tell, or there was no request yet. */
export type RateSeries = readonly (RateMoment | null)[];

type Answered = Extract<RolloutObservation, { stable: SideObservation }>;

export function answered(observation: RolloutObservation): observation is Answered {
  return "stable" in observation;
}

/** At most 160 of the observations, the last among them, and every one that had a problem stays a gap. */
export function moments(observations: readonly RolloutObservation[]): RolloutObservation[] {
  return thinned(observations, momentsShown);
}

/**
 * Failed or NaN requests as a share of all since the candidate's first request, with exact bounds (Clopper-Pearson) at
 * `confidence` a side, for each moment on its own.
 */
export function rateSeries(
  observations: readonly RolloutObservation[],
  count: (side: SideObservation) => number | null,
  confidence: number,
): Sides<RateSeries> {
  const series = (name: keyof Sides<unknown>) =>
    observations.map((observation): RateMoment | null => {
      if (!answered(observation)) return null;
      const { requests } = observation[name];
      const events = count(observation[name]);
      if (events === null || requests <= 0) return null;
      const { low, high } = proportionInterval(Math.min(events, requests), requests, confidence);
      return { at: observation.at, rate: events / requests, low, high };
    });
  return { stable: series("stable"), candidate: series("candidate") };
}

/** Runs of moments without a gap: a line is drawn through each. */
export function runs<Moment>(series: readonly (Moment | null)[]): Moment[][] {
  const found: Moment[][] = [];
  let open: Moment[] | null = null;
  for (const moment of series) {
    if (moment === null) {
      open = null;
    } else if (open === null) {
      open = [moment];
      found.push(open);
    } else {
      open.push(moment);
    }
  }
  return found;
}

/** Stretches of time in which the source could not answer, each with its problem; the 100 longest. */
export function blindSpots(
  observations: readonly RolloutObservation[],
): { from: number; to: number; problem: string }[] {
  const found: { from: number; to: number; problem: string }[] = [];
  observations.forEach((observation, index) => {
    if (answered(observation)) return;
    const to = observations[index + 1]?.at ?? observation.at;
    const last = found.at(-1);
    if (last !== undefined && last.problem === observation.problem && last.to === observation.at)
      last.to = to;
    else found.push({ from: observation.at, to, problem: observation.problem });
  });
  return found.toSorted((a, b) => b.to - b.from - (a.to - a.from)).slice(0, 100);
}
