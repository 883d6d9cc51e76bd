/**
 * Puts a simpler release into production, as `deploy` would and with its journal, lease and guard, but in one step: it
 * is a refuge, not a candidate that has to be better. It must answer what callers send, and is taken back when its own
 * answers prove to fail.
 */
import { type ActionContext, UserError } from "@ml-actions/action-kit/action";
import { parseGates } from "@ml-actions/gates/language";
import { systemClock } from "@ml-actions/rollout/clock";
import type { Ports } from "@ml-actions/rollout/events";
import { planRollout } from "@ml-actions/rollout/plan";
import { releaseFromModel } from "@ml-actions/rollout/release";
import { stepText } from "@ml-actions/rollout/resume";
import { rollOut } from "@ml-actions/rollout/rollout";
import type { Release } from "@ml-actions/rollout/target";
import { openTarget } from "@ml-actions/rollout/targets/index";
import { compatible } from "@ml-actions/serving/compatible";
import { loadContract } from "@ml-actions/serving/load-contract";
import { deployedOptions, leaseTtlMs, stableRelease } from "../../local-state.ts";

export interface DegradeRequest {
  target: "local";
  resource: string;
  /** Path of the ONNX file. */
  fallback: string;
}

/** What the fallback is taken back for. */
const gates = "error_rate <= 5% [refute], nan_rate <= 1% [refute]";
const stepTimeoutMs = 60_000;
/** For so long it is watched before the earlier release is given up. */
const bakeMs = 10_000;

/**
 * Whether it could be done, asked before it is needed: nothing is started or changed.
 *
 * @throws UserError, ServingError, RolloutError: the fallback cannot be read, nothing is deployed, or callers of today
 *   would fail with it
 */
export async function checkFallback(
  { resource, fallback }: DegradeRequest,
  programs: ActionContext<never>["programs"],
): Promise<Release> {
  const release = await releaseFromModel(fallback);
  const { stateDirectory } = deployedOptions(resource, programs);
  const stable = await stableRelease(stateDirectory, resource);
  if (stable === null) {
    throw new UserError(`Nothing serves as \`${resource}\`, so there is nothing to degrade.`, {
      remedy: "Deploy a release first (action `deploy`).",
    });
  }
  const { problems } = compatible(
    await loadContract(stable.model.contract),
    await loadContract(release.model.contract),
  );
  if (problems.length > 0) {
    throw new UserError(
      `fallback: ${release.label} breaks the contract of ${stable.label}, callers of today would fail:\n  ${problems.map(String).join("\n  ")}`,
      { remedy: "Give a fallback that answers every request that the release of today answers." },
    );
  }
  return release;
}

/** @returns one sentence on what was done
 * @throws as `checkFallback`, and UserError when the fallback does not serve in the end */
export async function degrade(
  request: DegradeRequest,
  context: Pick<ActionContext<never>, "programs" | "holder" | "signal" | "log">,
): Promise<string> {
  const candidate = await checkFallback(request, context.programs);
  const opened = await openTarget(request.target, deployedOptions(request.resource, context.programs));
  if (await isHeld(opened, candidate))
    return `${candidate.label} has all traffic of ${request.resource} already`;
  const plan = planRollout({
    candidate,
    holder: context.holder,
    steps: [100],
    gates: parseGates(gates),
    rule: "refute",
    confidence: 0.95,
    intervalMs: 1000,
    stepTimeoutMs,
    // No traffic at night proves nothing against it; its process has answered the probe of its contract.
    onInconclusive: "hold",
    bakeMs,
    leaseTtlMs,
  });
  const ports: Ports = { ...opened, clock: systemClock, signal: context.signal };
  const result = await rollOut(plan, ports, (event) => {
    if (event.kind === "trouble") context.log.warning(event.message);
    if (event.kind === "journal") context.log.info(`${stepText(event.step)} …`);
  });
  if (result.error !== null) throw result.error;
  if (result.verdict === "unchanged") return `${candidate.label} serves ${request.resource} already`;
  if (result.stage === "held") {
    return `${candidate.label} has all traffic of ${request.resource}, but too little of it came within ${stepTimeoutMs / 1000} s to prove itself: the earlier release is kept beside it`;
  }
  if (result.stage === "promoted") return `${request.resource} was degraded to ${candidate.label}`;
  throw new UserError(`${request.resource} was not degraded: ${result.reason}.`, {
    remedy: "See why the fallback fails, or roll back to a release that was good (action `rollback`).",
  });
}

/** Left with all traffic by an earlier run, on purpose. */
async function isHeld(
  { target, ledger }: Pick<Ports, "target" | "ledger">,
  fallback: Release,
): Promise<boolean> {
  const { candidate, candidatePercent } = await target.read();
  if (candidate?.digest !== fallback.digest || candidatePercent !== 100) return false;
  const last = (await ledger.journal()).at(-1)?.step;
  return last?.name === "end" && last.stage === "held";
}
