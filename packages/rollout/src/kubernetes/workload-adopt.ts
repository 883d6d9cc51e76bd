/** Stable's own workload takes the candidate's release over: our fields of it, and no others. */
import type { Api, KubeObject } from "@ml-actions/cluster/types";
import type { Release } from "../target.ts";
import type { Fence } from "./platform.ts";
import { needWorkload, servingContainer, type Workload, workloadOf } from "./workload.ts";
import { untilReady } from "./workload-ready.ts";
import { imageOf, ownEnv, ownLifecycle, releaseAnnotation } from "./workload-release.ts";

export interface AdoptRequest {
  release: Release;
  /** Where it stands at 0 and nothing scales it. */
  firstReplicas: number;
  timeoutMs: number;
  container?: string;
}

/** On the workload, while it is ours to change: what `strategy` was before, as JSON. */
const strategyBefore = "ml-actions.github.io/strategy-before";

/** Resolves when all its pods are of that release and ready. Idempotent; taken up where it was left. */
export async function adopt(
  api: Api,
  fence: Fence,
  ref: Workload["ref"],
  request: AdoptRequest,
): Promise<void> {
  const { release, firstReplicas, timeoutMs } = request;
  const workload = await needWorkload(api, ref);
  await fence();
  await neverFewer(api, workload);
  const { spec } = workloadOf(
    await api.apply(adoptedFields(workload, release, request.container), { force: true }),
  );
  const stood = workload.spec.replicas > 0;
  if (!stood) await api.merge(ref, { spec: { replicas: firstReplicas } }, "scale");
  await untilReady(api, ref, {
    replicas: stood ? spec.replicas : firstReplicas,
    timeoutMs,
    who: `stable with ${release.label}`,
    ...(request.container !== undefined && { container: request.container }),
  });
}

/** Pure: exactly our fields. */
export function adoptedFields(workload: Workload, release: Release, option?: string): KubeObject {
  const container = servingContainer(workload, option);
  const { name, namespace } = workload.ref;
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name, namespace, annotations: releaseAnnotation(release) },
    spec: {
      template: {
        spec: {
          containers: [
            {
              name: container.name,
              image: imageOf(release),
              env: ownEnv(release, container),
              ...ownLifecycle(container, workload.spec.template.spec.terminationGracePeriodSeconds),
            },
          ],
        },
      },
    },
  };
}

/** While pods are replaced, none goes before its successor is ready: whoever reaches them past the router is served too. */
async function neverFewer(api: Api, { ref, spec, annotations }: Workload): Promise<void> {
  const { type, rollingUpdate } = spec.strategy;
  if (type !== "RollingUpdate" || annotations[strategyBefore] !== undefined) return;
  const { maxUnavailable = "25%", maxSurge = "25%" } = rollingUpdate ?? {};
  if (isNone(maxUnavailable)) return;
  const surge = isNone(maxSurge) ? 1 : maxSurge;
  await api.merge(ref, {
    metadata: { annotations: { [strategyBefore]: JSON.stringify({ maxUnavailable, maxSurge }) } },
    spec: { strategy: { rollingUpdate: { maxUnavailable: 0, maxSurge: surge } } },
  });
}

const isNone = (value: string | number) => value === 0 || value === "0" || value === "0%";

/** Gives back what `adopt` had changed for its own time. */
export async function giveStrategyBack(
  api: Api,
  fence: Fence,
  { ref, annotations }: Pick<Workload, "ref" | "annotations">,
): Promise<void> {
  const before = annotations[strategyBefore];
  if (before === undefined) return;
  await fence();
  await api.merge(ref, {
    metadata: { annotations: { [strategyBefore]: null } },
    spec: { strategy: { rollingUpdate: rollingUpdateOf(before) } },
  });
}

/** What somebody made of our annotation meanwhile is no strategy: then Kubernetes' own defaults. */
function rollingUpdateOf(text: string): { maxUnavailable: string | number; maxSurge: string | number } {
  const usable = (value: unknown): value is string | number =>
    typeof value === "number" || (typeof value === "string" && /^\d{1,3}%$/.test(value));
  try {
    const { maxUnavailable, maxSurge } = JSON.parse(text) as Record<string, unknown>;
    if (usable(maxUnavailable) && usable(maxSurge)) return { maxUnavailable, maxSurge };
  } catch {
    // Not JSON: as if it said nothing.
  }
  return { maxUnavailable: "25%", maxSurge: "25%" };
}
