/** What a ledger on Kubernetes offers beyond a ledger, and what it is opened with: shapes only. */
import type { Api, ObjectRef, Right } from "@ml-actions/cluster/types";
import type { HistoryEntry, Ledger, Release } from "../target.ts";
import type { KubernetesTargetName } from "../targets/names.ts";
import type { Fence } from "./platform.ts";
import type { PlatformOptions } from "./platforms.ts";

/** Lease, journal and history of one resource, in a Lease and a ConfigMap beside it. */
export interface KubernetesLedger extends Ledger {
  /** Before every write to the platform. Rejects with `lease-lost` when the rollout that this process took the lease
   * for does not hold it any more, and with `lease-held` when it took none and another holds it. Passes when it took
   * none and nobody holds it: what changes nobody's traffic needs no lease. */
  fence: Fence;
  /** Before traffic moves to a candidate: as `fence`, but a lease is needed (`lease-lost`), and with guard `required`
   * a guard that lives (`no-guard`). */
  fenceTraffic: Fence;
  /** The point after which a promotion is carried to its end, never back: the candidate is the head of the history,
   * under the rollout that holds the lease. Idempotent. */
  commit(candidate: Release): Promise<void>;
  /** The head of the history; null when nothing was ever promoted here. `known`: while this process holds the lease, as it
   * last read or wrote it, for nobody else writes it then; not for what a write is decided on. */
  committed(how?: { known?: boolean }): Promise<HistoryEntry | null>;
  /** The pod of the guard that answers `POST /probe` on port 8099; null when none lives. */
  guardPod(): Promise<{ namespace: string; name: string } | null>;
  /** Ends what runs in the background. Gives nothing back. */
  close(): void;
}

export interface LedgerOptions {
  api: Api;
  namespace: string;
  /** `deployment/flights`: the same text wherever this resource's ledger is opened. */
  resource: string;
  /** null: nobody restores stable when this process vanishes. */
  guard: GuardOptions | null;
  /** Stable at 100 %, or a committed promotion carried to its end: asked when the lease is given back with the rollout
   * open. The lease is held and renewed meanwhile. */
  restore: () => Promise<void>;
  /** The user's object that shows the last step in an annotation. Left out where annotations reach the pods. */
  annotated?: ObjectRef;
  /** What goes wrong without ending anything: a guard that is not heard, an annotation that may not be written. */
  onTrouble?: (message: string) => void;
}

export interface GuardOptions {
  /** `required`: no lease without a guard that lives. `auto`: goes on without, and says why. */
  mode: "required" | "auto";
  /** Path of the guard's program, one file: `Programs.guard`. */
  program: string;
  /** Tried in this order, asked when the guard is started. */
  images: () => Promise<readonly GuardImage[]>;
  /** What the guard restores through. */
  target: GuardedTarget;
  /** What the guard must be allowed, the ledger's own aside; it looks itself, and says what it lacks. */
  rights: readonly Right[];
  /** `host` or `host:port` that its probe may ask. */
  probeHosts: readonly string[];
  /** For errors: `docs/rbac/deployment.yaml`. */
  rbacFile: string;
  /** How long its pod may take to live: 120 s unless told otherwise. */
  startTimeoutMs?: number;
}

/** Plain JSON: it travels in the Job. */
export interface GuardedTarget {
  name: KubernetesTargetName;
  /** Name of the user's object. */
  object: string;
  options: PlatformOptions;
}

export interface GuardImage {
  image: string;
  /** Of that image: `/nodejs/bin/node` unless told otherwise. */
  node?: string;
  /** Names of secrets. */
  pullSecrets?: readonly string[];
}

/** What the guard restores through: `kubernetesTarget` with the guard's own ledger. */
export interface Guarded {
  /** As `Target.restore`. */
  restore(): Promise<void>;
}
