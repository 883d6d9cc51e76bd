/**
 * The traffic block of a Knative Service: which one follows from which state. During a rollout every share is of a named
 * Revision: `latestRevision` would give a Revision traffic for no other reason than that it became ready. Tags without a
 * share are the user's and stay. Pure.
 */
import { conflict, invalid } from "../kubernetes/refusals.ts";
import type { TrafficEntry } from "./service.ts";

/** Of the candidate: with it a Revision at 0 % still counts as reachable, else Knative scales it to 0. */
export const candidateTag = "ml-candidate";

export interface Shares {
  /** Revision. */
  stable: string;
  /** Revision; null: there is none yet. Equal to `stable` once it was adopted. */
  candidate: string | null;
  candidatePercent: number;
  /** Stable never was ready: a block that names it cannot be routed at all. */
  empty?: boolean;
}

const shareOf = ({ percent = 0 }: TrafficEntry) => percent;

/**
 * @param user the block as the user had it; null: none, all to the latest
 * @returns the user's tags, stable's share with the user's tag where it had one, the candidate's share
 */
export function rolloutTraffic(user: readonly TrafficEntry[] | null, shares: Shares): TrafficEntry[] {
  const { stable, candidate, candidatePercent, empty = false } = shares;
  const own = user?.find((entry) => shareOf(entry) > 0);
  const kept = (user ?? []).filter((entry) => shareOf(entry) === 0);
  const beside = candidate !== null && candidate !== stable;
  const entry = (revisionName: string, percent: number, tag: string | undefined): TrafficEntry => ({
    revisionName,
    latestRevision: false,
    percent,
    ...(tag !== undefined && { tag }),
  });
  return [
    ...kept,
    ...(empty && candidatePercent === 100
      ? []
      : [entry(stable, beside ? 100 - candidatePercent : 100, own?.tag)]),
    ...(beside ? [entry(candidate, candidatePercent, candidateTag)] : []),
  ];
}

/** In the user's own style, with `stable` in place of the Revision that had all traffic. null: no block at all.
 * The style that follows the latest Revision may be given back only once that is `stable`'s: see `cleanUp`. */
export function userTraffic(user: readonly TrafficEntry[] | null, stable: string): TrafficEntry[] | null {
  if (user === null) return null;
  return user.map((entry) =>
    shareOf(entry) > 0 && entry.revisionName !== undefined
      ? { ...entry, revisionName: stable, latestRevision: false }
      : { ...entry },
  );
}

/** Whether all traffic follows the latest ready Revision, as where there is no block. */
export function followsLatest(user: readonly TrafficEntry[] | null): boolean {
  const own = user?.find((entry) => shareOf(entry) > 0);
  return own === undefined || own.revisionName === undefined;
}

/** @throws RolloutError when the user's block is no one Revision's: by name, since only its owner knows what it is for */
export function assertOneOwner(user: readonly TrafficEntry[] | null, service: string): void {
  const shared = (user ?? []).filter((entry) => shareOf(entry) > 0);
  if (shared.length > 1) {
    const listed = shared.map(
      (entry) => `${entry.revisionName ?? "the latest Revision"} ${shareOf(entry)} %`,
    );
    throw conflict(
      `The traffic of Knative Service ${service} is split already: ${listed.join(", ")}.`,
      "Give one Revision (or latestRevision) 100 % in spec.traffic, then deploy again.",
    );
  }
  const taken = (user ?? []).find(({ tag }) => tag === candidateTag);
  if (taken !== undefined) {
    throw conflict(
      `The traffic block of Knative Service ${service} has the tag ${candidateTag} for ${taken.revisionName ?? "the latest Revision"}, which a rollout needs for its candidate.`,
      "Remove that entry from spec.traffic, then deploy again.",
    );
  }
}

/** @throws RolloutError `invalid`: Knative has whole percents */
export function assertWhole(percent: number): void {
  if (Number.isInteger(percent)) return;
  throw invalid(
    `Knative splits traffic in whole percents, and ${percent} % is none.`,
    "Use whole numbers in `steps`.",
  );
}

/** Whether the entries of a status give these Revisions these shares, and nobody else any. */
export function hasShares(seen: readonly TrafficEntry[], shares: Shares): boolean {
  const given = percentByRevision(seen);
  const wanted = percentByRevision(rolloutTraffic(null, shares));
  return given.size === wanted.size && [...wanted].every(([name, percent]) => given.get(name) === percent);
}

/** Shares above 0, by Revision; `""`: one that no Revision stands for yet. */
export function percentByRevision(entries: readonly TrafficEntry[]): Map<string, number> {
  const shares = new Map<string, number>();
  for (const entry of entries) {
    const name = entry.revisionName ?? "";
    if (shareOf(entry) > 0) shares.set(name, (shares.get(name) ?? 0) + shareOf(entry));
  }
  return shares;
}
