/** Holds why a phase is said to have ended against what was known at its last look. */
import type { OnlineVerdict } from "@ml-actions/gates/judge";
import { patienceMs } from "@ml-actions/gates/judge/outlook";
import type { Observation } from "@ml-actions/gates/types";
import type { RecordedPhase, RolloutRecord } from "./rollout-record.ts";

/**
 * What must be true: it was left forward only when every gate passed, the newest look was answered, each side with
 * traffic had had its samples and a bake its time; backward for a gate only when one was refuted; for the time only
 * when it had had the time that needs no reason, or a gate that nothing can prove, and something was missing.
 *
 * @param before the looks before the phase
 * @param looks those before and within
 * @param verdicts after its last look
 */
export function whatIsWrongWith(
  phase: RecordedPhase,
  plan: Pick<RolloutRecord, "minSamples" | "stepTimeoutMs" | "bakeMs">,
  before: readonly Observation[],
  looks: readonly Observation[],
  verdicts: readonly OnlineVerdict[],
): string[] {
  const refuted = verdicts.filter(({ verdict }) => verdict === "fail").map(({ gate }) => gate);
  const missing = [
    ...verdicts.filter(({ verdict }) => verdict !== "pass").map(({ gate }) => `${gate} has not passed`),
    ...unanswered(looks),
    ...shortOfSamples(phase, plan.minSamples, before, looks),
  ];
  const tookMs = phase.to - phase.from;
  const claim = `is said to be ${phase.ended}, but`;
  if (phase.ended === "refuted") return refuted.length > 0 ? [] : [`${claim} no gate is refuted`];
  if (refuted.length > 0) return [`${claim} ${refuted.join(", ")} is refuted`];
  const bakeMs = phase.name === "bake" ? plan.bakeMs : 0;
  if (phase.ended === "passed") {
    const early = tookMs < bakeMs ? [`it took ${tookMs} of ${bakeMs} ms`] : [];
    return [...missing, ...early].map((what) => `${claim} ${what}`);
  }
  if (phase.ended === "interrupted") return [];
  // What gives no hope ends before `stepTimeoutMs`; until then a phase needs no reason to go on.
  const isDead = verdicts.some(({ outlook }) => outlook?.kind === "dead");
  const leastMs = isDead ? 0 : Math.min(plan.stepTimeoutMs, patienceMs) + bakeMs;
  return [
    ...(tookMs < leastMs ? [`${claim} it took ${tookMs} of ${leastMs} ms`] : []),
    ...(missing.length === 0 ? [`${claim} nothing was missing`] : []),
  ];
}

function unanswered(looks: readonly Observation[]): string[] {
  return looks.at(-1)?.ok === true ? [] : ["the newest look was not answered"];
}

/** Requests since the phase began; a counter that fell counts as having begun anew. */
function shortOfSamples(
  { weight }: RecordedPhase,
  minSamples: number,
  before: readonly Observation[],
  looks: readonly Observation[],
): string[] {
  const least = { candidate: minSamples, stable: weight === 100 || minSamples === 1 ? 0 : minSamples };
  return (["candidate", "stable"] as const).flatMap((side) => {
    const [from, to] = [requestsOf(before, side), requestsOf(looks, side)];
    const grown = to >= from ? to - from : to;
    return grown < least[side] ? [`${side} had had ${grown} of ${least[side]} requests`] : [];
  });
}

function requestsOf(looks: readonly Observation[], side: "stable" | "candidate"): number {
  const known = looks.findLast(({ ok }) => ok);
  return known?.ok === true ? known[side].requests : 0;
}
