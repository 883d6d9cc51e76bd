/**
 * Who decides how many pods stable has: we set no number that an autoscaler owns. Only its floor is raised, for as long as
 * a candidate takes traffic from stable: an autoscaler that sees stable idle would shrink it, and a restore would return
 * all traffic to what is left.
 */
import { ClusterError } from "@ml-actions/cluster/error";
import { gitopsOf } from "@ml-actions/cluster/gitops";
import type { Api, KubeObject, ObjectRef } from "@ml-actions/cluster/types";
import { z } from "zod";
import type { Fence } from "./platform.ts";
import type { PlatformContext } from "./platforms.ts";
import type { Workload } from "./workload.ts";

const hpaSchema = z.looseObject({
  spec: z.looseObject({
    scaleTargetRef: z.looseObject({ kind: z.string(), name: z.string() }),
    minReplicas: z.number().default(1),
    maxReplicas: z.number().default(1),
  }),
});
/** KEDA's, with its defaults: kedacore/keda, apis/keda/v1alpha1/scaledobject_types.go. */
const scaledSchema = z.looseObject({
  spec: z.looseObject({
    scaleTargetRef: z.looseObject({ kind: z.string().default("Deployment"), name: z.string() }),
    minReplicaCount: z.number().default(0),
    maxReplicaCount: z.number().default(100),
  }),
});

/** What scales a workload. */
export interface Autoscaler {
  ref: ObjectRef;
  object: KubeObject;
  /** Fields of its spec that hold it at or above a number, and those that would let it go below all the same. */
  floorField: "minReplicas" | "minReplicaCount";
  below: readonly string[];
  floor: number;
  ceiling: number;
  /** It keeps the workload at this number, whatever its spec says. */
  heldAt?: number;
}

/** On an autoscaler: the fields of its floor before we raised it, as JSON; null: it had none. */
export const floorBefore = "ml-actions.github.io/floor-before";

const hpaKind = { apiVersion: "autoscaling/v2", kind: "HorizontalPodAutoscaler" } as const;
const scaledKind = { apiVersion: "keda.sh/v1alpha1", kind: "ScaledObject" } as const;
/** On a HorizontalPodAutoscaler that KEDA made: the ScaledObject that it undoes changes by. */
const scaledLabel = "scaledobject.keda.sh/name";
const pausedAt = "autoscaling.keda.sh/paused-replicas";
const paused = "autoscaling.keda.sh/paused";

/** Whether anything scales a workload may have been seen so long ago, for all workloads of the namespace. */
const seenMs = 5_000;

/** The ScaledObject or the HorizontalPodAutoscaler of a workload, as it is now; null: nothing scales it that we may see. */
export async function autoscalerOf(
  api: Api,
  workload: Pick<Workload, "ref" | "spec">,
): Promise<Autoscaler | null> {
  const { namespace } = workload.ref;
  const listed = (of: typeof scaledKind | typeof hpaKind, by: Parameters<Api["list"]>[1]) =>
    api.list({ ...of, namespace }, by);
  const seen = await scalerIn(workload, (of) => listed(of, { maxAgeMs: seenMs }));
  if (seen === null) return null;
  const fieldSelector = `metadata.name=${seen.ref.name}`;
  return scalerIn(workload, (of) => (of.kind === seen.ref.kind ? listed(of, { fieldSelector }) : none));
}

const none = Promise.resolve<KubeObject[]>([]);

async function scalerIn(
  { ref, spec }: Pick<Workload, "ref" | "spec">,
  list: (of: typeof scaledKind | typeof hpaKind) => Promise<KubeObject[]>,
): Promise<Autoscaler | null> {
  for (const object of await list(scaledKind).catch(unlessAbsent)) {
    const parsed = scaledSchema.safeParse(object);
    if (!parsed.success || !isFor(parsed.data.spec.scaleTargetRef, ref)) continue;
    return scaledOf(object, parsed.data.spec, spec.replicas);
  }
  for (const object of await list(hpaKind)) {
    const parsed = hpaSchema.safeParse(object);
    // KEDA would put back what is changed in its own; where its ScaledObject is not to be seen, nobody can help that.
    if (!parsed.success || object.metadata.labels?.[scaledLabel] !== undefined) continue;
    const { scaleTargetRef, minReplicas, maxReplicas } = parsed.data.spec;
    if (!isFor(scaleTargetRef, ref)) continue;
    return {
      ref: { ...hpaKind, namespace: ref.namespace, name: object.metadata.name },
      ...{ object, floorField: "minReplicas", below: [], floor: minReplicas, ceiling: maxReplicas },
    };
  }
  return null;
}

