/**
 * What differs between the ways in which Kubernetes runs and routes releases. `target.ts` beside this makes a `Target`
 * of any of them: the order of capacity and traffic, the commit of a promotion and the way back are the same everywhere
 * and are said there once.
 */
import type { CountedPod } from "@ml-actions/telemetry/pods";
import type { Author, Release } from "../target.ts";

/** One side as its objects say it is now. */
export interface Side {
  release: Release;
  /** Answers its readiness probe, at the newest generation, with at least one replica. */
  ready: boolean;
  /** Why it is not, where somebody knows. */
  why?: string;
}

/** What runs and what share it is given, as the objects say now. */
export interface PlatformState {
  /** null: the workload is there, but has never had a release of ours and runs nothing. */
  stable: Side | null;
  candidate: Side | null;
  candidatePercent: number;
  mirrorPercent: number;
  /** Who last wrote what shares traffic out. Left out where nobody is named. */
  splitBy?: Author;
  /** What has a share and is neither side. */
  strangers?: readonly string[];
  /** Where people and traffic reach it. */
  url: string;
  /** Where the proof asks, if that is another address. */
  entrance?: string;
}

/** A pod that answers for a side. */
export interface PodRef {
  namespace: string;
  name: string;
  uid: string;
  /** Of the container that serves. */
  port: number;
  container: string;
  /** Where its counters are, if not at `/metrics` of that port. */
  metrics?: { port?: number; path?: string };
}

/** As `CountedPod` of `@ml-actions/telemetry` has it. */
export function countedPod({ namespace, name, uid, port, metrics }: PodRef): CountedPod {
  const { path } = metrics ?? {};
  return { namespace, name, uid, port: metrics?.port ?? port, ...(path !== undefined && { path }) };
}

/** Every call is idempotent and may be taken up by another process after any interruption. Before every write it asks
 * the fence it was opened with. Rejects with a `RolloutError` that names the object. */
export interface Platform {
  read(): Promise<PlatformState>;
  /** The candidate runs and is ready, without any traffic. Replaces another candidate that gets none.
   * `not-ready` says what its pods say: the image that cannot be pulled, the container that ends, the probe that fails. */
  prepare(candidate: Release): Promise<void>;
  /** Grows both sides, and shrinks none, until each can carry its part of that split, or the candidate the copies of that
   * part; resolves when the pods are ready. */
  capacity(candidatePercent: number, of?: "split" | "copies"): Promise<void>;
  /** Writes the split; resolves when the router has taken it at the observed generation. */
  route(candidatePercent: number): Promise<void>;
  /** Rejects with `not-routed` when measured answers do not have those shares. */
  prove(candidatePercent: number): Promise<void>;
  /** A copy of that part of stable's requests to the candidate, whose answers reach nobody. */
  mirror(percent: number): Promise<void>;
  /** false: `mirror` rejects whenever it is asked for a share. Left out: what `platforms` says of the target. */
  mirrors?: false;
  /** While the candidate has all traffic: stable's own workload gets the candidate's release and is ready with full
   * capacity. */
  adopt(): Promise<void>;
  /** While stable has all traffic: the candidate and everything that was made for it goes, also from specs. */
  cleanUp(): Promise<void>;
  /** The pods of both sides that serve now. */
  pods(): Promise<{ stable: PodRef[]; candidate: PodRef[] }>;
  /** How series of metrics name both sides. */
  workloads(): Promise<{ stable: WorkloadNames; candidate: WorkloadNames }>;
}

/** As `SideNames` of `@ml-actions/telemetry` has them. */
export interface WorkloadNames {
  /** Of the Deployment that runs it. */
  workload: string;
  /** Knative's. */
  revision?: string;
  /** Of the gateway's Envoy, for this side alone. */
  backend?: string;
}

/** Rejects with `lease-lost` or `lease-held` when the rollout that this process speaks for does not hold the lease. */
export type Fence = () => Promise<void>;

/** Annotations and labels of ours. */
export const names = {
  /** On a workload: the release it runs, as JSON. */
  release: "ml-actions.github.io/release",
  /** On every object that was made for a candidate, and on its pods: `candidate`. */
  side: "ml-actions.github.io/side",
  /** On every object of ours: the resource it belongs to. */
  resource: "ml-actions.github.io/resource",
  /** On what routes: rollout and time of the last change. It changes with every write, so that a write that was
   * prepared before another's cannot come after it unseen. */
  fence: "ml-actions.github.io/fence",
  /** On what routes while there is a candidate: the weight that stable had before; `none`: it had none. */
  weightBefore: "ml-actions.github.io/weight-before",
  /** On the user's workload: how many replicas the first release gets where the workload stands at 0. */
  replicas: "ml-actions.github.io/replicas",
} as const;
