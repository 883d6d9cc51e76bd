/** What a Knative Service and its Revisions say of a rollout now. */
import { plain } from "@ml-actions/cluster/error";
import { authorOf } from "../kubernetes/authors.ts";
import type { PlatformState, Side } from "../kubernetes/platform.ts";
import type { PlatformContext } from "../kubernetes/platforms.ts";
import { conflict } from "../kubernetes/refusals.ts";
import { shown } from "../kubernetes/workload.ts";
import { annotatedRelease } from "../kubernetes/workload-release.ts";
import type { Release } from "../target.ts";
import { type Memo, memoAnnotation, memoOf } from "./memo.ts";
import {
  type KnativeContainer,
  type KnativeService,
  needService,
  type Revision,
  revisionsOf,
  serviceRef,
  type TrafficEntry,
} from "./service.ts";
import { releaseOfRevision, servingIndex } from "./template.ts";
import { percentByRevision } from "./traffic.ts";

export interface View {
  service: KnativeService;
  /** Oldest first. */
  revisions: Revision[];
  memo: Memo | null;
  /** The traffic block as the user had it; null: none. */
  user: readonly TrafficEntry[] | null;
  /** null: none was ever made. */
  stable: Revision | null;
  /** Nothing was ever served here. */
  empty: boolean;
  candidate: Revision | null;
  candidatePercent: number;
}

export async function readView(context: PlatformContext): Promise<View> {
  const { api, namespace, name } = context;
  const service = await needService(api, serviceRef(namespace, name));
  return viewOf(service, await revisionsOf(api, service));
}

/** Pure. */
export function viewOf(service: KnativeService, revisions: Revision[]): View {
  const memo = memoOf(service);
  const named = (name: string | null) => revisions.find((each) => each.name === name) ?? null;
  const { spec, status } = service;
  const stable = named(memo?.stable ?? ownerOf(service));
  if (memo !== null && stable === null) throw stableGone(memo.stable, service);
  const candidate = named(memo?.candidate ?? null);
  // What routes now, as soon as that is of the spec as it stands; what is on its way there until then.
  const seen = percentByRevision(
    service.observed && status.traffic.length > 0 ? status.traffic : (spec.traffic ?? []),
  );
  return {
    ...{ service, revisions, memo, stable, candidate },
    user: memo === null ? (spec.traffic ?? null) : (memo.traffic as TrafficEntry[] | null),
    empty: memo?.empty ?? (stable === null || status.latestReadyRevisionName === ""),
    candidatePercent:
      candidate === null || candidate.name === stable?.name ? 0 : (seen.get(candidate.name) ?? 0),
  };
}

function stableGone(revision: string, { ref }: KnativeService) {
  return conflict(
    `Revision ${revision}, which is stable in the rollout of Knative ${shown(ref)}, is not there any more.`,
    `Give a Revision that is ready all traffic in spec.traffic by hand, and remove the annotation ${memoAnnotation}.`,
  );
}

/** The Revision that has the traffic where no rollout is on its way. */
function ownerOf({ spec, status }: KnativeService): string | null {
  const [routed] = percentByRevision(status.traffic).keys();
  const [asked] = percentByRevision(spec.traffic ?? []).keys();
  return routed || asked || status.latestReadyRevisionName || status.latestCreatedRevisionName || null;
}

/** Of a Revision, the container that serves, and where it stands. */
export function servingOf(
  revision: Revision,
  option?: string,
): { index: number; container: KnativeContainer } {
  const { containers } = revision.spec;
  const index = servingIndex(containers, revision.name, option);
  return { index, container: containers[index] as KnativeContainer };
}

/** As Knative names containers that have no name. */
export const containerName = ({ name }: KnativeContainer): string => name ?? "user-container";

/** As Knative gives it where there is none. */
export const containerPort = ({ ports }: KnativeContainer): number => ports?.[0]?.containerPort ?? 8080;

/** Before us nobody told stable's server its name. */
export const isUnnamed = ({ env }: KnativeContainer): boolean =>
  !(env ?? []).some(({ name }) => name === "ML_RELEASE");

/** @throws RolloutError `conflict` while Knative has not resolved its image to a digest */
export function releaseIn(revision: Revision, option?: string): Release {
  const { index, container } = servingOf(revision, option);
  const release = releaseOfRevision(revision, index);
  if (release !== null) return release;
  throw conflict(
    `Revision ${revision.name} has the image ${container.image} without a digest, and Knative has not resolved it.`,
    "Give its image by digest, or let Knative resolve tags of its registry (ConfigMap config-deployment).",
  );
}

export function stateOf(view: View, option?: string): PlatformState {
  const { stable, candidate, empty, candidatePercent, service } = view;
  const splitBy = authorOf(service.object, ["spec", "traffic"]);
  const side = (revision: Revision): Side => ({
    release: releaseIn(revision, option),
    ready: revision.ready,
    ...(!revision.ready && { why: whyDown(revision) }),
  });
  return {
    stable: stable === null || empty ? null : side(stable),
    candidate: candidate === null ? null : side(candidate),
    candidatePercent,
    mirrorPercent: 0,
    ...(splitBy !== undefined && { splitBy }),
    url: service.status.url,
  };
}

/** In Knative's own words. */
function whyDown({ name, status }: Revision): string {
  const said = status.conditions.find(({ type, status: is }) => type === "Ready" && is !== "True");
  const words = [said?.reason, said?.message].filter((text) => text !== undefined && text !== "");
  return `Revision ${name}${words.length === 0 ? " is not Ready" : `: ${plain(words.join(": "))}`}`;
}

/** Revisions that a rollout of ours made after stable's, and that no traffic entry names: what a restore leaves.
 * @param stable as it was while the rollout lasted */
export function leftBehind({ revisions, service }: View, stable: Revision, option?: string): Revision[] {
  const digest = (revision: Revision) =>
    releaseOfRevision(revision, servingOf(revision, option).index)?.digest;
  const named = new Set((service.spec.traffic ?? []).map(({ revisionName }) => revisionName));
  const at = revisions.findIndex(({ name }) => name === stable.name);
  return revisions.slice(at + 1).filter((revision) => {
    const { container } = servingOf(revision, option);
    // The image that our annotation tells of: a Revision of the user's own is the user's.
    const ours = annotatedRelease(revision.annotations)?.image === container.image;
    const latest = revision.name === service.status.latestCreatedRevisionName;
    return ours && digest(revision) !== digest(stable) && !named.has(revision.name) && !latest;
  });
}
