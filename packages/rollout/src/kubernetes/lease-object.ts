/** The Lease object: what we write into one and read from one. Times are the API server's. Pure. */
import type { KubeObject, ObjectRef } from "@ml-actions/cluster/types";
import { z } from "zod";
import { RolloutError } from "../error.ts";
import { line } from "../schemas.ts";
import type { Lease } from "../target.ts";
import { assertOurs, ours } from "./ledger-names.ts";
import { names } from "./platform.ts";

const prefix = names.resource.slice(0, names.resource.indexOf("/"));
export const leaseAnnotations = {
  /** The holder in words; `holderIdentity` is the rollout. */
  holder: `${prefix}/holder`,
  /** `leaseDurationSeconds` counts whole seconds only. */
  ttlMs: `${prefix}/ttl-ms`,
  /** That the guard lives, written by itself. */
  guard: `${prefix}/guard`,
} as const;

/** The guard's own rollout while it restores another one's stable. No run's id begins so. */
export const guardRollout = (rollout: string): string => `guard:${rollout}`.slice(0, 500);
export const isGuards = (rollout: string): boolean => rollout.startsWith("guard:");

/** A sign of life of the guard. */
export const heartbeatSchema = z.object({
  /** By the API server's clock. */
  at: z.number(),
  /** Hash of its program and settings: a runner of another version wants another guard. */
  spec: z.string(),
  job: z.string().nullable(),
  pod: z.string(),
  /** Rights that it found missing, in words. */
  lacks: z.array(z.string()).default([]),
  /** What keeps it from restoring. */
  trouble: z.string().nullable().default(null),
});
export type Heartbeat = z.infer<typeof heartbeatSchema>;

/** The guard says so every 5 s; the API may be away for a while without the guard being dead. */
const heardMs = 20_000;

/** `now`: server time. */
export function isHeard(heartbeat: Heartbeat | null, now: number): boolean {
  return heartbeat !== null && now - heartbeat.at < heardMs;
}

/** A Lease as it was read. `lease` also when its time is up: `isLiving` tells. */
export interface LeaseView {
  object: KubeObject | null;
  lease: Lease | null;
  heartbeat: Heartbeat | null;
  /** Somebody changed it so that it says nothing. Seen by the guard alone; for others that is an error. */
  broken?: true;
}

/** By the API server's clock; 0: nobody has it. */
export const endOfLease = ({ lease }: LeaseView): number => lease?.expiresAt ?? 0;

const specSchema = z.object({
  holderIdentity: line.nullish(),
  leaseDurationSeconds: z.number().positive().nullish(),
  acquireTime: z.string().nullish(),
  renewTime: z.string().nullish(),
  leaseTransitions: z.number().nullish(),
});

/** @throws RolloutError `invalid` when it is not one that we wrote */
export function readLease(object: KubeObject | null, resource: string): LeaseView {
  if (object === null) return { object, lease: null, heartbeat: null };
  assertOurs(object, resource);
  const annotations = object.metadata.annotations ?? {};
  const heartbeat = readHeartbeat(annotations[leaseAnnotations.guard]);
  const spec = specSchema.safeParse(object.spec ?? {});
  if (!spec.success) throw malformed(object, z.prettifyError(spec.error));
  const { holderIdentity: rollout, leaseDurationSeconds, acquireTime, renewTime } = spec.data;
  if (rollout === null || rollout === undefined) return { object, lease: null, heartbeat };
  const renewedAt = Date.parse(renewTime ?? "");
  const acquiredAt = Date.parse(acquireTime ?? renewTime ?? "");
  const ttlMs = Number(annotations[leaseAnnotations.ttlMs] ?? (leaseDurationSeconds ?? Number.NaN) * 1000);
  if (!Number.isFinite(renewedAt) || !Number.isFinite(acquiredAt)) {
    throw malformed(object, "renewTime or acquireTime is no time");
  }
  if (!Number.isFinite(ttlMs) || ttlMs <= 0) throw malformed(object, "how long it lasts is not said");
  const holder = annotations[leaseAnnotations.holder] ?? rollout;
  return { object, lease: { holder, rollout, acquiredAt, expiresAt: renewedAt + ttlMs }, heartbeat };
}

/** A sign of life that cannot be read is none. */
function readHeartbeat(text: string | undefined): Heartbeat | null {
  if (text === undefined) return null;
  try {
    return heartbeatSchema.parse(JSON.parse(text));
  } catch {
    return null;
  }
}

/** As `readLease`; one that says nothing is nobody's: while it says nothing, nobody renews it. */
export function salvageLease(object: KubeObject | null, resource: string): LeaseView {
  try {
    return readLease(object, resource);
  } catch (error) {
    if (!(error instanceof RolloutError)) throw error;
    return { object, lease: null, heartbeat: null, broken: true };
  }
}

/** The object with the lease held as given, or held by nobody; everything else that is in it stays. */
export function writeLease(
  previous: KubeObject | null,
  of: { ref: ObjectRef; resource: string },
  lease: { holder: string; rollout: string; acquiredAt: number; renewedAt: number; ttlMs: number } | null,
): KubeObject {
  const { labels, annotations } = ours(of.resource);
  const kept = { ...previous?.metadata.annotations, ...annotations };
  delete kept[leaseAnnotations.holder];
  delete kept[leaseAnnotations.ttlMs];
  const before = specSchema.safeParse(previous?.spec ?? {}).data;
  const transitions = before?.leaseTransitions ?? 0;
  const metadata = {
    ...(previous?.metadata ?? {
      name: of.ref.name,
      ...(of.ref.namespace && { namespace: of.ref.namespace }),
    }),
    labels: { ...previous?.metadata.labels, ...labels },
  };
  const base = { apiVersion: of.ref.apiVersion, kind: of.ref.kind };
  if (lease === null) {
    return { ...base, metadata: { ...metadata, annotations: kept }, spec: { leaseTransitions: transitions } };
  }
  const { holder, rollout, acquiredAt, renewedAt, ttlMs } = lease;
  const changesHands = before?.holderIdentity !== rollout;
  return {
    ...base,
    metadata: {
      ...metadata,
      annotations: {
        ...kept,
        [leaseAnnotations.holder]: holder,
        [leaseAnnotations.ttlMs]: String(ttlMs),
      },
    },
    spec: {
      holderIdentity: rollout,
      leaseDurationSeconds: Math.max(1, Math.ceil(ttlMs / 1000)),
      acquireTime: microTime(acquiredAt),
      renewTime: microTime(renewedAt),
      leaseTransitions: transitions + (changesHands ? 1 : 0),
    },
  };
}

/** `metav1.MicroTime`, which has exactly six digits after the point. */
function microTime(ms: number): string {
  return new Date(ms).toISOString().replace("Z", "000Z");
}

function malformed(object: KubeObject, what: string): RolloutError {
  const { name, namespace = "" } = object.metadata;
  return new RolloutError(
    "invalid",
    `Lease ${name} in namespace ${namespace} is not as ml-actions writes it: ${what}`,
    `Somebody else changed it. When no rollout is under way: kubectl -n ${namespace} delete lease ${name}. A new one is made.`,
  );
}
