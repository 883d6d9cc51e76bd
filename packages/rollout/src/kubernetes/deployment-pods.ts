/** Pods of the candidate that a Service sends requests to: they carry its labels, the others do not. */
import type { Api } from "@ml-actions/cluster/types";
import type { Fence } from "./platform.ts";
import type { Workload } from "./workload.ts";
import { selects } from "./workload-labels.ts";
import { isReady, type Pod, podsOf } from "./workload-pods.ts";

export interface InService {
  /** Ready pods with the Service's labels. */
  inside: Pod[];
  /** Ready pods without. */
  outside: Pod[];
  /** Pods with the Service's labels that are not ready: one that ended and starts anew would be behind the Service again. */
  down: Pod[];
}

export async function inService(
  api: Api,
  candidate: Workload,
  selector: Record<string, string>,
): Promise<InService> {
  const all = await podsOf(api, candidate);
  const ready = all.filter(isReady);
  const isInside = (pod: Pod) => selects(selector, pod.object.metadata.labels ?? {});
  return {
    inside: ready.filter(isInside),
    outside: ready.filter((pod) => !isInside(pod)),
    down: all.filter((pod) => !isReady(pod) && isInside(pod)),
  };
}

/** The pod gets the Service's labels. One that has changed since it was read is left alone: `conflict`. */
export function moveIn(api: Api, fence: Fence, pod: Pod, selector: Record<string, string>): Promise<void> {
  return label(api, fence, pod, selector);
}

/** The pod gets back the labels of its template; it runs on, and answers what it has. */
export function moveOut(
  api: Api,
  fence: Fence,
  pod: Pod,
  selector: Record<string, string>,
  candidate: Workload,
): Promise<void> {
  const own = candidate.spec.template.metadata.labels;
  return label(
    api,
    fence,
    pod,
    Object.fromEntries(Object.keys(selector).map((key) => [key, own[key] ?? null])),
  );
}

async function label(api: Api, fence: Fence, pod: Pod, labels: Record<string, string | null>): Promise<void> {
  const { name, namespace, uid } = pod.object.metadata;
  await fence();
  await api.merge(
    { apiVersion: "v1", kind: "Pod", name, ...(namespace !== undefined && { namespace }) },
    { metadata: { ...(uid !== undefined && { uid }), labels } },
  );
}
