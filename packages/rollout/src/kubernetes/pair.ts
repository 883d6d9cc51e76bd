/** Stable's Deployment, the user's, and the candidate's beside it, ours: what platforms that run Deployments share. */
import type { Age, KubeObject } from "@ml-actions/cluster/types";
import type { Release } from "../target.ts";
import { autoscalerOf, giveFloorBack, problemsOfScaler, raiseFloor } from "./autoscaler.ts";
import { podsFor } from "./capacity.ts";
import { assertNotHealed, assertSound } from "./checks.ts";
import { names, type PodRef, type Side, type WorkloadNames } from "./platform.ts";
import type { PlatformContext } from "./platforms.ts";
import { noCandidate } from "./refusals.ts";
import {
  type Container,
  needWorkload,
  problemsOf,
  readWorkload,
  servingContainer,
  shown,
  type Workload,
} from "./workload.ts";
import { adopt, giveStrategyBack } from "./workload-adopt.ts";
import { applyCandidate, candidateRef, removeCandidate } from "./workload-candidate.ts";
import { candidateLabels, candidateName, type Selecting } from "./workload-labels.ts";
import { servingPods } from "./workload-pods.ts";
import { untilReady } from "./workload-ready.ts";
import { annotatedRelease, releaseOf } from "./workload-release.ts";

const readyTimeoutMs = 600_000;
/** How long a restore waits for pods of stable that went meanwhile; it gets the traffic in any case. */
const stableGraceMs = 20_000;

/** On the candidate's Deployment: how many pods carried all traffic before it came. */
const stableReplicas = "ml-actions.github.io/stable-replicas";

export interface Pair {
  stable: Workload;
  container: Container;
  /** null: it has never run anything of ours and stands at 0. */
  stableSide: Side | null;
  candidate: Workload | null;
  candidateSide: Side | null;
  /** Pods that carry all traffic: as stable had before the candidate came, or has by now. */
  full: number;
}

export async function readPair(context: PlatformContext, ref: Workload["ref"], age: Age = {}): Promise<Pair> {
  const { api, options } = context;
  const [stable, candidate] = await Promise.all([
    needWorkload(api, ref, age),
    candidateBeside(context, ref, age),
  ]);
  const container = servingContainer(stable, options.container);
  const release = await releaseOf(api, stable, container);
  const candidateRelease = annotatedRelease(candidate?.annotations);
  const recorded = Number(candidate?.annotations[stableReplicas] ?? 0) || 0;
  return {
    stable,
    container,
    stableSide: release === null ? null : { release, ready: isUp(stable) },
    candidate,
    candidateSide:
      candidate === null || candidateRelease === null
        ? null
        : { release: candidateRelease, ready: isUp(candidate) },
    full: Math.max(recorded, stable.spec.replicas, firstReplicas(stable, recorded)),
  };
}

/** Ours alone; null: there is none. */
export async function candidateBeside(
  { api, resource }: PlatformContext,
  stable: Workload["ref"],
  age: Age = {},
): Promise<Workload | null> {
  const found = await readWorkload(api, candidateRef(stable), age);
  return found?.annotations[names.resource] === resource ? found : null;
}

function isUp({ status, object }: Workload): boolean {
  return status.readyReplicas > 0 && status.observedGeneration >= (object.metadata.generation ?? 0);
}

/** Of a workload that stands at 0 and never stood higher: what its annotation says. */
function firstReplicas({ annotations, spec }: Workload, recorded: number): number {
  if (spec.replicas > 0 || recorded > 0) return 0;
  const asked = Number(annotations[names.replicas] ?? 1);
  return Number.isSafeInteger(asked) && asked >= 1 ? asked : 1;
}

export interface PrepareRequest {
  release: Release;
  /** All that selects pods here: see selectors.ts. */
  selecting: readonly Selecting[];
  /** Beyond what every workload must have. */
  problems?: readonly string[];
  /** The user's other objects that the rollout will write to. */
  others?: readonly KubeObject[];
  annotations?: Record<string, string>;
  podAnnotations?: Record<string, string>;
}

/** One pod of the candidate runs and is ready, or as many as there were. */
export async function prepareCandidate(
  context: PlatformContext,
  pair: Pair,
  request: PrepareRequest,
): Promise<void> {
  const { api, fence, options, resource } = context;
  const { stable, container, candidate, candidateSide } = pair;
  const { release, selecting, problems = [], others = [], annotations = {}, podAnnotations = {} } = request;
  const scaler = await autoscalerOf(api, stable);
  assertNotHealed(stable.object, ...others);
  const all = [
    ...problemsOf(stable, container),
    ...problemsOfScaler(scaler, stable.spec.replicas, pair.stableSide !== null),
    ...problems,
  ];
  assertSound(shown(stable.ref), all, "Correct what is named; nothing has been changed.");
  const same = candidateSide?.release.digest === release.digest;
  const { labels } = stable.spec.template.metadata;
  const replicas = same ? Math.max(1, candidate?.spec.replicas ?? 1) : 1;
  const full = same ? pair.full : Math.max(stable.spec.replicas, firstReplicas(stable, 0));
  await fence();
  await applyCandidate(api, {
    stable,
    container,
    release,
    labels: candidateLabels(labels, stable.spec.selector.matchLabels, selecting, resource),
    replicas,
    resource,
    annotations: { ...annotations, [stableReplicas]: String(full) },
    podAnnotations,
  });
  await untilReady(api, candidateRef(stable.ref), {
    replicas,
    timeoutMs: options.readyTimeoutMs ?? readyTimeoutMs,
    who: `the candidate ${release.label}`,
    container: container.name,
  });
}

