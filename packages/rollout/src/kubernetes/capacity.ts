/**
 * How many pods each side needs for a split, and who decides how many stable has: we set no number that an autoscaler
 * owns. Only its floor is raised, for as long as a candidate takes traffic from stable: an autoscaler that sees stable
 * idle would shrink it, and a restore would return all traffic to what is left.
 */
import type { Api, KubeObject, ObjectRef } from "@ml-actions/cluster/types";
import { z } from "zod";
import type { Fence } from "./platform.ts";
import type { Workload } from "./workload.ts";

/** Pods for a share: of `stable` pods that carry all traffic, rounded up, at least one. */
export function podsFor(percent: number, stable: number): number {
  return percent <= 0 ? 0 : Math.max(1, Math.ceil((Math.max(1, stable) * percent) / 100 - 1e-9));
}

const hpaSchema = z.looseObject({
  spec: z.looseObject({
    scaleTargetRef: z.looseObject({ kind: z.string(), name: z.string() }),
    minReplicas: z.number().default(1),
    maxReplicas: z.number().default(1),
  }),
});

/** What scales a workload. */
export interface Autoscaler {
  ref: ObjectRef;
  object: KubeObject;
  /** Of its spec. */
  floorField: "minReplicas" | "minReplicaCount";
  floor: number;
  ceiling: number;
}

/** On an autoscaler: its floor before we raised it. */
export const floorBefore = "ml-actions.github.io/floor-before";

const hpaKind = { apiVersion: "autoscaling/v2", kind: "HorizontalPodAutoscaler" } as const;

/** The HorizontalPodAutoscaler of a workload; null: none scales it, or we may not look. */
export async function autoscalerOf(api: Api, { ref }: Pick<Workload, "ref">): Promise<Autoscaler | null> {
  const all = await api.list({ ...hpaKind, namespace: ref.namespace });
  for (const object of all) {
    const parsed = hpaSchema.safeParse(object);
    if (!parsed.success) continue;
    const { scaleTargetRef, minReplicas, maxReplicas } = parsed.data.spec;
    if (scaleTargetRef.kind !== ref.kind || scaleTargetRef.name !== ref.name) continue;
    const hpa = { ...hpaKind, namespace: ref.namespace, name: object.metadata.name };
    return { ref: hpa, object, floorField: "minReplicas", floor: minReplicas, ceiling: maxReplicas };
  }
  return null;
}

/** Lets it have no fewer than `replicas`, as far as its ceiling goes. */
export async function raiseFloor(
  api: Api,
  fence: Fence,
  scaler: Autoscaler,
  replicas: number,
): Promise<void> {
  const wanted = Math.min(replicas, scaler.ceiling);
  if (wanted <= scaler.floor) return;
  const before = scaler.object.metadata.annotations?.[floorBefore] ?? String(scaler.floor);
  await fence();
  await api.merge(scaler.ref, {
    metadata: { annotations: { [floorBefore]: before } },
    spec: { [scaler.floorField]: wanted },
  });
}

/** Its floor as it was before `raiseFloor`. */
export async function giveFloorBack(api: Api, fence: Fence, scaler: Autoscaler | null): Promise<void> {
  const before = scaler?.object.metadata.annotations?.[floorBefore];
  if (scaler === null || before === undefined) return;
  await fence();
  await api.merge(scaler.ref, {
    metadata: { annotations: { [floorBefore]: null } },
    spec: { [scaler.floorField]: /^\d{1,9}$/.test(before) ? Number(before) : 1 },
  });
}
