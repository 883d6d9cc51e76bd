/** A place with the user's own objects, for tests of one target's traps. */

import type { KubeObject } from "@ml-actions/cluster/types";
import type { KubernetesTarget } from "@ml-actions/rollout/kubernetes/open";
import { rightsOf } from "@ml-actions/rollout/kubernetes/rights";
import type { Entrance } from "@ml-actions/rollout/local/testing/load";
import { type KubernetesTargetName, openTarget } from "@ml-actions/rollout/targets/index";
import { createPlace, type Place } from "./place.ts";

export interface TrafficPlace extends Place {
  entrance: Entrance;
  /** As a runner with exactly the rights of `docs/rbac` in the namespace, and none elsewhere. */
  openRestricted(): Promise<KubernetesTarget>;
}

/** @param objects of the namespace that has that name, whose traffic comes in where the result says */
export async function inPlaceOf(
  target: KubernetesTargetName,
  objects: (namespace: string) => Promise<{ objects: KubeObject[]; entrance: Entrance }>,
  work: (place: TrafficPlace) => Promise<void>,
): Promise<void> {
  const place = await createPlace(target, false);
  const restricted: KubernetesTarget[] = [];
  try {
    const { objects: all, entrance } = await objects(place.namespace.name);
    await place.namespace.apply(all);
    const openRestricted = async () => {
      const rules = rightsOf(target).runner.map(({ group, resource, subresource, verbs, name }) => ({
        ...{
          apiGroups: [group],
          verbs,
          resources: [subresource === undefined ? resource : `${resource}/${subresource}`],
        },
        ...(name !== undefined && !verbs.includes("create") && { resourceNames: [name] }),
      }));
      const opened = await openTarget(target, {
        ...{ name: "flights", namespace: place.namespace.name, guard: "off", readyTimeoutMs: 90_000 },
        kubeconfig: await place.namespace.restricted(rules),
        onTrouble: (trouble) => place.troubles.push(trouble),
      });
      restricted.push(opened);
      return opened;
    };
    await work({ ...place, entrance, openRestricted });
  } finally {
    for (const opened of restricted) opened.close();
    await place.close();
  }
}

/** A change that somebody else makes to an object. */
export async function patched(place: Place, kind: string, patch: unknown): Promise<void> {
  const type = Array.isArray(patch) ? "json" : "merge";
  await place.namespace.kubectl(["patch", kind, "flights", `--type=${type}`, "-p", JSON.stringify(patch)]);
}
