/** Why a pod is not ready, in the words of who knows: the scheduler, the kubelet, the runtime. Pure. */
import { plain } from "@ml-actions/cluster/error";
import type { ContainerStatus, Pod } from "./workload-pods.ts";

export interface Trouble {
  /** One line for a person. */
  text: string;
  /** Waiting cannot help. */
  hopeless: boolean;
  /** The container whose log may say more. */
  log?: string;
}

/** Ends of a container after which it is not waited for: with two, a third start will not be another. */
const enoughRestarts = 2;
const neverHelps = new Set([
  "InvalidImageName",
  "ErrImageNeverPull",
  "CreateContainerConfigError",
  "CreateContainerError",
]);

/** null: there is nothing to say but that it is on its way. */
export function troubleOf(pod: Pod): Trouble | null {
  const { status } = pod;
  if (status.phase === "Failed") {
    const why = [status.reason, status.message].filter((text) => text !== "").join(": ");
    return { text: `the pod failed${why === "" ? "" : `: ${plain(why)}`}`, hopeless: false };
  }
  for (const container of [...status.initContainerStatuses, ...status.containerStatuses]) {
    const trouble = ofContainer(container, limitOf(pod, container.name));
    if (trouble !== null) return trouble;
  }
  const scheduled = status.conditions.find(({ type }) => type === "PodScheduled");
  if (scheduled?.status === "False") {
    return { text: `${scheduled.reason || "Unschedulable"}: ${plain(scheduled.message)}`, hopeless: false };
  }
  const ready = status.conditions.find(({ type }) => type === "Ready");
  if (ready?.reason === "ReadinessGatesNotReady") {
    return {
      text: `its containers are ready, and a readiness gate is not: ${plain(ready.message)}`,
      hopeless: false,
    };
  }
  const unready = status.containerStatuses.find(({ ready, state }) => !ready && state.running !== undefined);
  return unready === undefined
    ? null
    : {
        text: `container ${unready.name} runs, and its readiness probe fails`,
        hopeless: false,
        log: unready.name,
      };
}

function ofContainer(container: ContainerStatus, limit: string | null): Trouble | null {
  const { name, state, lastState, restartCount } = container;
  const { waiting } = state;
  const ended = state.terminated ?? lastState.terminated;
  if (waiting !== undefined && neverHelps.has(waiting.reason)) {
    return { text: `container ${name}: ${waiting.reason}: ${plain(waiting.message)}`, hopeless: true };
  }
  if (waiting?.reason === "ImagePullBackOff" || waiting?.reason === "ErrImagePull") {
    // The first failure may be the network's; after it the kubelet backs off.
    return {
      text: `container ${name}: ${waiting.reason}: ${plain(waiting.message)}`,
      hopeless: waiting.reason === "ImagePullBackOff",
    };
  }
  if (ended === undefined || (ended.exitCode === 0 && ended.reason === "Completed" && restartCount === 0)) {
    return null;
  }
  if (ended.reason === "OOMKilled") {
    const bound = limit === null ? "its memory limit" : `its memory limit of ${limit}`;
    return {
      text: `container ${name} was OOMKilled ${times(restartCount + 1)}: it needs more than ${bound}`,
      hopeless: restartCount >= 1,
      log: name,
    };
  }
  if (restartCount === 0 && state.terminated === undefined) return null;
  const how = ended.signal === undefined ? `exit code ${ended.exitCode}` : `signal ${ended.signal}`;
  const message = ended.message === "" ? "" : `: ${plain(ended.message)}`;
  return {
    text: `container ${name} ends with ${how}${message} (${waiting?.reason ?? ended.reason}, ${times(restartCount)} restarted)`,
    hopeless: restartCount >= enoughRestarts,
    log: name,
  };
}

const times = (count: number) => (count === 1 ? "once" : `${count} times`);

function limitOf(pod: Pod, name: string): string | null {
  const own = pod.spec.containers.find((container) => container.name === name);
  const limits = (own as { resources?: { limits?: { memory?: unknown } } } | undefined)?.resources?.limits;
  return limits?.memory === undefined ? null : String(limits.memory);
}
