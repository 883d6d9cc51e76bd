/** The pods of a Revision: how many it shall have at least, when they are ready, and who they are. */
import type { Api, KubeObject } from "@ml-actions/cluster/types";
import { RolloutError } from "../error.ts";
import type { Fence, PodRef } from "../kubernetes/platform.ts";
import { type Workload, workloadOf } from "../kubernetes/workload.ts";
import { isReady, podOf } from "../kubernetes/workload-pods.ts";
import { untilReady } from "../kubernetes/workload-ready.ts";
import { type Revision, revisionOf, revisionRef } from "./service.ts";

const minScale = "autoscaling.knative.dev/min-scale";
const maxScale = "autoscaling.knative.dev/max-scale";
/** On a Revision: what `min-scale` was before we raised it; `none`: it had none. */
const minScaleBefore = "ml-actions.github.io/min-scale-before";

const lookEveryMs = 400;
const belongsTo = (revision: string) => ({ labelSelector: `serving.knative.dev/revision=${revision}` });

/** Lets Knative keep at least so many pods of it, as far as its `max-scale` goes; never fewer than it must have already. */
export async function raiseScale(
  api: Api,
  fence: Fence,
  revision: Revision,
  replicas: number,
): Promise<number> {
  const { annotations } = revision;
  const ceiling = Number(annotations[maxScale] ?? 0);
  const wanted = ceiling > 0 ? Math.min(replicas, ceiling) : replicas;
  const present = annotations[minScale];
  if (Number(present ?? 0) >= wanted) return wanted;
  await fence();
  const before = annotations[minScaleBefore] ?? present ?? "none";
  await annotate(api, revision, { [minScale]: String(wanted), [minScaleBefore]: before });
  return wanted;
}

/** Its `min-scale` as it was before `raiseScale`. */
export async function giveScaleBack(api: Api, fence: Fence, revision: Revision): Promise<void> {
  const before = revision.annotations[minScaleBefore];
  if (before === undefined) return;
  await fence();
  const former = /^\d{1,9}$/.test(before) ? before : null;
  await annotate(api, revision, { [minScale]: former, [minScaleBefore]: null });
}

function annotate(
  api: Api,
  { object }: Revision,
  annotations: Record<string, string | null>,
): Promise<KubeObject> {
  const { name, namespace = "default" } = object.metadata;
  return api.merge(revisionRef(namespace, name), { metadata: { annotations } });
}

export interface UpRequest {
  replicas: number;
  container: string;
  timeoutMs: number;
  /** For the error: `the candidate flights-2`. */
  who: string;
}

/** Resolves when so many of its pods are ready and Knative counts the Revision as ready. Rejects with `not-ready` and with
 * what pods or Revision say. */
export async function untilUp(
  api: Api,
  namespace: string,
  revision: string,
  { replicas, container, timeoutMs, who }: UpRequest,
): Promise<Revision> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const found = await api.get(revisionRef(namespace, revision));
    const present = found === null ? null : revisionOf(found);
    const failed = present?.status.conditions.find(
      ({ type, status }) => type === "Ready" && status === "False",
    );
    const workload = await deploymentOf(api, namespace, revision);
    const leftMs = deadline - performance.now();
    if (workload !== null) {
      await untilReady(api, workload.ref, {
        replicas,
        timeoutMs: Math.max(0, leftMs),
        container,
        who,
        besideOlder: true,
      });
      if (present?.ready === true) return present;
    }
    // Without a Deployment there is no pod that could say more: an image that nobody has, a name that is taken.
    if (leftMs < 0 || (workload === null && failed !== undefined)) {
      const said =
        failed === undefined ? "it says nothing" : `${failed.reason}: ${failed.message}`.slice(0, 400);
      throw new RolloutError(
        "not-ready",
        `${who} is not ready: of Revision ${revision} in namespace ${namespace}, ${said}`,
        "Correct what its Revision says (kubectl describe revision), then deploy again.",
      );
    }
    await new Promise((resolve) => setTimeout(resolve, lookEveryMs));
  }
}

async function deploymentOf(api: Api, namespace: string, revision: string): Promise<Workload | null> {
  const of = { apiVersion: "apps/v1", kind: "Deployment", namespace };
  const [found] = await api.list(of, belongsTo(revision));
  return found === undefined ? null : workloadOf(found);
}

/** Its ready pods. */
export async function revisionPods(
  api: Api,
  namespace: string,
  revision: string,
  serving: { container: string; port: number },
): Promise<PodRef[]> {
  const pods = await api.list({ apiVersion: "v1", kind: "Pod", namespace }, belongsTo(revision));
  return pods
    .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
    .filter((object) => isReady(podOf(object)))
    .map(({ metadata }) => ({ namespace, name: metadata.name, uid: metadata.uid ?? "", ...serving }));
}
