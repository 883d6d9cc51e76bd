/** How long a step goes on without a verdict: for as long as there is reason to, and never beyond `step-timeout`. */
import { abovePoisson } from "@ml-actions/gates/judge/forecast";
import { type Outlook, patienceMs } from "@ml-actions/gates/judge/outlook";
import type { Observation, Verdict } from "@ml-actions/gates/types";
import type { Phase } from "./decide.ts";
import type { RolloutPlan } from "./plan.ts";
import { since, totalsOf } from "./totals.ts";

export type Judged = Verdict & { outlook: Outlook | null };

/** How long a phase may last whatever is seen: after that it needs a reason, where `step-timeout` leaves it the time. */
export function patienceOf(phase: Phase, plan: RolloutPlan): number {
  return Math.min(plan.stepTimeoutMs, patienceMs) + bakeOf(phase, plan);
}

/**
 * Why a phase without a verdict is to end now, to follow "no verdict"; null while it may go on. After `patienceMs` it goes on only while both
 * sides are counted and every open gate can still be proven before `step-timeout`, at the most requests and the
 * fewest failures that the counts so far leave possible. So what looks bad, what cannot be read and what would take
 * for ever goes as early as with a short limit, and only what may well be proven is given the time.
 */
export function whyNoLonger(
  phase: Phase,
  verdicts: readonly Judged[],
  observations: readonly Observation[],
  now: number,
  plan: RolloutPlan,
): string | null {
  const elapsedMs = now - phase.since;
  const leftMs = plan.stepTimeoutMs + bakeOf(phase, plan) - elapsedMs;
  if (leftMs <= 0) {
    return `within ${spell(elapsedMs + leftMs)}`;
  }
  if (elapsedMs < patienceOf(phase, plan)) {
    return null;
  }
  const why =
    whyUnseen(phase, observations, now) ??
    whyTooFar(phase, verdicts, observations, { elapsedMs, leftMs, leastSamples: plan.minSamples });
  return why === null ? null : `after ${spell(elapsedMs)}, and ${why}`;
}

/** Why a phase without a verdict ends at the first look that shows it: a gate that no number of requests can prove, by
 * what it asks and what the source counts. null while each still may. */
export function whyDead(verdicts: readonly Judged[]): string | null {
  const dead = verdicts.flatMap(({ gate, outlook }) =>
    outlook?.kind === "dead"
      ? [`\`${gate}\` can never be proven here: ${outlook.why}. ${outlook.remedy}`]
      : [],
  );
  return dead.length === 0 ? null : dead.join("; ");
}

function whyUnseen(phase: Phase, observations: readonly Observation[], now: number): string | null {
  const seenAt = observations.findLast(({ ok }) => ok)?.at ?? phase.since;
  return now - seenAt >= patienceMs ? `nothing could be counted for ${spell(now - seenAt)}` : null;
}

function whyTooFar(
  phase: Phase,
  verdicts: readonly Judged[],
  observations: readonly Observation[],
  { elapsedMs, leftMs, leastSamples }: { elapsedMs: number; leftMs: number; leastSamples: number },
): string | null {
  const { candidate } = since(phase.start, totalsOf(observations)).requests;
  if (candidate === 0) {
    return `no request reached the candidate for ${spell(elapsedMs)}`;
  }
  for (const { gate, outlook } of verdicts) {
    if (outlook?.kind === "hopeless") {
      return `${gate} cannot be proven by waiting`;
    }
    if (outlook?.kind === "unread" && outlook.forMs >= patienceMs) {
      return `${gate} could not be read for ${spell(outlook.forMs)}`;
    }
  }
  const samples = { what: "`min-samples`", requests: leastSamples - candidate };
  const needs = [samples, needOf(verdicts)].filter((need) => need !== null);
  const most = needs.reduce((left, right) => (right.requests > left.requests ? right : left));
  const needMs = (most.requests * elapsedMs) / abovePoisson(candidate);
  return needMs > leftMs ? `${needText(most, needMs)}, and \`step-timeout\` leaves ${spell(leftMs)}` : null;
}

interface Need {
  what: string;
  requests: number;
}

/** Of the gate that asks for the most; null while no open gate can say. */
export function needOf(verdicts: readonly Judged[]): Need | null {
  return verdicts.reduce<Need | null>(
    (most, { gate, outlook }) =>
      outlook?.kind === "provable" && outlook.requests > (most?.requests ?? 0)
        ? { what: gate, requests: outlook.requests }
        : most,
    null,
  );
}

export function needText({ what, requests }: Need, needMs: number): string {
  return `${what} needs ${requests.toLocaleString("en-US")} more requests of the candidate at best, ${spell(needMs)} as they come`;
}

function bakeOf(phase: Phase, plan: RolloutPlan): number {
  return phase.name === "bake" ? plan.bakeMs : 0;
}

/** To two units at most: `2 h 10 min`, `4 min`, `12.5 s`. */
export function spell(ms: number): string {
  if (ms < 60_000) {
    return `${Math.round(ms / 100) / 10} s`;
  }
  const minutes = Math.round(ms / 60_000);
  const [hours, rest] = [Math.floor(minutes / 60), minutes % 60];
  return hours === 0 ? `${minutes} min` : rest === 0 ? `${hours} h` : `${hours} h ${rest} min`;
}
