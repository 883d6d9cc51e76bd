/** Everything that selects pods by label, so that none of it selects the candidate's. */
import type { KubeObject } from "@ml-actions/cluster/types";
import type { PlatformContext } from "./platforms.ts";
import type { Selecting } from "./workload-labels.ts";

/** Budgets of the namespace may have been seen so long ago, for all rollouts of this process. */
const seenMs = 5_000;

export async function selectorsIn(
  { api, namespace }: PlatformContext,
  services: readonly KubeObject[],
): Promise<Selecting[]> {
  const kind = { apiVersion: "policy/v1", kind: "PodDisruptionBudget" } as const;
  const budgets = await api.list({ ...kind, namespace }, { maxAgeMs: seenMs });
  const labelsOf = (object: KubeObject, of: "Service" | "PodDisruptionBudget"): Record<string, string> => {
    const spec = object.spec as { selector?: unknown } | undefined;
    const selector =
      of === "Service" ? spec?.selector : (spec?.selector as { matchLabels?: unknown })?.matchLabels;
    return (selector ?? {}) as Record<string, string>;
  };
  const selecting = (kind: "Service" | "PodDisruptionBudget") => (object: KubeObject) => ({
    who: `${kind} ${object.metadata.name}`,
    matchLabels: labelsOf(object, kind),
  });
  return [...services.map(selecting("Service")), ...budgets.map(selecting("PodDisruptionBudget"))];
}
