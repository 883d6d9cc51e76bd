/** The candidate's InferenceService: a copy of stable's predictor with the candidate's release, under a name that nobody
 * calls. */
import type { KubeObject } from "@ml-actions/cluster/types";
import { z } from "zod";
import { RolloutError } from "../error.ts";
import { names } from "../kubernetes/platform.ts";
import type { PlatformContext } from "../kubernetes/platforms.ts";
import { invalid } from "../kubernetes/refusals.ts";
import { candidateSelector } from "../kubernetes/workload-labels.ts";
import type { Release } from "../target.ts";
import {
  candidateName,
  type InferenceService,
  inferenceServiceRef,
  kserveApi,
  readInferenceService,
  stopAnnotation,
} from "./inference-service.ts";
import { modeAnnotation } from "./mode.ts";
import { releaseOf } from "./release-of.ts";
import { change, merged, type Predictor, servedBy, serving } from "./served.ts";
import { candidateOf, untilServing } from "./sides.ts";
import { strengthNow } from "./strength.ts";

const goneTimeoutMs = 120_000;
const lookEveryMs = 400;

/** Resolves when it is ready. A candidate of another release goes first; it has no traffic. */
export async function createCandidate(
  context: PlatformContext,
  stable: InferenceService,
  release: Release,
): Promise<void> {
  const { api, fence } = context;
  const problems = problemsOf(stable);
  if (problems.length > 0)
    throw invalid(
      `${stable.where} cannot be rolled out: ${problems.join("; ")}.`,
      "Add what is missing to it.",
    );
  const present = await candidateOf(context);
  const same = present !== null && (await releaseOf(api, present, null))?.digest === release.digest;
  if (!same) {
    const object = candidateObject(context, stable, release, await strengthNow(context, stable));
    const ref = inferenceServiceRef(context.namespace, object.metadata.name);
    await fence();
    await removeAndWait(context, ref);
    await api.create(object);
  }
  await untilServing(context, () => candidateOf(context), {
    release,
    who: `the candidate ${release.label}`,
    replicas: 1,
  });
}

/** What KServe would fill in such that anything counts as ready. */
function problemsOf({ predictor, where }: InferenceService): string[] {
  if (servedBy(predictor, where).kind === "model") return [];
  const container = serving(predictor.containers ?? []);
  return container?.readinessProbe === undefined
    ? [
        `container ${container?.name} has no readinessProbe, and by KServe's own one it is ready as soon as a port is open`,
      ]
    : [];
}

const count = z.number().int().min(0);
/** What a rollout must give back when it ends; kept on the candidate, because an annotation on stable's InferenceService
 * reaches its pods, and would replace them all. */
const keptSchema = z.strictObject({
  /** Pods of stable when the rollout began. */
  strength: count,
  /** Of `spec.predictor` then; null: it had none. */
  minReplicas: count.nullable(),
  deploymentStrategy: z.record(z.string(), z.unknown()).nullable(),
});
export type Kept = z.infer<typeof keptSchema>;
const keptAnnotation = "ml-actions.github.io/stable-before";

export function keptOn(candidate: InferenceService): Kept | null {
  try {
    return keptSchema.parse(JSON.parse(candidate.object.metadata.annotations?.[keptAnnotation] ?? ""));
  } catch {
    return null;
  }
}

/** Pure. */
export function candidateObject(
  { namespace, name, resource }: Pick<PlatformContext, "namespace" | "name" | "resource">,
  stable: InferenceService,
  release: Release,
  strength: number,
): KubeObject {
  const { metadata } = stable.object;
  const { minReplicas = null, deploymentStrategy = null } = stable.predictor;
  const kept: Kept = { strength, minReplicas, deploymentStrategy };
  const changed = change(stable.predictor, release, { where: stable.where, pausing: true });
  const copied = { canaryTrafficPercent: null, labels: null, name: null, ...changed, minReplicas: 1 };
  return {
    apiVersion: kserveApi,
    kind: "InferenceService",
    metadata: {
      name: candidateName(name),
      namespace,
      // None of stable's, by which Services and monitors of others choose pods. KServe makes no host for it.
      labels: { ...candidateSelector(resource), "networking.kserve.io/visibility": "cluster-local" },
      annotations: {
        ...Object.fromEntries(Object.entries(metadata.annotations ?? {}).filter(([key]) => isCopied(key))),
        [modeAnnotation]: "Standard",
        [names.resource]: resource,
        [keptAnnotation]: JSON.stringify(kept),
      },
      // Gone with stable, whoever removes that.
      ...(metadata.uid !== undefined && {
        ownerReferences: [{ apiVersion: kserveApi, kind: "InferenceService", name, uid: metadata.uid }],
      }),
    },
    spec: { predictor: merged<Predictor>(stable.predictor, copied) },
  };
}

/** Not what tells delivery tools that an object is theirs, nor what is ours of stable. */
function isCopied(key: string): boolean {
  const [domain] = key.split("/") as [string];
  return (
    key !== stopAnnotation &&
    !/(^|\.)(kubectl\.kubernetes\.io|argoproj\.io|fluxcd\.io|helm\.sh|ml-actions\.github\.io)$/.test(domain)
  );
}

/** Its pods end by themselves. Resolves when the name is free. */
export async function removeCandidate(context: PlatformContext, candidate: InferenceService): Promise<void> {
  await context.fence();
  await removeAndWait(context, inferenceServiceRef(context.namespace, candidate.object.metadata.name));
}

async function removeAndWait(
  { api, resource }: PlatformContext,
  ref: ReturnType<typeof inferenceServiceRef>,
): Promise<void> {
  const deadlineMs = performance.now() + goneTimeoutMs;
  for (;;) {
    const present = await readInferenceService(api, ref.namespace ?? "default", ref.name);
    if (present === null) {
      // KServe's Deployment follows; one that is still there would be taken for the next candidate's.
      if ((await api.get(deploymentOfName(ref))) === null) return;
    } else if (present.object.metadata.annotations?.[names.resource] !== resource)
      throw new RolloutError(
        "conflict",
        `There is an inferenceservice/${ref.name} that is not ours, where the candidate belongs.`,
        "Remove it, or give it another name.",
      );
    else if (present.object.metadata.deletionTimestamp === undefined) {
      const { uid } = present.object.metadata;
      await api.remove(ref, { ...(uid !== undefined && { uid }), propagation: "Background" });
    }
    if (performance.now() > deadlineMs)
      throw new RolloutError(
        "not-ready",
        `inferenceservice/${ref.name} is still there ${goneTimeoutMs / 1000} s after it was removed.`,
        "See whether KServe's controller runs (namespace kserve): it alone lets InferenceServices go.",
      );
    await new Promise((resolve) => setTimeout(resolve, lookEveryMs));
  }
}

const deploymentOfName = ({ namespace = "default", name }: { namespace?: string; name: string }) => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  namespace,
  name: `${name}-predictor`,
});
