/** A Deployment as we read it: narrowed once here, with the object itself kept for copying. */
import type { Age, Api, KubeObject, ObjectRef } from "@ml-actions/cluster/types";
import { z } from "zod";
import { RolloutError } from "../error.ts";
import { invalid } from "./refusals.ts";

const port = z.union([z.string(), z.number()]);
const containerSchema = z.looseObject({
  name: z.string(),
  image: z.string().default(""),
  env: z.array(z.looseObject({ name: z.string(), value: z.string().optional() })).default([]),
  ports: z.array(z.looseObject({ name: z.string().optional(), containerPort: z.number() })).default([]),
  resources: z
    .looseObject({
      requests: z.record(z.string(), z.unknown()).default({}),
      limits: z.record(z.string(), z.unknown()).default({}),
    })
    .default({ requests: {}, limits: {} }),
  readinessProbe: z
    .looseObject({ httpGet: z.looseObject({ path: z.string().optional(), port }).optional() })
    .optional(),
  lifecycle: z.looseObject({ preStop: z.unknown() }).optional(),
});
export type Container = z.infer<typeof containerSchema>;

const labels = z.record(z.string(), z.string()).default({});
const templateSchema = z.looseObject({
  metadata: z.looseObject({ labels, annotations: labels }).default({ labels: {}, annotations: {} }),
  spec: z.looseObject({
    containers: z.array(containerSchema).min(1),
    terminationGracePeriodSeconds: z.number().optional(),
    imagePullSecrets: z.array(z.looseObject({ name: z.string().optional() })).default([]),
  }),
});
export type PodTemplate = z.infer<typeof templateSchema>;

const intOrPercent = z.union([z.number(), z.string()]);
const deploymentSchema = z.looseObject({
  spec: z.looseObject({
    replicas: z.number().default(1),
    paused: z.boolean().default(false),
    selector: z.looseObject({ matchLabels: labels }),
    template: templateSchema,
    strategy: z
      .looseObject({
        type: z.string().default("RollingUpdate"),
        rollingUpdate: z
          .looseObject({ maxUnavailable: intOrPercent.optional(), maxSurge: intOrPercent.optional() })
          .optional(),
      })
      .default({ type: "RollingUpdate" }),
  }),
  status: z
    .looseObject({
      observedGeneration: z.number().default(0),
      replicas: z.number().default(0),
      updatedReplicas: z.number().default(0),
      readyReplicas: z.number().default(0),
      availableReplicas: z.number().default(0),
      conditions: z
        .array(z.looseObject({ type: z.string(), status: z.string(), message: z.string().default("") }))
        .default([]),
    })
    .prefault({}),
});
type Parsed = z.infer<typeof deploymentSchema>;

export interface Workload {
  /** As the API has it. */
  object: KubeObject;
  ref: ObjectRef & { namespace: string };
  annotations: Record<string, string>;
  spec: Parsed["spec"];
  status: Parsed["status"];
}

export const deploymentRef = (namespace: string, name: string): Workload["ref"] => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  namespace,
  name,
});

/** null: there is none. */
export async function readWorkload(api: Api, ref: Workload["ref"], age: Age = {}): Promise<Workload | null> {
  const object = await api.get(ref, age);
  return object === null ? null : workloadOf(object);
}

/** Rejects with `invalid` when there is none. */
export async function needWorkload(api: Api, ref: Workload["ref"], age: Age = {}): Promise<Workload> {
  const workload = await readWorkload(api, ref, age);
  if (workload !== null) return workload;
  throw invalid(
    `There is no ${shown(ref)}.`,
    "Create it first (with 0 replicas where nothing shall run before the first deploy), or correct `resource` and `namespace`.",
  );
}

export function workloadOf(object: KubeObject): Workload {
  const { name, namespace = "default", annotations = {} } = object.metadata;
  const ref = deploymentRef(namespace, name);
  const parsed = deploymentSchema.safeParse(object);
  if (!parsed.success) {
    throw new RolloutError(
      "invalid",
      `${shown(ref)} is not as this version knows Deployments:\n${z.prettifyError(parsed.error)}`,
      "Check the object (kubectl get -o yaml) and the version of the cluster.",
    );
  }
  return { object, ref, annotations, spec: parsed.data.spec, status: parsed.data.status };
}

/** `Deployment flights in namespace ml`. */
export function shown({ kind, name, namespace }: ObjectRef): string {
  return namespace === undefined ? `${kind} ${name}` : `${kind} ${name} in namespace ${namespace}`;
}

const defaultContainer = "kubectl.kubernetes.io/default-container";

/** The container that serves: the only one, or the one that `option` or the default-container annotation names.
 * @throws RolloutError `invalid` naming those that there are */
export function servingContainer({ ref, spec }: Pick<Workload, "ref" | "spec">, option?: string): Container {
  const { containers } = spec.template.spec;
  const named = option ?? spec.template.metadata.annotations[defaultContainer];
  const [first] = containers as [Container];
  if (named === undefined && containers.length === 1) return first;
  const found = containers.find(({ name }) => name === named);
  if (found !== undefined) return found;
  const there = containers.map(({ name }) => name).join(", ");
  throw invalid(
    named === undefined
      ? `${shown(ref)} has several containers (${there}), and nothing says which of them serves.`
      : `${shown(ref)} has no container ${JSON.stringify(named)}: there is ${there}.`,
    `Name one of them in the input \`container\`, or in the pod template's annotation ${defaultContainer}.`,
  );
}

/** The port that the container serves on: the one of its readiness probe, else the first that it names. */
export function servingPort({ ports, readinessProbe }: Container): number | null {
  const probed = readinessProbe?.httpGet?.port;
  if (typeof probed === "number") return probed;
  return (ports.find(({ name }) => name === probed) ?? ports[0])?.containerPort ?? null;
}

/** What a workload must have before a candidate is made of it: each problem as a line, none when all is there.
 * Without requests a candidate takes stable's share of the node; without a limit, its memory; without a readiness probe
 * every pod counts as ready before it is. */
export function problemsOf(workload: Workload, container: Container): string[] {
  const { requests, limits } = container.resources;
  const where = `container ${container.name}`;
  const lacking = [
    ...(["cpu", "memory"] as const)
      .filter((name) => requests[name] === undefined)
      .map((name) => `requests.${name}`),
    ...(limits.memory === undefined ? ["limits.memory"] : []),
  ];
  return [
    ...(lacking.length === 0 ? [] : [`${where} has no ${lacking.join(", ")} in its resources`]),
    ...(container.readinessProbe === undefined ? [`${where} has no readinessProbe`] : []),
    ...(servingPort(container) === null ? [`${where} names no port`] : []),
    // What is written into a paused Deployment comes into its pods when it is resumed, whatever is judged by then.
    ...(workload.spec.paused
      ? ["it is paused (spec.paused), so that a promotion would not reach its pods"]
      : []),
    ...(Object.keys(workload.spec.selector.matchLabels).length === 0
      ? ["its selector has no matchLabels"]
      : []),
  ];
}
