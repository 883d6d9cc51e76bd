/** Why nothing of a workload that was ready is ready any more. */
import { plain } from "@ml-actions/cluster/error";
import type { Api } from "@ml-actions/cluster/types";
import { authorOf, shownAuthor } from "./authors.ts";
import type { PlatformState } from "./platform.ts";
import { servingContainer, shown, type Workload } from "./workload.ts";
import { isCurrent, isReady, type Pod, podsOf } from "./workload-pods.ts";
import { troubleOf } from "./workload-reasons.ts";

/** Both sides' states, with the reason where one is not ready while the candidate has traffic. Otherwise nobody asks. */
export async function withReasons(
  api: Api,
  state: PlatformState,
  workloads: () => Promise<{ stable: Workload; candidate: Workload | null }>,
  container?: string,
): Promise<PlatformState> {
  const { stable, candidate } = state;
  const isDown = (stable !== null && !stable.ready) || (candidate !== null && !candidate.ready);
  if (!isDown) return state;
  const of = await workloads();
  const reasoned = async (side: typeof stable, workload: Workload | null) => {
    if (side === null || side.ready || workload === null) return side;
    const why = await whyDown(api, workload, container);
    return why === null ? { ...side, ready: true } : { ...side, why };
  };
  const [stableSide, candidateSide] = await Promise.all([
    reasoned(stable, of.stable),
    reasoned(candidate, of.candidate),
  ]);
  return { ...state, stable: stableSide, candidate: candidateSide };
}

/** One line for a person; null: a pod of the present template is ready after all. The controller that counts them may be
 * behind: others scale it, and its status is of the generation before.
 * @param container the one that serves, where it has several and nothing else says */
export async function whyDown(api: Api, workload: Workload, container?: string): Promise<string | null> {
  const { object, spec, status, ref } = workload;
  if (spec.replicas === 0) {
    const author = authorOf(object, ["spec", "replicas"]);
    return `${shown(ref)} was scaled to zero${author === undefined ? "" : ` by ${shownAuthor(author)}`}`;
  }
  const pods = await podsOf(api, workload);
  const serving = servingContainer(workload, container);
  if (pods.some((pod) => isReady(pod) && isCurrent(pod, serving))) return null;
  const failure = status.conditions.find(
    ({ type, status: is }) => type === "ReplicaFailure" && is === "True",
  );
  if (failure !== undefined) return `its pods cannot be created: ${plain(failure.message)}`;
  if (pods.length === 0) return `${shown(ref)} has no pods: they were deleted, and no others have come yet`;
  const said = pods.map((pod) => ({ pod, trouble: troubleOf(pod) })).find(({ trouble }) => trouble !== null);
  if (said === undefined || said.trouble === null)
    return `${listed(pods)}, made after others were deleted, not ready yet`;
  return `pod ${said.pod.object.metadata.name}: ${said.trouble.text}`;
}

function listed(pods: readonly Pod[]): string {
  const names = pods.map(({ object: { metadata } }) => metadata.name);
  return `pod${names.length === 1 ? "" : "s"} ${names.slice(0, 3).join(", ")}`;
}
