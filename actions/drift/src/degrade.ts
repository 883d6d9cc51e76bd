/**
 * Puts a simpler release into production, as `deploy` would and with its journal, lease and guard, but in one step: it
 * is a refuge, not a candidate that has to be better. It must answer what callers send, and is taken back when its own
 * answers prove to fail.
 */
import { type ActionContext, UserError } from "@ml-actions/action-kit/action";
import { parseGates } from "@ml-actions/gates/language";
import { systemClock } from "@ml-actions/rollout/clock";
import type { Ports, RolloutResult } from "@ml-actions/rollout/events";
import { planRollout } from "@ml-actions/rollout/plan";
import { releaseFromModel } from "@ml-actions/rollout/release";
import { stepText } from "@ml-actions/rollout/resume";
import { rollOut } from "@ml-actions/rollout/rollout";
import type { Release } from "@ml-actions/rollout/target";
import { compatible } from "@ml-actions/serving/compatible";
import { loadContract } from "@ml-actions/serving/load-contract";
import { deployedOptions, stableRelease } from "../../local-state.ts";
import { type OpenPlace, type Place, type PlaceInputs, placesOf } from "../../place.ts";
import type { ReleaseSource } from "../../release-source.ts";

export interface DegradeRequest extends PlaceInputs {
  fallback: ReleaseSource;
}

type Context = Pick<ActionContext<never>, "programs" | "holder" | "signal" | "log" | "environment">;

/** What the fallback is taken back for. */
const gates = "error_rate <= 5% [refute], nan_rate <= 1% [refute]";
const stepTimeoutMs = 60_000;
/** For so long it is watched before the earlier release is given up. */
const bakeMs = 10_000;

/**
 * Whether it could be done, asked before it is needed: nothing is started or changed.
 *
 * @throws UserError, ServingError, RolloutError, ClusterError: the fallback cannot be read or never served there,
 *   nothing is deployed, or callers of today would fail with it
 */
export async function checkFallback(request: DegradeRequest, context: Context): Promise<void> {
  const place = await placeOf(request, context);
  if (place.target === "local") {
    await localFallback(request, context);
    return;
  }
  const opened = await place.open(context.log);
  try {
    await clusterFallback(request, opened);
  } finally {
    opened.close();
  }
}

async function placeOf(request: DegradeRequest, context: Context): Promise<Place> {
  const [place] = await placesOf(request, context, "change");
  return place as Place;
}

async function localFallback(
  { resource, fallback }: DegradeRequest,
  { programs }: Context,
): Promise<Release> {
  if (fallback.kind !== "file") throw new Error("an image is refused with the inputs");
  const release = await releaseFromModel(fallback.path);
  const { stateDirectory } = deployedOptions(resource.text, programs);
  const stable = await stableRelease(stateDirectory, resource.text);
  if (stable === null) throw nothingServes(resource);
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

/** What was in production there needs no new evidence; anything else comes in by `deploy` alone. */
async function clusterFallback(
  { resource, fallback }: DegradeRequest,
  { target, ledger }: Pick<OpenPlace, "target" | "ledger">,
): Promise<Release> {
  if (fallback.kind !== "image") throw new Error("a file is refused with the inputs");
  if ((await target.read()).stable === null) throw nothingServes(resource);
  const releases = (await ledger.history()).map(({ release }) => release);
  const release = releases.find(({ digest }) => fallback.reference.endsWith(`@${digest}`));
  if (release !== undefined) return release;
  const known = releases.map(({ label, digest }) => `${label} (${digest})`).join(", ");
  throw new UserError(`fallback: ${fallback.reference} was never stable at ${resource.text}.`, {
    remedy: `Deploy it once (action \`deploy\`), with its evidence${known === "" ? "." : `, or give one of ${known} by digest.`}`,
  });
}

function nothingServes({ text }: DegradeRequest["resource"]): UserError {
  return new UserError(`Nothing serves as \`${text}\`, so there is nothing to degrade.`, {
    remedy: "Deploy a release first (action `deploy`).",
  });
}

/** @returns one sentence on what was done
 * @throws as `checkFallback`, and UserError when the fallback does not serve in the end */
export async function degrade(request: DegradeRequest, context: Context): Promise<string> {
  const place = await placeOf(request, context);
  const local = place.target === "local" ? await localFallback(request, context) : null;
  const opened = await place.open(context.log);
  try {
    const candidate = local ?? (await clusterFallback(request, opened));
    const resource = request.resource.text;
    if (await isHeld(opened, candidate)) return `${candidate.label} has all traffic of ${resource} already`;
    const result = await shiftTo(candidate, { ...opened, leaseTtlMs: place.leaseTtlMs }, context);
    return sentenceOf(result, resource);
  } finally {
    opened.close();
  }
}

async function shiftTo(
  candidate: Release,
  { leaseTtlMs, ...opened }: OpenPlace & { leaseTtlMs: number },
  { holder, signal, log }: Context,
): Promise<RolloutResult> {
  const plan = planRollout({
    candidate,
    holder,
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
  const ports: Ports = { ...opened, clock: systemClock, signal };
  return rollOut(plan, ports, (event) => {
    if (event.kind === "trouble") log.warning(event.message);
    if (event.kind === "journal") log.info(`${stepText(event.step)} …`);
  });
}

/** @throws UserError when it does not serve in the end */
function sentenceOf({ error, verdict, stage, reason, candidate }: RolloutResult, resource: string): string {
  if (error !== null) throw error;
  if (verdict === "unchanged") return `${candidate.label} serves ${resource} already`;
  if (stage === "held") {
    return `${candidate.label} has all traffic of ${resource}, but too little of it came within ${stepTimeoutMs / 1000} s to prove itself: the earlier release is kept beside it`;
  }
  if (stage === "promoted") return `${resource} was degraded to ${candidate.label}`;
  throw new UserError(`${resource} was not degraded: ${reason}.`, {
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
