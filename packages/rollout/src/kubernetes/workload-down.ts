/** Why nothing of a workload that was ready is ready any more. */
import { plain } from "@ml-actions/cluster/error";
import type { Api } from "@ml-actions/cluster/types";
import { authorOf, shownAuthor } from "./authors.ts";
import type { PlatformState } from "./platform.ts";
import { shown, type Workload } from "./workload.ts";
import { type Pod, podsOf } from "./workload-pods.ts";
import { troubleOf } from "./workload-reasons.ts";

/** Both sides' states, with the reason where one is not ready while the candidate has traffic. Otherwise nobody asks. */
export async function withReasons(
  api: Api,
  state: PlatformState,
  workloads: () => Promise<{ stable: Workload; candidate: Workload | null }>,
): Promise<PlatformState> {
  const { stable, candidate } = state;
  const isDown = (stable !== null && !stable.ready) || (candidate !== null && !candidate.ready);
  if (!isDown) return state;
  const of = await workloads();
  const reasoned = async (side: typeof stable, workload: Workload | null) =>
    side === null || side.ready || workload === null ? side : { ...side, why: await whyDown(api, workload) };
  const [stableSide, candidateSide] = await Promise.all([
    reasoned(stable, of.stable),
    reasoned(candidate, of.candidate),
  ]);
  return { ...state, stable: stableSide, candidate: candidateSide };
}

/** One line for a person. */
export async function whyDown(api: Api, workload: Workload): Promise<string> {
  const { object, spec, status, ref } = workload;
  if (spec.replicas === 0) {
    const author = authorOf(object, ["spec", "replicas"]);
    return `${shown(ref)} was scaled to zero${author === undefined ? "" : ` by ${shownAuthor(author)}`}`;
  }
  const failure = status.conditions.find(
    ({ type, status: is }) => type === "ReplicaFailure" && is === "True",
  );
  if (failure !== undefined) return `its pods cannot be created: ${plain(failure.message)}`;
  const pods = await podsOf(api, workload);
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
