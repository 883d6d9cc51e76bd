/** An InferenceService as the API has it, narrowed once, and the names of what KServe makes of it. */
import type { Api, KubeObject, ObjectRef } from "@ml-actions/cluster/types";
import { z } from "zod";
import { conflict, invalid } from "../kubernetes/refusals.ts";
import { shortened } from "../kubernetes/workload-labels.ts";
import type { Predictor } from "./served.ts";

export const kserveApi = "serving.kserve.io/v1beta1";

export interface InferenceService {
  object: KubeObject;
  /** `inferenceservice/flights`, for messages. */
  where: string;
  predictor: Predictor;
  /** KServe was told to run nothing of it. */
  stopped: boolean;
  status: z.infer<typeof statusSchema>;
}

const trafficSchema = z.looseObject({
  revisionName: z.string().optional(),
  latestRevision: z.boolean().optional(),
  percent: z.number().optional(),
  tag: z.string().optional(),
});
const statusSchema = z.looseObject({
  deploymentMode: z.string().optional(),
  url: z.string().optional(),
  components: z
    .looseObject({
      predictor: z
        .looseObject({
          url: z.string().optional(),
          latestCreatedRevision: z.string().optional(),
          latestReadyRevision: z.string().optional(),
          latestRolledoutRevision: z.string().optional(),
          previousRolledoutRevision: z.string().optional(),
          traffic: z.array(trafficSchema).optional(),
        })
        .optional(),
    })
    .optional(),
  conditions: z
    .array(z.looseObject({ type: z.string(), status: z.string(), message: z.string().optional() }))
    .optional(),
});

export const stopAnnotation = "serving.kserve.io/stop";

export function inferenceServiceRef(namespace: string, name: string): ObjectRef {
  return { apiVersion: kserveApi, kind: "InferenceService", namespace, name };
}

/** null: there is none. */
export async function readInferenceService(
  api: Api,
  namespace: string,
  name: string,
): Promise<InferenceService | null> {
  const object = await api.get(inferenceServiceRef(namespace, name));
  return object === null ? null : narrowed(object);
}

function narrowed(object: KubeObject): InferenceService {
  const { predictor } = (object.spec ?? {}) as { predictor?: Predictor };
  return {
    object,
    where: `inferenceservice/${object.metadata.name}`,
    predictor: predictor ?? {},
    stopped: object.metadata.annotations?.[stopAnnotation]?.toLowerCase() === "true",
    status: statusSchema.parse(object.status ?? {}),
  };
}

/** The user's own. Rejects with `invalid` when there is none, or with `conflict` when it is served in a way beside which
 * no candidate can be put. */
export async function usersService(api: Api, namespace: string, name: string): Promise<InferenceService> {
  const service = await readInferenceService(api, namespace, name);
  if (service === null)
    throw invalid(
      `There is no inferenceservice/${name} in namespace ${namespace}.`,
      "Apply the InferenceService once; every release after that is rolled out into it.",
    );
  const { canary } = service.object.spec as { canary?: unknown[] };
  if ((canary?.length ?? 0) > 0)
    throw conflict(
      `${service.where} has spec.canary, by which somebody else rolls out; KServe 0.20 says such canaries are ready while it routes nothing to them.`,
      "Remove spec.canary.",
    );
  return service;
}

/** The name of a candidate's InferenceService. KServe makes Services and labels of it, of at most 63 characters. */
export function candidateName(name: string): string {
  const [suffix, made] = ["-candidate", "isvc.-predictor".length];
  return shortened(name, 63 - suffix.length - made) + suffix;
}

/** KServe's Service and Deployment of a predictor, which have one name. */
export function predictorName({ object, predictor }: InferenceService): string {
  return [object.metadata.name, ...(predictor.name ? [predictor.name] : []), "predictor"].join("-");
}
