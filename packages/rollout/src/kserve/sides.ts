/** Both sides of a rollout in Standard mode: each an InferenceService, with the Deployment that KServe makes of it. */
import { RolloutError } from "../error.ts";
import { names, type Side } from "../kubernetes/platform.ts";
import type { PlatformContext } from "../kubernetes/platforms.ts";
import { deploymentRef, readWorkload, servingContainer, type Workload } from "../kubernetes/workload.ts";
import { whyDown } from "../kubernetes/workload-down.ts";
import { untilReady } from "../kubernetes/workload-ready.ts";
import type { Release } from "../target.ts";
import {
  candidateName,
  type InferenceService,
  predictorName,
  readInferenceService,
} from "./inference-service.ts";
import { releaseOf } from "./release-of.ts";
import { servedBy, servingName } from "./served.ts";

export interface Sides {
  stable: InferenceService;
  candidate: InferenceService | null;
}

const defaultReadyTimeoutMs = 600_000;
const lookEveryMs = 400;

/** null: there is none, or it is on its way out. */
export async function candidateOf({ api, namespace, name, resource }: PlatformContext) {
  const service = await readInferenceService(api, namespace, candidateName(name));
  if (service === null || service.object.metadata.deletionTimestamp !== undefined) return null;
  return service.object.metadata.annotations?.[names.resource] === resource ? service : null;
}

export function deploymentOf(service: InferenceService): Workload["ref"] {
  return deploymentRef(service.object.metadata.namespace ?? "default", predictorName(service));
}

export const servingIn = ({ predictor, where }: InferenceService): string => servingName(predictor, where);

/** null: it is stopped, and never served a release of ours. */
export async function sideOf({ api }: PlatformContext, service: InferenceService): Promise<Side | null> {
  const workload = await readWorkload(api, deploymentOf(service));
  const release = await releaseOf(api, service, workload);
  if (release === null) return null;
  if (workload === null || !isTakenUp(service, workload, release)) return { release, ready: false };
  const why = await whyDown(api, workload, servingIn(service));
  return why === null ? { release, ready: true } : { release, ready: false, why };
}

/** KServe has made of the InferenceService what it says of this release. One that others deployed names none. */
function isTakenUp(service: InferenceService, workload: Workload, release: Release): boolean {
  if (workload.status.observedGeneration < (workload.object.metadata.generation ?? 0)) return false;
  const { image, env } = servingContainer(workload, servingIn(service));
  const served = servedBy(service.predictor, service.where);
  if (service.predictor.annotations?.[names.release] === undefined)
    return served.kind === "model" || served.image === image;
  return env.some(({ name, value }) => name === "ML_RELEASE" && value === release.digest);
}

/** Resolves with KServe's Deployment once so many pods of that release are ready. Rejects with `not-ready` saying what
 * pods say, or KServe where it makes none. */
export async function untilServing(
  { api, options }: PlatformContext,
  read: () => Promise<InferenceService | null>,
  request: { release: Release; who: string; replicas: number; besideOlder?: boolean },
): Promise<Workload> {
  const { release, who, replicas, besideOlder = false } = request;
  const timeoutMs = options.readyTimeoutMs ?? defaultReadyTimeoutMs;
  const beganMs = performance.now();
  for (;;) {
    const service = await read();
    const workload = service && (await readWorkload(api, deploymentOf(service)));
    if (service !== null && workload !== null && isTakenUp(service, workload, release))
      return untilReady(api, workload.ref, {
        ...{ replicas, who, besideOlder, container: servingIn(service) },
        timeoutMs: Math.max(1_000, timeoutMs - (performance.now() - beganMs)),
      });
    if (performance.now() - beganMs > timeoutMs) throw notTakenUp(service, who, timeoutMs);
    await new Promise((resolve) => setTimeout(resolve, lookEveryMs));
  }
}

function notTakenUp(service: InferenceService | null, who: string, timeoutMs: number): RolloutError {
  const said = (service?.status.conditions ?? [])
    .filter(({ status, message }) => status === "False" && message !== undefined)
    .map(({ type, message }) => `${type}: ${message}`);
  const why = said.length > 0 ? `it says ${said.join("; ")}` : "it says nothing";
  return new RolloutError(
    "not-ready",
    `${who} does not run: KServe has made no Deployment of it within ${timeoutMs / 1000} s (${why}).`,
    "Correct what KServe says, or see whether its controller runs (namespace kserve), then deploy again.",
  );
}
