/** Whether the traffic is enough for the plan's proof: told before anything is shifted. Pure. */
import { type ExpectedNeed, expectedNeeds } from "@ml-actions/gates/judge/expected";
import { patienceMs } from "@ml-actions/gates/judge/outlook";
import type { Past } from "@ml-actions/telemetry/source";
import { spell } from "./patience.ts";
import type { RolloutPlan } from "./plan.ts";

/** What the first step takes of a candidate as good as stable. */
export interface Foresight {
  requestsPerSecond: number;
  weight: number;
  /** The gate that asks for the most. */
  need: ExpectedNeed;
  /** Half of all good candidates need no more. */
  typicalMs: number;
  /** `step-timeout` leaves too little time to nine of ten. */
  isShort: boolean;
  /** A larger first step that fits; null: none, or none is needed. */
  larger: { weight: number; typicalMs: number } | null;
}

/** In docs/flagger.md nine of ten good candidates took 1.7 to 1.9 times what is expected of the slowest gate. */
const nineOfTen = 1.8;

const largerSteps = [25, 50];

/** null: nothing to tell; the proof takes less than the time that needs no reason, or what it takes is not known. */
export function foresee(plan: RolloutPlan, past: Past): Foresight | null {
  const { requestsPerSecond } = past;
  const at = (weight: number) => {
    const needs = weight >= 100 ? [] : expectedNeeds(plan.gates, plan, past.counts, weight / 100);
    const need = needs.reduce<ExpectedNeed | null>(
      (most, one) => (one.requests > (most?.requests ?? 0) ? one : most),
      null,
    );
    return need && { weight, need, typicalMs: (1000 * need.requests) / (requestsPerSecond * (weight / 100)) };
  };
  const first = at(plan.steps[0] ?? 100);
  if (first === null || first.typicalMs <= patienceMs) return null;
  const fits = (typicalMs: number) => nineOfTen * typicalMs <= plan.stepTimeoutMs;
  const isShort = !fits(first.typicalMs);
  const larger = largerSteps
    .filter((weight) => isShort && weight > first.weight)
    .map(at)
    .find((one) => one !== null && fits(one.typicalMs));
  return { requestsPerSecond, ...first, isShort, larger: larger ?? null };
}

export function foresightText(foresight: Foresight, plan: RolloutPlan): string {
  const { requestsPerSecond, weight, need, typicalMs, isShort, larger } = foresight;
  const requests = Number(need.requests.toPrecision(2)).toLocaleString("en-US");
  const takes = `stable had ${Number(requestsPerSecond.toPrecision(2))} requests a second since its processes began; at ${weight} % a candidate as good as stable typically needs ${requests} requests for \`${need.gate}\`, ${span(typicalMs)}`;
  if (!isShort) return takes;
  const steps =
    larger === null
      ? []
      : [
          `\`steps: ${larger.weight === 50 ? "50, 100" : `${larger.weight}, 50, 100`}\` (typically ${span(larger.typicalMs)})`,
        ];
  const remedies = [
    ...steps,
    "a longer `step-timeout` where the job may last as long",
    "`[refute]` behind the gates",
  ];
  return `${takes} (one in ten longer than ${span(nineOfTen * typicalMs)}), and \`step-timeout\` is ${spell(plan.stepTimeoutMs)}: many good candidates will be taken back without a verdict. What helps: ${remedies.join(", ")}`;
}

/** Beyond two days to the day. */
function span(ms: number): string {
  const days = Math.round(ms / 86_400_000);
  return !Number.isFinite(ms) ? "for ever" : days > 2 ? `${days.toLocaleString("en-US")} days` : spell(ms);
}
