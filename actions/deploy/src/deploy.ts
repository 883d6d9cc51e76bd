/** deploy, top to bottom: verify, open the target, roll out while telling about it, and say how it ended. */
import { type ActionContext, type CleanUp, NegativeVerdict, type Story } from "@ml-actions/action-kit/action";
import { gateConfigurationOf } from "@ml-actions/evidence";
import { deploySummary, rolloutPage } from "@ml-actions/reports";
import { systemClock } from "@ml-actions/rollout/clock";
import type { Ports, RolloutResult } from "@ml-actions/rollout/events";
import { type PlanRequest, planRollout, type RolloutPlan } from "@ml-actions/rollout/plan";
import { releaseDigest } from "@ml-actions/rollout/release";
import { rollOut } from "@ml-actions/rollout/rollout";
import { openTarget } from "@ml-actions/rollout/targets/index";
import { keep, runFacts } from "../../conclude.ts";
import { forgetUnpacked } from "../../image-release.ts";
import { leaseTtlMs, localOptions, localState, portVariable, stateVariable } from "../../local-state.ts";
import { candidateRelease } from "./candidate.ts";
import type { DeployInputs, DeployOutputs, definition } from "./definition.ts";
import { Narrator } from "./narrator.ts";
import { evidenceOf, metricsOf, reportOf, verdictOf } from "./results.ts";

type Definition = typeof definition;

const confidence = 0.95;

export const deploy: Story<Definition["inputs"], Definition["outputs"]> = async (inputs, context) => {
  try {
    await deployCandidate(inputs, context);
  } finally {
    await forgetUnpacked(context.directory);
  }
};

async function deployCandidate(inputs: DeployInputs, context: ActionContext<DeployOutputs>): Promise<void> {
  const startedAt = Date.now();
  const candidate = await candidateRelease(inputs, context);
  const modelRelease = candidate.image === undefined ? null : await releaseDigest(candidate.model);
  const plan = planRollout(planRequest(inputs, context, candidate));
  const opened = await open(inputs, context);
  const situation = await opened.target.read();
  if (situation.stable !== null) context.output("stable", situation.stable.digest);
  context.log.info(
    `${candidate.label} (${candidate.image ?? candidate.digest}) → ${inputs.resource} at ${situation.url}`,
  );
  const narrator = new Narrator(context.log, plan);
  const ports: Ports = { ...opened, clock: systemClock, signal: context.signal };
  const result = await rollOut(plan, ports, (event) => narrator.hear(event));
  context.remember("finished", "true");
  await tell(inputs, context, plan, result, narrator, { startedAt, url: situation.url, modelRelease });
}

function planRequest(
  inputs: DeployInputs,
  context: ActionContext<DeployOutputs>,
  candidate: RolloutPlan["candidate"],
): PlanRequest {
  return {
    candidate,
    holder: context.holder,
    steps: inputs.steps,
    gates: inputs.gates,
    rule: "prove",
    confidence,
    intervalMs: inputs.interval,
    ...(inputs["min-samples"] === undefined ? {} : { minSamples: inputs["min-samples"] }),
    stepTimeoutMs: inputs["step-timeout"],
    onInconclusive: inputs["on-inconclusive"],
    bakeMs: inputs.bake,
    leaseTtlMs,
  };
}

/** The later steps of the job, and `post`, find the target by what is handed on here. */
async function open(inputs: DeployInputs, context: ActionContext<DeployOutputs>) {
  const state = localState(inputs["local-state"]);
  const port = inputs["local-port"];
  context.environment(stateVariable, state);
  context.environment(portVariable(inputs.resource), String(port));
  for (const [key, value] of Object.entries({ state, port: String(port), resource: inputs.resource })) {
    context.remember(key, value);
  }
  return openTarget(inputs.target, localOptions(inputs.resource, state, port, context.programs));
}

async function tell(
  inputs: DeployInputs,
  context: ActionContext<DeployOutputs>,
  plan: RolloutPlan,
  result: RolloutResult,
  narrator: Narrator,
  facts: { startedAt: number; url: string; modelRelease: string | null },
): Promise<void> {
  const run = runFacts(context, facts.startedAt);
  const evidence = evidenceOf(inputs, plan, result, { run, modelRelease: facts.modelRelease });
  const configuration = evidence === null ? null : gateConfigurationOf(evidence);
  const told = configuration === null ? run : { ...run, configuration };
  const report = reportOf({ inputs, plan, result, narrator, run: told, url: facts.url });
  context.output("stage", result.stage);
  context.output("verdict", verdictOf(result));
  if (result.stable !== null) context.output("stable", result.stable.digest);
  await keep(context, {
    metrics: metricsOf(result),
    report: rolloutPage(report),
    ...(evidence === null ? {} : { evidence }),
  });
  await context.summary(deploySummary(report));
  const sentence = `${result.stage}: ${result.reason}`;
  if (result.error !== null) throw result.error;
  if (result.stage === "promoted") {
    context.log.info(sentence);
    return;
  }
  context.log.error(sentence, { title: `${result.candidate.label} was ${result.stage}` });
  throw new NegativeVerdict(sentence);
}

/** When `main` was killed in the middle: stable gets its traffic back now, not when the lease ends. */
export const cleanUp: CleanUp = async (context) => {
  const resource = context.recall("resource");
  const state = context.recall("state");
  if (context.recall("finished") === "true" || resource === undefined || state === undefined) return;
  const { target, ledger } = await openTarget(
    "local",
    localOptions(resource, state, Number(context.recall("port")), context.programs),
  );
  const last = (await ledger.journal()).at(-1);
  const { stable, candidate } = await target.read();
  if (last?.holder !== context.holder || last.step.name === "end" || stable === null || candidate === null)
    return;
  const { rollBack } = await import("@ml-actions/rollout/rollback");
  const request = { to: stable.digest, holder: `${context.holder} (post)`, leaseTtlMs };
  const { reason } = await rollBack(request, { target, ledger, clock: systemClock }, () => {});
  context.log.warning(`The deploy was stopped in the middle: ${reason}.`);
};
