import { whyNotOnline } from "@ml-actions/gates/judge";
import type { DecisionRule, Gate } from "@ml-actions/gates/types";
import { RolloutError } from "./error.ts";
import type { Release } from "./target.ts";

/** Everything that a rollout's decisions depend on: data, so that it can be kept beside the evidence and replayed. */
export interface RolloutPlan {
  candidate: Release;
  /** For people and for the next run: a run URL, or host and pid. */
  holder: string;
  /** Percent of traffic, strictly rising, the last is 100. */
  steps: readonly number[];
  gates: readonly Gate[];
  rule: DecisionRule;
  confidence: number;
  /** From one look to the next. */
  intervalMs: number;
  /** Requests that each side with traffic must have had at every step, whatever the verdicts. At least 1 for the
   * candidate: a weight that was not used proves nothing. */
  minSamples: number;
  /** How long a step may wait for a verdict. */
  stepTimeoutMs: number;
  onInconclusive: "restore" | "hold";
  /** How long the candidate is watched at 100 % before stable is let go. */
  bakeMs: number;
  leaseTtlMs: number;
}

export interface PlanRequest extends Omit<RolloutPlan, "minSamples"> {
  minSamples?: number;
}

/** Checks a plan, all problems at once, and adds the step to 100 % where the steps end before it.
 * @throws RolloutError `invalid` */
export function planRollout(request: PlanRequest): RolloutPlan {
  const problems = [
    ...problemsOfSteps(request.steps),
    ...problemsOfGates(request.gates),
    ...problemsOfNumbers(request),
  ];
  if (problems.length > 0) {
    throw new RolloutError(
      "invalid",
      `The rollout's plan cannot be carried out:\n${problems.map((line) => `  - ${line}`).join("\n")}`,
      "Correct the values named above; nothing has been changed.",
    );
  }
  const { steps, minSamples = 1 } = request;
  return { ...request, minSamples, steps: steps.at(-1) === 100 ? [...steps] : [...steps, 100] };
}

function problemsOfSteps(steps: readonly number[]): string[] {
  const shown = `[${steps.join(", ")}]`;
  if (steps.length === 0) {
    return ["steps: expected at least one percentage, got none"];
  }
  const outside = steps.filter((step) => !(step >= 1 && step <= 100));
  if (outside.length > 0) {
    return [`steps: expected percentages from 1 to 100, got ${outside.join(", ")} in ${shown}`];
  }
  const falling = steps.findIndex((step, index) => index > 0 && step <= (steps[index - 1] ?? 0));
  return falling === -1
    ? []
    : [`steps: each must be above the one before, but ${steps[falling]} follows ${steps[falling - 1]}`];
}

function problemsOfGates(gates: readonly Gate[]): string[] {
  if (gates.length === 0) {
    return ["gates: expected at least one, or nothing would judge the candidate"];
  }
  return gates.flatMap((gate) => {
    const why = whyNotOnline(gate);
    return why === null ? [] : [`gates: "${gate.text}": ${why}`];
  });
}

function problemsOfNumbers(request: PlanRequest): string[] {
  const { confidence, intervalMs, stepTimeoutMs, bakeMs, leaseTtlMs, minSamples = 1 } = request;
  const checks: [boolean, string][] = [
    [confidence > 0.5 && confidence < 1, `confidence: expected above 0.5 and below 1, got ${confidence}`],
    [intervalMs > 0 && intervalMs < Infinity, `interval: expected a time above 0, got ${intervalMs} ms`],
    [
      stepTimeoutMs >= intervalMs && stepTimeoutMs < Infinity,
      `step-timeout: expected at least the interval of ${intervalMs} ms, got ${stepTimeoutMs} ms`,
    ],
    [bakeMs >= 0 && bakeMs < Infinity, `bake: expected a time from 0, got ${bakeMs} ms`],
    [leaseTtlMs > 0 && leaseTtlMs < Infinity, `lease: expected a time above 0, got ${leaseTtlMs} ms`],
    [
      Number.isSafeInteger(minSamples) && minSamples >= 1,
      `min-samples: expected a whole number from 1, got ${minSamples}`,
    ],
  ];
  return checks.filter(([fine]) => !fine).map(([, problem]) => problem);
}
