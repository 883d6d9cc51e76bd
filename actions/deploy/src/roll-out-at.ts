/** One rollout at one place, from opening it to the facts that report and evidence are made of. */
import type { ActionContext, Log } from "@ml-actions/action-kit/action";
import type { ClusterFacts } from "@ml-actions/reports";
import { systemClock } from "@ml-actions/rollout/clock";
import type { RolloutResult } from "@ml-actions/rollout/events";
import { type PlanRequest, planRollout, type RolloutPlan } from "@ml-actions/rollout/plan";
import { rollOut } from "@ml-actions/rollout/rollout";
import type { Release } from "@ml-actions/rollout/target";
import type { Place } from "../../place.ts";
import type { DeployInputs } from "./definition.ts";
import { Narrator } from "./narrator.ts";

export interface RolledOut {
  place: Place;
  plan: RolloutPlan;
  result: RolloutResult;
  narrator: Narrator;
  url: string;
  cluster: ClusterFacts | null;
}

const confidence = 0.95;

/** @throws as `planRollout`: before anything was opened */
export function planAt(
  place: Place,
  candidate: Release,
  inputs: DeployInputs,
  { holder }: { holder: string },
): RolloutPlan {
  const request: PlanRequest = {
    candidate,
    holder,
    steps: inputs.steps,
    gates: inputs.gates,
    rule: "prove",
    confidence,
    intervalMs: inputs.interval,
    ...(inputs["min-samples"] === undefined ? {} : { minSamples: inputs["min-samples"] }),
    stepTimeoutMs: inputs["step-timeout"],
    onInconclusive: inputs["on-inconclusive"],
    bakeMs: inputs.bake,
    leaseTtlMs: place.leaseTtlMs,
  };
  return planRollout(request);
}

/** @param onStable told what serves before anything is changed */
export async function rollOutAt(
  place: Place,
  plan: RolloutPlan,
  { log, signal }: { log: Log; signal: ActionContext<never>["signal"] },
  onStable: (stable: Release) => void = () => {},
): Promise<RolledOut> {
  const { candidate } = plan;
  const opened = await place.open(log);
  try {
    const { stable, url } = await opened.target.read();
    if (stable !== null) onStable(stable);
    log.info(`${candidate.label} (${candidate.image ?? candidate.digest}) → ${place.resource} at ${url}`);
    const narrator = new Narrator(log, plan);
    const ports = { ...opened, clock: systemClock, signal };
    let guard: Promise<string | null> | undefined;
    const result = await rollOut(plan, ports, (event) => {
      narrator.hear(event);
      // It is needed from the first traffic on, and gone at the end.
      if (event.kind === "done" && event.step.name === "prepare") guard ??= opened.guard();
    });
    const cluster =
      place.cluster === null ? null : { ...place.cluster, guard: (await guard) ?? "not needed" };
    return { place, plan, result, narrator, url, cluster };
  } finally {
    opened.close();
  }
}
