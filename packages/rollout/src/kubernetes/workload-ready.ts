/** Waits until a Deployment's pods are ready, and says what they say when they are not. */
import { plain } from "@ml-actions/cluster/error";
import type { Api } from "@ml-actions/cluster/types";
import { RolloutError } from "../error.ts";
import { needWorkload, servingContainer, shown, type Workload } from "./workload.ts";
import { isCurrent, isReady, type Pod, podsOf } from "./workload-pods.ts";
import { type Trouble, troubleOf } from "./workload-reasons.ts";

export interface ReadyRequest {
  /** At least so many pods of the present template are ready; and, where nothing else is said, no older ones are left. */
  replicas: number;
  timeoutMs: number;
  container?: string;
  /** For the error: `the candidate flights-2`. */
  who: string;
  /** Older pods may still run. */
  besideOlder?: boolean;
}

const lookEveryMs = 400;
/** What the pods say for themselves, while they are not ready. */
const listEveryMs = 2_000;
/** What creates pods is refused (a quota, a policy): for this long it is tried again. */
const createPatienceMs = 15_000;
const logLines = 5;
/** The API gives the log's beginning: what does not get ready has not written much. */
const logBytes = 1024 * 1024;

/** Resolves with the workload once it is ready. Rejects with `not-ready`, early where waiting cannot help. */
export async function untilReady(api: Api, ref: Workload["ref"], request: ReadyRequest): Promise<Workload> {
  const deadline = performance.now() + request.timeoutMs;
  const begun = performance.now();
  let listedAt = Number.NEGATIVE_INFINITY;
  for (; ; await new Promise((resolve) => setTimeout(resolve, lookEveryMs))) {
    const workload = await needWorkload(api, ref);
    const container = servingContainer(workload, request.container);
    const observed = workload.status.observedGeneration >= (workload.object.metadata.generation ?? 0);
    if (observed && request.replicas === 0) return workload;
    const due = performance.now() > Math.min(deadline, listedAt + listEveryMs);
    if (!due && !mayBeReady(workload, request)) continue;
    if (observed) listedAt = performance.now();
    const pods = observed ? await podsOf(api, workload) : [];
    const current = pods.filter((pod) => isCurrent(pod, container));
    const aside = request.besideOlder === true || current.length === pods.length;
    if (observed && aside && current.filter(isReady).length >= request.replicas) return workload;
    const troubles = current.filter((pod) => !isReady(pod)).map((pod) => ({ pod, trouble: troubleOf(pod) }));
    const refused = refusalOf(workload, performance.now() - begun);
    const hopeless = troubles.find(({ trouble }) => trouble?.hopeless === true);
    const late = performance.now() > deadline;
    if (hopeless !== undefined || refused?.hopeless === true || late) {
      const first = hopeless ?? troubles.find(({ trouble }) => trouble !== null);
      const seen = { ready: current.filter(isReady).length, pods: current.length };
      throw await notReady(api, ref, request, { ...first, refused, late, seen });
    }
  }
}

/** By the controller's count, which may be behind. */
function mayBeReady(
  { status: { readyReplicas, updatedReplicas } }: Workload,
  { replicas }: ReadyRequest,
): boolean {
  return readyReplicas >= replicas && updatedReplicas >= replicas;
}

/** What keeps the ReplicaSet from making pods. */
function refusalOf({ status }: Workload, sinceMs: number): Trouble | null {
  const failure = status.conditions.find(
    ({ type, status: is }) => type === "ReplicaFailure" && is === "True",
  );
  if (failure === undefined) return null;
  return {
    text: `its pods cannot be created: ${plain(failure.message)}`,
    hopeless: sinceMs > createPatienceMs,
  };
}

interface Findings {
  pod?: Pod;
  trouble?: Trouble | null;
  refused: Trouble | null;
  late: boolean;
  seen: { ready: number; pods: number };
}

async function notReady(
  api: Api,
  ref: Workload["ref"],
  { who, replicas, timeoutMs }: ReadyRequest,
  { pod, trouble, refused, late, seen }: Findings,
): Promise<RolloutError> {
  const waited = late ? ` within ${timeoutMs / 1000} s` : "";
  const why = [
    ...(refused === null ? [] : [refused.text]),
    ...(pod === undefined || trouble == null
      ? []
      : [`pod ${pod.object.metadata.name}: ${trouble.text}`, ...(await evidenceOf(api, pod, trouble))]),
  ];
  const found = why.length === 0 ? `${seen.pods} of its pods are there and say nothing` : why.join("; ");
  return new RolloutError(
    "not-ready",
    `${who} is not ready${waited} (${seen.ready} of ${replicas} pods of ${shown(ref)}): ${found}`,
    remedyOf(trouble ?? refused, late),
  );
}

function remedyOf(trouble: Trouble | null | undefined, late: boolean): string {
  const text = trouble?.text ?? "";
  if (/ImagePull|InvalidImageName|ErrImage/.test(text)) {
    return "Check that the cluster can pull this image: its name, and imagePullSecrets for its registry.";
  }
  if (text.includes("OOMKilled")) return "Raise limits.memory of the container, or make the model smaller.";
  if (/Unschedulable|insufficient/i.test(text)) {
    return "Make room for it: nodes, quotas, or smaller requests; a rollout runs both releases at once.";
  }
  return late
    ? "Find out what it waits for, or give it more time (`ready-timeout`), then deploy again."
    : "Correct what its pods say, then deploy again.";
}

/** The last lines of the log and the kubelet's last words about a probe; nothing where we may not read them. */
async function evidenceOf(api: Api, pod: Pod, { log, text }: Trouble): Promise<string[]> {
  const { name, namespace = "default" } = pod.object.metadata;
  const found: string[] = [];
  if (text.includes("readiness probe")) {
    const of = { apiVersion: "v1", kind: "Event", namespace };
    const fieldSelector = `involvedObject.name=${name},reason=Unhealthy`;
    const events = await api.list(of, { fieldSelector }).catch(() => []);
    const said = (events.at(-1) as { message?: unknown } | undefined)?.message;
    if (typeof said === "string") found.push(plain(said));
  }
  if (log !== undefined) {
    const lines = await lastLines(api, { namespace, name, container: log }).catch(() => []);
    if (lines.length > 0) found.push(`its log ends: ${lines.map((line) => plain(line, 200)).join(" | ")}`);
  }
  return found;
}

async function lastLines(
  api: Api,
  pod: { namespace: string; name: string; container: string },
): Promise<string[]> {
  const last: string[] = [];
  for await (const line of api.podLog({ ...pod, limitBytes: logBytes })) {
    if (line.trim() === "" || (line.startsWith("{") && line.includes('"request_id"'))) continue;
    last.push(line);
    if (last.length > logLines) last.shift();
  }
  return last;
}
