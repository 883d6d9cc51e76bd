/** In which of its modes KServe runs an InferenceService: everything about traffic differs. */
import type { Api } from "@ml-actions/cluster/types";
import { invalid } from "../kubernetes/refusals.ts";
import type { InferenceService } from "./inference-service.ts";

export type Mode = "Standard" | "Knative";

/** What older versions call them. */
const modes: Record<string, Mode> = {
  Standard: "Standard",
  RawDeployment: "Standard",
  Knative: "Knative",
  Serverless: "Knative",
};

export const modeAnnotation = "serving.kserve.io/deploymentMode";
/** Where KServe is installed, unless somebody moved it; its manager is told the same name. */
const configuration = {
  apiVersion: "v1",
  kind: "ConfigMap",
  namespace: "kserve",
  name: "inferenceservice-config",
};

/** As KServe itself decides: by its status, else the annotation, else the installation's default. Rejects with `invalid`
 * for a mode that has no canaries. */
export async function modeOf(api: Api, { object, status, where }: InferenceService): Promise<Mode> {
  const said =
    status.deploymentMode || object.metadata.annotations?.[modeAnnotation] || (await installed(api));
  const mode = said === null ? undefined : modes[said];
  if (mode !== undefined) return mode;
  if (said === null)
    throw invalid(
      `KServe has not said yet in which mode it runs ${where}, and its configuration cannot be read.`,
      `Set the annotation ${modeAnnotation}: Standard (or Knative), or wait until KServe has taken the InferenceService up.`,
    );
  throw invalid(
    `KServe runs ${where} in mode ${said.slice(0, 100)}, in which nothing can be rolled out step by step.`,
    `Use mode Standard or Knative (annotation ${modeAnnotation}).`,
  );
}

/** null: it cannot be read, which takes a right in KServe's own namespace. */
async function installed(api: Api): Promise<string | null> {
  const found = await api.get(configuration).catch(() => null);
  try {
    const { defaultDeploymentMode } = JSON.parse(found?.data?.deploy ?? "{}") as {
      defaultDeploymentMode?: unknown;
    };
    return typeof defaultDeploymentMode === "string" ? defaultDeploymentMode : null;
  } catch {
    return null;
  }
}
