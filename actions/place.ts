/** What opens the place where a release runs, whichever target is meant: the actions on targets know no other way. */
import type { ActionContext } from "@ml-actions/action-kit/action";
import type { OpenTarget } from "@ml-actions/rollout/targets/open-target";
import type { Keeping } from "./gitops-keeper.ts";
import type { Resource } from "./resource.ts";
import { type TargetInputs, type TargetName, targetOf } from "./target-inputs.ts";

/** One resource at one target. Making it touches nothing; `open` takes no lease and moves no traffic. */
export interface Place {
  target: TargetName;
  /** As people write it: `flights`, `httproute/flights`. */
  resource: string;
  /** null: no cluster. */
  cluster: { namespace: string; name: string } | null;
  /** Who would undo a change here, because it keeps the objects as a repository has them; only where `gitops`
   * says more than `stop` is there anybody. */
  kept: Keeping | null;
  /** Of rollouts and rollbacks here. */
  leaseTtlMs: number;
  /** @param log hears as warnings what goes wrong without ending anything */
  open(log: Pick<PlaceContext["log"], "warning" | "info">): Promise<OpenPlace>;
}

export interface OpenPlace extends OpenTarget {
  /** The guard's state now, in a few words for people; null where it is part of the target itself. Never rejects. */
  guard(): Promise<string | null>;
  /** Ends what runs in the background of this process. Traffic, releases and guard stay. */
  close(): void;
}

/** What is asked of a place: `change` needs the rights to shift traffic, and nobody who would undo it. */
export type Purpose = "change" | "read";

/** The inputs that say which place is meant; which of them an action has is its own affair. */
export interface PlaceInputs extends TargetInputs {
  resource: Resource;
  namespace?: string | undefined;
  kubeconfig?: string | undefined;
  context?: string | undefined;
  guard?: "required" | "auto" | "off";
  "guard-image"?: string | undefined;
  container?: string | undefined;
  gitops?: "stop" | "commit" | "pull-request";
  telemetry?: "auto" | "pods" | "prometheus";
  prometheus?: string | undefined;
  queries?: Readonly<Record<string, string>> | undefined;
  "local-port"?: number;
  "local-state"?: string | undefined;
}

export type PlaceContext = Pick<
  ActionContext<Record<string, string>>,
  "log" | "programs" | "holder" | "environment"
>;

/**
 * The places that the inputs mean: one, or those that a selector selects, by name.
 *
 * @throws UserError, ClusterError: what keeps it from being opened for that purpose, everything at once; nothing was
 *   touched
 */
export async function placesOf(
  inputs: PlaceInputs,
  context: PlaceContext,
  purpose: Purpose,
): Promise<Place[]> {
  const target = targetOf(inputs);
  if (target === "local") {
    const { localPlace } = await import("./local-place.ts");
    return [localPlace(inputs, context)];
  }
  const { clusterPlaces } = await import("./cluster-place.ts");
  return clusterPlaces(target, inputs, context, purpose);
}
