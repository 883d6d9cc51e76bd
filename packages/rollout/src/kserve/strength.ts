/**
 * How many pods each side has. In Standard mode KServe makes an autoscaler from `minReplicas` and `maxReplicas`, and undoes
 * what others write there: so the InferenceService itself is where a floor is raised. Stable keeps all the pods that it had
 * for as long as there is a candidate: an autoscaler that sees it idle would shrink it, and a restore would return all
 * traffic to what is left.
 */
import type { PlatformContext } from "../kubernetes/platforms.ts";
import { readWorkload } from "../kubernetes/workload.ts";
import type { Release } from "../target.ts";
import { keptOn } from "./candidate.ts";
import { type InferenceService, stopAnnotation, usersService } from "./inference-service.ts";
import { merge } from "./merge.ts";
import { releaseOf } from "./release-of.ts";
import { change } from "./served.ts";
import { candidateOf, deploymentOf, type Sides, untilServing } from "./sides.ts";

/** Pods of stable that carry all traffic, as it stands. */
export async function strengthNow({ api }: PlatformContext, stable: InferenceService): Promise<number> {
  const workload = stable.stopped ? null : await readWorkload(api, deploymentOf(stable));
  return Math.max(1, workload?.spec.replicas ?? 0, stable.predictor.minReplicas ?? 1);
}

/** As it was when the candidate was made: stable may have been shrunk since. */
export function strengthOf({ stable, candidate }: Sides): number {
  const kept = candidate && keptOn(candidate);
  return Math.max(kept?.strength ?? 1, stable.stopped ? 1 : (stable.predictor.minReplicas ?? 1));
}

/** Never fewer than it has. Resolves when they are ready. */
export async function grow(
  context: PlatformContext,
  read: () => Promise<InferenceService | null>,
  replicas: number,
  who: (release: Release) => string,
): Promise<void> {
  const { api, fence } = context;
  const service = await read();
  const release = service && (await releaseOf(api, service, await readWorkload(api, deploymentOf(service))));
  if (service === null || release === null) return;
  if ((service.predictor.minReplicas ?? 1) < replicas)
    await merge(context, read, () => ({ spec: { predictor: { minReplicas: replicas } } }));
  const workload = await readWorkload(api, deploymentOf(service));
  if (workload !== null && workload.spec.replicas < replicas) {
    // KServe's autoscaler would do it too, up to 15 s later.
    await fence();
    await api.merge(workload.ref, { spec: { replicas } }, "scale");
  }
  await untilServing(context, read, { release, who: who(release), replicas, besideOlder: true });
}

export function growCandidate(context: PlatformContext, replicas: number): Promise<void> {
  return grow(
    context,
    () => candidateOf(context),
    replicas,
    ({ label }) => `the candidate ${label}`,
  );
}

export function growStable(context: PlatformContext, replicas: number): Promise<void> {
  const { api, namespace, name } = context;
  return grow(
    context,
    () => usersService(api, namespace, name),
    replicas,
    ({ label }) => `stable (${label})`,
  );
}

/** Stable's own InferenceService gets the release, and none of its pods goes before its successor is ready: whoever reaches
 * them past the routes is served too. Resolves when all its pods are of it and ready. */
export async function adoptRelease(context: PlatformContext, sides: Sides, release: Release): Promise<void> {
  const replicas = strengthOf(sides);
  await merge(context, userOf(context), ({ predictor, where, object }) => ({
    ...(object.metadata.annotations?.[stopAnnotation] !== undefined && {
      metadata: { annotations: { [stopAnnotation]: null } },
    }),
    spec: {
      predictor: {
        ...change(predictor, release, { where, pausing: true }),
        ...(predictor.deploymentStrategy?.type !== "Recreate" && { deploymentStrategy: neverFewer }),
      },
    },
  }));
  await untilServing(context, userOf(context), { release, who: `stable with ${release.label}`, replicas });
}

const neverFewer = { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 0, maxSurge: "25%" } };

/** Of stable's predictor, what only the rollout needed: as the user had it. */
export async function giveBack(context: PlatformContext, candidate: InferenceService): Promise<void> {
  const kept = keptOn(candidate);
  if (kept === null) return;
  const { minReplicas, deploymentStrategy } = kept;
  await merge(context, userOf(context), ({ predictor }) => {
    const changed =
      (predictor.minReplicas ?? null) !== minReplicas ||
      JSON.stringify(predictor.deploymentStrategy ?? null) !== JSON.stringify(deploymentStrategy);
    if (!changed) return null;
    // A merge would keep what of ours the user's has no word about.
    const strategy = deploymentStrategy && {
      rollingUpdate: null,
      ...deploymentStrategy,
      ...(isObject(deploymentStrategy.rollingUpdate) && {
        rollingUpdate: { maxUnavailable: null, maxSurge: null, ...deploymentStrategy.rollingUpdate },
      }),
    };
    return { spec: { predictor: { minReplicas, deploymentStrategy: strategy } } };
  });
}

const isObject = (value: unknown): value is object => typeof value === "object" && value !== null;

const userOf =
  ({ api, namespace, name }: PlatformContext) =>
  () =>
    usersService(api, namespace, name);
