/** The pods of a Deployment, narrowed once. */
import type { Api, KubeObject } from "@ml-actions/cluster/types";
import { z } from "zod";
import type { PodRef } from "./platform.ts";
import { type Container, servingContainer, servingPort, type Workload } from "./workload.ts";

const state = z.looseObject({
  waiting: z.looseObject({ reason: z.string().default(""), message: z.string().default("") }).optional(),
  running: z.looseObject({}).optional(),
  terminated: z
    .looseObject({
      reason: z.string().default(""),
      message: z.string().default(""),
      exitCode: z.number().default(0),
      signal: z.number().optional(),
    })
    .optional(),
});
const containerStatus = z.looseObject({
  name: z.string(),
  ready: z.boolean().default(false),
  restartCount: z.number().default(0),
  imageID: z.string().default(""),
  state: state.default({}),
  lastState: state.default({}),
});
const podSchema = z.looseObject({
  spec: z.looseObject({
    nodeName: z.string().optional(),
    containers: z.array(
      z.looseObject({
        name: z.string(),
        image: z.string().default(""),
        env: z.array(z.looseObject({ name: z.string(), value: z.string().optional() })).default([]),
      }),
    ),
  }),
  status: z
    .looseObject({
      phase: z.string().default(""),
      reason: z.string().default(""),
      message: z.string().default(""),
      conditions: z
        .array(
          z.looseObject({
            type: z.string(),
            status: z.string(),
            reason: z.string().default(""),
            message: z.string().default(""),
          }),
        )
        .default([]),
      containerStatuses: z.array(containerStatus).default([]),
      initContainerStatuses: z.array(containerStatus).default([]),
    })
    .prefault({}),
});

export type Pod = z.infer<typeof podSchema> & { object: KubeObject };
export type ContainerStatus = z.infer<typeof containerStatus>;

export const podOf = (object: KubeObject): Pod => ({ ...podSchema.parse(object), object });

/** Those that its ReplicaSets made and that are not on their way out. Labels alone do not tell: a candidate may have all
 * of stable's. */
export async function podsOf(api: Api, workload: Pick<Workload, "ref" | "spec">): Promise<Pod[]> {
  const { namespace, name } = workload.ref;
  const labelSelector = Object.entries(workload.spec.selector.matchLabels)
    .map(([key, value]) => `${key}=${value}`)
    .join(",");
  const pods = await api.list({ apiVersion: "v1", kind: "Pod", namespace }, { labelSelector });
  return pods
    .filter(({ metadata }) => metadata.deletionTimestamp === undefined && isOwned(metadata, name))
    .map(podOf);
}

/** The ReplicaSet of a Deployment is named after it and the hash that its pods carry as a label. */
function isOwned({ ownerReferences = [], labels = {} }: KubeObject["metadata"], deployment: string): boolean {
  const owner = ownerReferences.find(({ controller }) => controller === true);
  return owner?.kind === "ReplicaSet" && owner.name === `${deployment}-${labels["pod-template-hash"]}`;
}

export function isReady(pod: Pod): boolean {
  return pod.status.conditions.some(({ type, status }) => type === "Ready" && status === "True");
}

/** Whether a pod is of the template as it stands: same image and same release in the container that serves. */
export function isCurrent(pod: Pod, { name, image, env }: Template): boolean {
  const own = pod.spec.containers.find((container) => container.name === name);
  const release = (list: Template["env"]) => list.find((entry) => entry.name === "ML_RELEASE")?.value;
  return own !== undefined && own.image === image && release(own.env) === release(env);
}
interface Template {
  name: string;
  image: string;
  env: readonly { name: string; value?: string | undefined }[];
}

/** The ready pods of a workload, as those whose metrics and logs are read. */
export async function servingPods(api: Api, workload: Workload, container?: string): Promise<PodRef[]> {
  const serving = servingContainer(workload, container);
  const port = servingPort(serving);
  if (port === null) return [];
  const metrics = metricsOf(workload, serving);
  return (await podsOf(api, workload)).filter(isReady).map(({ object: { metadata } }) => ({
    namespace: workload.ref.namespace,
    name: metadata.name,
    uid: metadata.uid ?? "",
    port,
    container: serving.name,
    ...(metrics !== null && { metrics }),
  }));
}

/** Where its counters are, as its owner says it for Prometheus, or by the name of a port: Triton and MLServer have one
 * for them alone. */
function metricsOf(
  { spec }: Pick<Workload, "spec">,
  { ports }: Pick<Container, "ports">,
): NonNullable<PodRef["metrics"]> | null {
  const { "prometheus.io/port": told, "prometheus.io/path": path } = spec.template.metadata.annotations;
  const named = ports.find(({ name }) => /^(http-)?(metrics|prometheus|prom)$/.test(name ?? ""));
  const port = /^\d{1,5}$/.test(told ?? "") ? Number(told) : named?.containerPort;
  const usable = path?.startsWith("/") === true;
  if (port === undefined && !usable) return null;
  return { ...(port !== undefined && { port }), ...(usable && { path }) };
}