/** Grows the candidate to that many pods, or leaves it at more. */
export async function growCandidate(context: PlatformContext, pair: Pair, wanted: number): Promise<void> {
  const { api, fence, options } = context;
  const { candidate, candidateSide, container } = pair;
  if (candidate === null || candidateSide === null) {
    if (wanted === 0) return;
    throw noCandidate("give it capacity");
  }
  const replicas = Math.max(wanted, candidate.spec.replicas);
  if (replicas !== candidate.spec.replicas) {
    await fence();
    await api.merge(candidate.ref, { spec: { replicas } }, "scale");
  }
  await untilReady(api, candidate.ref, {
    replicas: wanted,
    timeoutMs: options.readyTimeoutMs ?? readyTimeoutMs,
    who: `the candidate ${candidateSide.release.label}`,
    container: container.name,
    besideOlder: true,
  });
}

/** Pods of the candidate for a share of all requests, by what stable has for all of them. */
export const candidatePods = (percent: number, { full }: Pair): number => podsFor(percent, full);

/** Keeps what scales stable from shrinking it while others have its traffic, and waits for the pods that it needs for
 * its own part. Sets no number that an autoscaler owns, and none that a person chose. */
export async function growStable(
  context: PlatformContext,
  pair: Pair,
  candidatePercent: number,
): Promise<void> {
  const { api } = context;
  const { stable, stableSide, container, full } = pair;
  if (stableSide === null) return;
  const scaler = await autoscalerOf(api, stable);
  if (scaler !== null) await raiseFloor(context, scaler, full);
  if (candidatePercent >= 100) return;
  const needed = podsFor(100 - candidatePercent, full);
  await untilReady(api, stable.ref, {
    replicas: scaler === null ? Math.min(needed, stable.spec.replicas) : Math.min(needed, scaler.ceiling),
    timeoutMs: stableGraceMs,
    who: `stable (${stableSide.release.label})`,
    container: container.name,
    besideOlder: true,
  });
}

/** Stable's Deployment runs the candidate's release, with all its pods ready. */
export async function adoptCandidate(context: PlatformContext, pair: Pair): Promise<void> {
  const { api, fence, options } = context;
  const { stable, candidateSide, container, full } = pair;
  if (candidateSide === null) throw noCandidate("adopt it");
  await adopt(api, fence, stable.ref, {
    release: candidateSide.release,
    firstReplicas: full,
    timeoutMs: options.readyTimeoutMs ?? readyTimeoutMs,
    container: container.name,
  });
}

/** The candidate's Deployment goes, and what was borrowed for it is given back. Writes nothing where nothing is left. */
export async function cleanUpPair(context: PlatformContext, ref: Workload["ref"]): Promise<void> {
  const { api, fence, resource } = context;
  const stable = await needWorkload(api, ref);
  const candidate = await api.get(candidateRef(ref));
  await giveStrategyBack(api, fence, stable);
  await giveFloorBack(api, fence, await autoscalerOf(api, stable));
  if (candidate === null) return;
  await fence();
  await removeCandidate(api, ref, resource);
}

/** What a Deployment says of its pods may be so old: they themselves are asked for anew. */
const saidMs = 2_000;

/** @param ref stable's */
export async function pairPods(
  context: PlatformContext,
  ref: Workload["ref"],
): Promise<{ stable: PodRef[]; candidate: PodRef[] }> {
  const { api, options } = context;
  const { stable, candidate } = await readPair(context, ref, { maxAgeMs: saidMs });
  return {
    stable: await servingPods(api, stable, options.container),
    candidate: candidate === null ? [] : await servingPods(api, candidate, options.container),
  };
}

/** Before us nobody told stable's server its name. */
export function isUnnamed({ env }: Container): boolean {
  return !env.some(({ name }) => name === "ML_RELEASE");
}

/** A mark for what routes: it differs with every write. */
export function writeMark(context: PlatformContext): string {
  return `${new Date(context.api.now()).toISOString()} ${Math.random().toString(36).slice(2, 10)}`;
}

/** @param name of stable's Deployment */
export function workloadNames(name: string): Record<"stable" | "candidate", WorkloadNames> {
  return { stable: { workload: name }, candidate: { workload: candidateName(name) } };
}