const isFor = (target: { kind: string; name: string }, { kind, name }: ObjectRef) =>
  target.kind === kind && target.name === name;

function scaledOf(
  object: KubeObject,
  spec: { minReplicaCount: number; maxReplicaCount: number },
  replicas: number,
): Autoscaler {
  const { name, namespace = "default", annotations = {} } = object.metadata;
  const told = annotations[pausedAt];
  const heldAt = /^\d{1,6}$/.test(told ?? "")
    ? Number(told)
    : annotations[paused] === "true"
      ? replicas
      : null;
  return {
    ref: { ...scaledKind, namespace, name },
    object,
    floorField: "minReplicaCount",
    below: ["idleReplicaCount"],
    floor: heldAt ?? spec.minReplicaCount,
    ceiling: heldAt ?? spec.maxReplicaCount,
    ...(heldAt !== null && { heldAt }),
  };
}

/** KEDA is not installed, or the Role is from before it was asked for. */
function unlessAbsent(error: unknown): KubeObject[] {
  if (error instanceof ClusterError && (error.code === "no-kind" || error.code === "forbidden")) return [];
  throw error;
}

/** What keeps a rollout from being able to count on stable's pods: each as a line. */
export function problemsOfScaler(scaler: Autoscaler | null, replicas: number, runs: boolean): string[] {
  if (scaler === null || replicas > 0) return [];
  const who = `${scaler.ref.kind} ${scaler.ref.name}`;
  if (scaler.heldAt !== undefined) return [`${who} is paused and keeps it at ${scaler.heldAt} replicas`];
  if (runs) return [];
  return [
    `${who} has scaled it to 0, so that nothing runs that a candidate could be compared with or taken back to`,
  ];
}

/** Lets it have no fewer than `replicas`, as far as its ceiling goes. One that its repository would put back is left as
 * it is, and told of. */
export async function raiseFloor(
  { api, fence, onTrouble }: Pick<PlatformContext, "api" | "fence" | "onTrouble">,
  scaler: Autoscaler,
  replicas: number,
): Promise<void> {
  const { ref, object, floorField, below, floor, ceiling } = scaler;
  const wanted = Math.min(replicas, ceiling);
  if (wanted <= floor) return;
  const kept = gitopsOf(object);
  if (kept !== null) {
    const would = `belongs to ${kept.tool}, which would put its floor of ${floor} back`;
    onTrouble(`${ref.kind} ${ref.name} ${would}: it may shrink stable while the candidate has its traffic`);
    return;
  }
  const spec = object.spec as Record<string, unknown>;
  const fields = [floorField, ...below.filter((field) => spec[field] !== undefined)];
  const before = JSON.stringify(Object.fromEntries(fields.map((field) => [field, spec[field] ?? null])));
  const annotations = { [floorBefore]: object.metadata.annotations?.[floorBefore] ?? before };
  const none = Object.fromEntries(below.map((field) => [field, null]));
  await fence();
  await api.merge(ref, { metadata: { annotations }, spec: { ...none, [floorField]: wanted } });
}

/** Its floor as it was before `raiseFloor`. */
export async function giveFloorBack(api: Api, fence: Fence, scaler: Autoscaler | null): Promise<void> {
  const before = scaler?.object.metadata.annotations?.[floorBefore];
  if (scaler === null || before === undefined) return;
  const fields = fieldsBefore(before, scaler);
  await fence();
  await api.merge(scaler.ref, { metadata: { annotations: { [floorBefore]: null } }, spec: fields });
}

/** What somebody made of our annotation meanwhile is no floor: then it has none of its own. */
function fieldsBefore(text: string, { floorField, below }: Autoscaler): Record<string, number | null> {
  const count = z.number().int().nonnegative().nullable();
  const schema = z.strictObject(
    Object.fromEntries([floorField, ...below].map((field) => [field, count.optional()])),
  );
  try {
    const parsed: unknown = JSON.parse(text);
    // A bare number is what the version before this wrote.
    const fields = schema.parse(typeof parsed === "number" ? { [floorField]: parsed } : parsed);
    return Object.fromEntries(Object.entries(fields).map(([field, value]) => [field, value ?? null]));
  } catch {
    return { [floorField]: null };
  }
}
