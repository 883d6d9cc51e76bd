/** What a rollout does next. Pure: the same plan, verdicts and observations give the same decision at any time. */
import type { Observation, Verdict } from "@ml-actions/gates/types";
import { type Judged, patienceOf, spell, whyDead, whyNoLonger } from "./patience.ts";
import type { RolloutPlan } from "./plan.ts";
import type { Sight } from "./sight.ts";
import { since, type Totals, totalsOf } from "./totals.ts";

/** Where the rollout stands: at one of its weights, or at 100 % being watched before stable is let go. `since` and
 * `start` are the moment and the counts at which it came there. */
export type Phase =
  | { name: "step"; index: number; weight: number; since: number; start: Totals }
  | { name: "bake"; weight: 100; since: number; start: Totals };

export type Decision =
  | { kind: "wait"; reason: string }
  | { kind: "next-step"; index: number; weight: number; reason: string }
  | { kind: "bake"; reason: string }
  | { kind: "promote"; reason: string }
  | { kind: "restore"; reason: string; verdict: "fail" | "inconclusive"; by: "judge" | "watch" | "operator" }
  | { kind: "hold"; reason: string };

/**
 * In this order: a refuted gate takes the candidate back at once, and so does what `decideOnSight` names. Every gate
 * passed, the newest observation could be made, and enough requests were served at this weight: on to the next. The time
 * is up, or gives no hope (`whyNoLonger`, `whyDead`): what the plan says for inconclusive. Otherwise wait: missing data moves nothing,
 * neither forward nor back, until then.
 *
 * While nothing of stable is ready and the candidate answers, traffic is not moved: not forward, since the way back is
 * broken, and not back onto nothing, whatever a gate says. When the time is up a refuted candidate goes back all the same,
 * so that stable has all traffic as soon as it returns; any other is left as it is.
 *
 * @param sight what the objects said, as two looks agreed
 */
export function decide(
  phase: Phase,
  verdicts: readonly Judged[],
  observations: readonly Observation[],
  now: number,
  plan: RolloutPlan,
  sight: Sight,
): Decision {
  const failed = verdicts.filter(({ verdict }) => verdict === "fail");
  const elapsedMs = now - phase.since;
  const limitMs = patienceOf(phase, plan);
  if (failed.length > 0) {
    const reason = failed.map(({ reason }) => reason).join("; ");
    return stranded(sight) && elapsedMs < limitMs
      ? { kind: "wait", reason: `not restored onto nothing: ${sight.stableDown?.text}; ${reason}` }
      : { kind: "restore", reason: [reason, ...seen(sight)].join("; "), verdict: "fail", by: "judge" };
  }
  const atOnce = decideOnSight(sight);
  if (atOnce !== null) return atOnce;
  if (stranded(sight) && phase.weight < 100) {
    const reason = `${sight.stableDown?.text}: nothing to go back to`;
    return elapsedMs < limitMs ? { kind: "wait", reason } : { kind: "hold", reason };
  }
  const missing = whatIsMissing(phase, verdicts, observations, plan);
  if (missing === null) {
    return elapsedMs < (phase.name === "bake" ? plan.bakeMs : 0)
      ? { kind: "wait", reason: `watching the candidate alone for ${spell(plan.bakeMs - elapsedMs)} more` }
      : onward(phase, plan);
  }
  const dead = whyDead(verdicts);
  const ended = whyNoLonger(phase, verdicts, observations, now, plan);
  if (dead === null && ended === null) {
    return { kind: "wait", reason: missing };
  }
  const reason = dead ?? `no verdict at ${phase.weight} % ${ended}: ${missing}`;
  return plan.onInconclusive === "hold" || stranded(sight)
    ? { kind: "hold", reason }
    : { kind: "restore", reason, verdict: "inconclusive", by: "judge" };
}

/** What is not left to the judge, because he sees it late or not at all. A candidate of which nothing is ready goes even
 * where stable is down too: then users lose nothing by it, and stable has them as soon as it returns. */
export function decideOnSight(sight: Sight): Decision | null {
  const { candidateDown, edited } = sight;
  if (candidateDown === null && (edited === null || stranded(sight))) return null;
  return { kind: "restore", reason: seen(sight).join("; "), verdict: "inconclusive", by: "watch" };
}

/** Users have the candidate alone. */
const stranded = ({ candidateDown, stableDown }: Sight) => stableDown !== null && candidateDown === null;

const seen = ({ candidateDown, stableDown, edited }: Sight): string[] =>
  [candidateDown, edited, stableDown].flatMap((finding) => (finding === null ? [] : [finding.text]));

/** Why the candidate may not go on yet; null when it may. */
function whatIsMissing(
  phase: Phase,
  verdicts: readonly Verdict[],
  observations: readonly Observation[],
  plan: RolloutPlan,
): string | null {
  const newest = observations.at(-1);
  if (newest === undefined || !newest.ok) {
    return newest === undefined ? "nothing was observed" : `telemetry: ${newest.problem} (${newest.detail})`;
  }
  const open = verdicts.filter(({ verdict }) => verdict !== "pass");
  if (open.length > 0) {
    return open
      .map(({ reason, settle }) => (settle === undefined ? reason : `${reason}; ${settle}`))
      .join("; ");
  }
  const { requests } = since(phase.start, totalsOf(observations));
  const sides = phase.weight === 100 ? (["candidate"] as const) : (["candidate", "stable"] as const);
  const least = { candidate: plan.minSamples, stable: plan.minSamples > 1 ? plan.minSamples : 0 };
  const short = sides.filter((side) => requests[side] < least[side]);
  return short.length === 0
    ? null
    : short
        .map((side) => `${side} has had ${requests[side]} of ${least[side]} requests at ${phase.weight} %`)
        .join("; ");
}

function onward(phase: Phase, plan: RolloutPlan): Decision {
  const next = phase.name === "step" ? plan.steps[phase.index + 1] : undefined;
  if (phase.name === "step" && next !== undefined) {
    return {
      kind: "next-step",
      index: phase.index + 1,
      weight: next,
      reason: `every gate passed at ${phase.weight} %`,
    };
  }
  return phase.name === "step" && plan.bakeMs > 0
    ? { kind: "bake", reason: "every gate passed at 100 %" }
    : {
        kind: "promote",
        reason: phase.name === "bake" ? "the bake ended well" : "every gate passed at 100 %",
      };
}
