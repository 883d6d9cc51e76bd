/** A Knative Service and its Revisions as we read them: narrowed once here, the rest of them untouched. */
import type { Api, KubeObject, ObjectRef } from "@ml-actions/cluster/types";
import { z } from "zod";
import { invalid } from "../kubernetes/refusals.ts";
import { shown } from "../kubernetes/workload.ts";

const strings = z.record(z.string(), z.string());

const trafficSchema = z.looseObject({
  revisionName: z.string().optional(),
  latestRevision: z.boolean().optional(),
  configurationName: z.string().optional(),
  percent: z.number().optional(),
  tag: z.string().optional(),
});
/** One line of a traffic block. Without `percent` it has 0, without `revisionName` it follows the latest ready one. */
export type TrafficEntry = z.infer<typeof trafficSchema>;

const containerSchema = z.looseObject({
  name: z.string().optional(),
  image: z.string(),
  env: z.array(z.looseObject({ name: z.string(), value: z.string().optional() })).optional(),
  ports: z.array(z.looseObject({ containerPort: z.number().optional() })).optional(),
  readinessProbe: z
    .looseObject({ httpGet: z.looseObject({ path: z.string().optional() }).optional() })
    .optional(),
});
export type KnativeContainer = z.infer<typeof containerSchema>;

const conditions = z
  .array(
    z.looseObject({
      type: z.string(),
      status: z.string(),
      reason: z.string().default(""),
      message: z.string().default(""),
    }),
  )
  .default([]);

export const templateSchema = z.looseObject({
  metadata: z
    .looseObject({ name: z.string().nullish(), annotations: strings.nullish(), labels: strings.nullish() })
    .nullish(),
  spec: z.looseObject({ containers: z.array(containerSchema).min(1) }),
});
export type RevisionTemplate = z.infer<typeof templateSchema>;

const serviceSchema = z.looseObject({
  spec: z.looseObject({ template: templateSchema, traffic: z.array(trafficSchema).optional() }),
  status: z
    .looseObject({
      observedGeneration: z.number().default(0),
      latestCreatedRevisionName: z.string().default(""),
      latestReadyRevisionName: z.string().default(""),
      traffic: z.array(trafficSchema).default([]),
      url: z.string().default(""),
      address: z.looseObject({ url: z.string().default("") }).prefault({}),
      conditions,
    })
    .prefault({}),
});

const revisionSchema = z.looseObject({
  spec: z.looseObject({ containers: z.array(containerSchema).min(1) }),
  status: z
    .looseObject({
      observedGeneration: z.number().default(0),
      actualReplicas: z.number().default(0),
      containerStatuses: z
        .array(z.looseObject({ name: z.string().default(""), imageDigest: z.string().default("") }))
        .default([]),
      conditions,
    })
    .prefault({}),
});

export interface KnativeService {
  ref: ObjectRef & { namespace: string };
  object: KubeObject;
  annotations: Record<string, string>;
  spec: z.infer<typeof serviceSchema>["spec"];
  status: z.infer<typeof serviceSchema>["status"];
  /** The status speaks of the spec as it stands. */
  observed: boolean;
}

export interface Revision {
  name: string;
  object: KubeObject;
  annotations: Record<string, string>;
  spec: z.infer<typeof revisionSchema>["spec"];
  status: z.infer<typeof revisionSchema>["status"];
  /** Has been up, and its routes may send it requests; it may stand at 0 pods until they come. */
  ready: boolean;
}

const apiVersion = "serving.knative.dev/v1";
export const serviceRef = (namespace: string, name: string): KnativeService["ref"] => ({
  apiVersion,
  kind: "Service",
  namespace,
  name,
});
export const revisionRef = (namespace: string, name: string): ObjectRef => ({
  apiVersion,
  kind: "Revision",
  namespace,
  name,
});

/** @throws RolloutError `invalid` when there is none, or it is not as this version knows them */
export async function needService(api: Api, ref: KnativeService["ref"]): Promise<KnativeService> {
  const object = await api.get(ref);
  if (object === null) {
    throw invalid(
      `There is no Knative ${shown(ref)}.`,
      "Create it first, or correct `resource` and `namespace`.",
    );
  }
  return serviceOf(object, ref);
}

export function serviceOf(object: KubeObject, ref: KnativeService["ref"]): KnativeService {
  const { spec, status } = parsed(serviceSchema, object, ref);
  const { annotations = {}, generation = 0 } = object.metadata;
  return { ref, object, annotations, spec, status, observed: status.observedGeneration >= generation };
}

/** Of that Service, oldest first. */
export async function revisionsOf(api: Api, { ref }: Pick<KnativeService, "ref">): Promise<Revision[]> {
  const { namespace, name } = ref;
  const of = { apiVersion, kind: "Revision", namespace };
  const all = await api.list(of, { labelSelector: `serving.knative.dev/service=${name}` });
  const generation = ({ metadata }: KubeObject) =>
    Number(metadata.labels?.["serving.knative.dev/configurationGeneration"] ?? 0);
  return all
    .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
    .sort((a, b) => generation(a) - generation(b))
    .map(revisionOf);
}

export function revisionOf(object: KubeObject): Revision {
  const { name, namespace = "default", annotations = {} } = object.metadata;
  const { spec, status } = parsed(revisionSchema, object, revisionRef(namespace, name));
  const ready = status.conditions.some((each) => each.type === "Ready" && each.status === "True");
  return { name, object, annotations, spec, status, ready };
}

function parsed<T>(schema: z.ZodType<T>, object: KubeObject, ref: ObjectRef): T {
  const result = schema.safeParse(object);
  if (result.success) return result.data;
  throw invalid(
    `Knative ${shown(ref)} is not as this version knows them:\n${z.prettifyError(result.error)}`,
    "Check the object (kubectl get -o yaml) and the version of Knative Serving.",
  );
}
