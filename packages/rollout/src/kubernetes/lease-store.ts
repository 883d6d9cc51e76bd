/** The Lease in the cluster: every change carries the resourceVersion that it was decided on, so that of two who change
 * it at once, one has to look again. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Api, KubeObject, ObjectRef } from "@ml-actions/cluster/types";
import { RolloutError } from "../error.ts";
import type { Lease } from "../target.ts";
import {
  type Heartbeat,
  isGuards,
  type LeaseView,
  leaseAnnotations,
  readLease,
  salvageLease,
  writeLease,
} from "./lease-object.ts";

/** Two sides and a guard cannot stand in each other's way this often. */
const maxAttempts = 30;
const betweenAttemptsMs = 30;
/** One try on a slow way. */
const leastPatienceMs = 500;

export interface HeldBy {
  holder: string;
  rollout: string;
  acquiredAt: number;
  ttlMs: number;
}

export class LeaseStore {
  readonly #api: Api;
  readonly #ref: ObjectRef;
  readonly #resource: string;
  readonly #parse: typeof readLease;

  /** `salvage`: for the guard. */
  constructor(api: Api, ref: ObjectRef, resource: string, { salvage = false } = {}) {
    this.#api = api;
    this.#ref = ref;
    this.#resource = resource;
    this.#parse = salvage ? salvageLease : readLease;
  }

  async read(): Promise<LeaseView> {
    return this.#parse(await this.#api.get(this.#ref), this.#resource);
  }

  /** The same, asking the API server again for no longer than this: an answer after a lease's end is of no use. */
  within(patienceMs: number): LeaseStore {
    const api = this.#api.within(Math.max(leastPatienceMs, patienceMs));
    return new LeaseStore(api, this.#ref, this.#resource, { salvage: this.#parse === salvageLease });
  }

  /** The lease when somebody has it and its time is not up by the API server's clock. */
  living(view: LeaseView): Lease | null {
    const { lease } = view;
    if (lease === null) return null;
    const leftMs = lease.expiresAt - this.#api.now();
    if (leftMs <= 0) return null;
    return { ...lease, leftMs, ...(isGuards(lease.rollout) && { guard: true as const }) };
  }

  /** Server time in whole milliseconds. */
  now(): number {
    return Math.round(this.#api.now());
  }

  /** `decide` gives who holds it from now on, `free`, or `keep`; it is asked again whenever the Lease has changed in
   * between, and may throw. Resolves with what was written, or with what was kept. */
  async change(decide: (view: LeaseView) => Promise<HeldBy | "free" | "keep">): Promise<LeaseView> {
    for (let attempt = 1; ; attempt++) {
      const view = await this.read();
      const next = await decide(view);
      if (next === "keep" || (next === "free" && view.lease === null)) return view;
      const of = { ref: this.#ref, resource: this.#resource };
      const lease = next === "free" ? null : { ...next, renewedAt: this.now() };
      const object = writeLease(view.object, of, lease);
      const written = await this.#put(object, view.object === null, attempt);
      if (written !== null) return this.#parse(written, this.#resource);
    }
  }

  /** Says that the guard lives. Rejects with `not-found` when the Lease is gone. */
  async beat(heartbeat: Heartbeat): Promise<LeaseView> {
    const patch = { metadata: { annotations: { [leaseAnnotations.guard]: JSON.stringify(heartbeat) } } };
    return this.#parse(await this.#api.merge(this.#ref, patch), this.#resource);
  }

  /** The guard takes its leave, unless somebody else holds the lease by now: then it resolves with false and has to
   * stay. A lease that has ended is free afterwards. */
  async leave(isOwn: (lease: Lease) => boolean): Promise<boolean> {
    for (let attempt = 1; ; attempt++) {
      const view = await this.read();
      if (view.object === null) return true;
      const living = this.living(view);
      if (living !== null && !isOwn(living)) return false;
      const object = writeLease(view.object, { ref: this.#ref, resource: this.#resource }, null);
      delete object.metadata.annotations?.[leaseAnnotations.guard];
      if ((await this.#put(object, false, attempt)) !== null) return true;
    }
  }

  /** null: it has changed in between. */
  async #put(object: KubeObject, isNew: boolean, attempt: number): Promise<KubeObject | null> {
    try {
      return await (isNew ? this.#api.create(object) : this.#api.replace(object));
    } catch (error) {
      if (!hasChanged(error)) throw error;
      if (attempt >= maxAttempts) throw contended(this.#ref, error);
      await sleep(betweenAttemptsMs * Math.random());
      return null;
    }
  }
}

/** Renewed at a quarter of its life, as every holder does. */
const renewalsPerLife = 4;

/** Renews in the background while `work` lasts. A renewal that fails is told and tried again: who lost the lease learns
 * it from the fence. */
export async function keepRenewed<T>(
  ttlMs: number,
  renew: () => Promise<unknown>,
  onTrouble: (message: string) => void,
  work: () => Promise<T>,
): Promise<T> {
  const stopped = new AbortController();
  const { signal } = stopped;
  const renewing = (async () => {
    for (;;) {
      await sleep(ttlMs / renewalsPerLife, undefined, { signal }).catch(() => {});
      if (signal.aborted) return;
      await renew().catch((error: Error) => onTrouble(error.message));
    }
  })();
  try {
    return await work();
  } finally {
    stopped.abort();
    await renewing;
  }
}

/** Another was faster: the object was changed, made or removed since it was read. */
export function hasChanged(error: unknown): boolean {
  const code = codeOf(error);
  return code === "conflict" || code === "exists" || code === "not-found";
}

/** The code of a `ClusterError`. */
export function codeOf(error: unknown): string | null {
  return error instanceof Error && "code" in error ? String(error.code) : null;
}

export function contended({ kind, namespace, name }: ObjectRef, cause: unknown): RolloutError {
  return new RolloutError(
    "conflict",
    `${kind} ${name} in namespace ${namespace} was changed by others each of ${maxAttempts} times that it was about to be written.`,
    "See what else writes to it: its managedFields name it.",
    { cause },
  );
}
