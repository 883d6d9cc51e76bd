/**
 * The guard: the dead man's switch beside the target. It looks at the lease, and when nobody renews it with the rollout
 * open, takes it, gives stable all traffic, says so in the journal, and goes. It never acts while the lease is renewed,
 * and a lease that is taken from it ends its work at once: the next fence refuses.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { ClusterError } from "@ml-actions/cluster/error";
import type { Api, Right } from "@ml-actions/cluster/types";
import { RolloutError } from "../error.ts";
import type { Lease } from "../target.ts";
import { guardLedgerRights, rightText } from "./guard-rights.ts";
import { guardRollout, type LeaseView } from "./lease-object.ts";
import { isSession } from "./lease-refusals.ts";
import { codeOf, LeaseStore } from "./lease-store.ts";
import { ClusterLedger } from "./ledger.ts";
import { ledgerObjects } from "./ledger-names.ts";
import type { Guarded, KubernetesLedger } from "./ledger-types.ts";

export interface WatchOptions {
  api: Api;
  namespace: string;
  resource: string;
  /** Hash of program and settings, for the runner to know its own guard by. */
  spec: string;
  /** This pod's name. A container that is started again in it goes on with what it had begun. */
  pod: string;
  /** uid of the Job that this is; null in a process of its own. */
  job: string | null;
  /** What the target needs. */
  rights: readonly Right[];
  open: (ledger: KubernetesLedger) => Promise<Guarded>;
  log: (line: string) => void;
  signal?: AbortSignal;
}

/** Together with a lease of 20 s: a runner that vanished is noticed within 22 s. */
const lookEveryMs = 2_000;
const beatEveryMs = 5_000;
/** A guard whose node died in the middle is followed by another after this. */
const ttlMs = 15_000;
/** Below the life of its lease, which it keeps between two tries. */
const maxBackoffMs = 5_000;
/** After a call that was patient already: users wait for the first look once the API server is back. */
const awayPauseMs = 1_000;

/** Resolves when the lease is free and no rollout open, having removed its own Job; or when `signal` aborts. */
export function watchLease(options: WatchOptions): Promise<void> {
  return new Watch(options).run();
}

class Watch {
  readonly #options: WatchOptions;
  readonly #leases: LeaseStore;
  readonly #ledger: ClusterLedger;
  readonly #stopped = new AbortController();
  #guarded: Promise<Guarded> | null = null;
  #lacks: string[] = [];
  #hasBeaten = false;
  #trouble: string | null = null;

  constructor(options: WatchOptions) {
    const { api, namespace, resource, log } = options;
    this.#options = options;
    this.#leases = new LeaseStore(api, ledgerObjects(namespace, resource).lease, resource, { salvage: true });
    const restore = async () => (await this.#target()).restore();
    this.#ledger = new ClusterLedger(
      { api, namespace, resource, guard: null, restore, onTrouble: log },
      { salvage: true },
    );
  }

  async run(): Promise<void> {
    const { signal, log } = this.#options;
    signal?.addEventListener("abort", () => this.#stopped.abort(), { once: true });
    const beating = this.#keepBeating();
    for (let failures = 0; !this.#isStopped; ) {
      try {
        if (await this.#look()) break;
        failures = 0;
        this.#trouble = null;
      } catch (error) {
        const { message } = error as Error;
        log(message);
        // Another took the lease: nothing is wrong, and the next look sees who.
        const lost = error instanceof RolloutError && error.code.startsWith("lease-");
        this.#trouble = lost ? null : message.slice(0, 1_000);
        if (!lost) await this.#beat().catch(() => {});
        await this.#sleep(
          lost ? 0 : isAway(error) ? awayPauseMs : Math.min(1_000 * 2 ** failures++, maxBackoffMs),
        );
      }
    }
    this.#stopped.abort();
    await beating;
  }

  get #isStopped(): boolean {
    return this.#stopped.signal.aborted;
  }

  /** True: there is nothing left to guard, and the Job is on its way out. */
  async #look(): Promise<boolean> {
    const view = await this.#leases.read();
    const living = this.#leases.living(view);
    if (living !== null && !this.#isOwn(living)) {
      // At its end, and not up to two seconds after it.
      await this.#sleep(Math.min(lookEveryMs, (living.leftMs ?? 0) + 10));
      return false;
    }
    const reason = await this.#reasonToAct(view);
    if (reason !== null) await this.#act(reason);
    return this.#leave();
  }

  #isOwn(lease: Lease): boolean {
    return isSession(lease, { rollout: lease.rollout, holder: this.#holder }) && lease.guard === true;
  }

  get #holder(): string {
    return `guard ${this.#options.pod}`;
  }

  /** null: nobody needs it. What cannot be read counts as open: users must not stay on a candidate for it. */
  async #reasonToAct(view: LeaseView): Promise<string | null> {
    const { open, whole, missing } = await this.#ledger.openRollout();
    const returned = view.object !== null && view.lease === null && view.broken !== true;
    if (whole && open === null) return null;
    if (missing && returned) return null;
    if (view.lease === null) {
      const how = returned ? "given back" : view.broken ? "made unreadable" : "deleted";
      return `the lease was ${how} with the rollout open`;
    }
    const { holder, rollout } = view.lease;
    return `the lease expired without renewal (held by ${holder} for rollout ${rollout})`;
  }

  async #act(reason: string): Promise<void> {
    const { log } = this.#options;
    const { open } = await this.#ledger.openRollout();
    const rollout = guardRollout(open?.rollout ?? "unknown");
    // Refused when it was renewed since it was read.
    await this.#ledger.hold({ holder: this.#holder, rollout, ttlMs });
    log(`${reason}: restoring stable`);
    await this.#ledger.keepRenewed(() => this.#ledger.closeOpen(reason));
    log("stable is restored, or the promotion that was committed is through");
    await this.#ledger.release(rollout);
  }

  async #leave(): Promise<boolean> {
    const { api, namespace, resource, job, log } = this.#options;
    if (!(await this.#leases.leave((lease) => this.#isOwn(lease)))) return false;
    log("nothing left to guard");
    this.#stopped.abort();
    if (job === null) return true;
    await api
      .remove(ledgerObjects(namespace, resource).job, { uid: job, propagation: "Background" })
      .catch((error: Error) => log(`the Job stays for the cluster to remove: ${error.message}`));
    return true;
  }

  async #keepBeating(): Promise<void> {
    const { api, namespace, resource, rights, log } = this.#options;
    while (!this.#isStopped) {
      try {
        if (this.#lacks.length > 0 || !this.#hasBeaten) {
          const lacking = await api.lacking([...rights, ...guardLedgerRights(namespace, resource)]);
          this.#lacks = lacking.map(rightText);
        }
        await this.#beat();
        this.#hasBeaten = true;
      } catch (error) {
        // Deleted: the look takes care of it.
        if (codeOf(error) !== "not-found") log((error as Error).message);
      }
      await this.#sleep(beatEveryMs);
    }
  }

  async #beat(): Promise<void> {
    if (this.#isStopped) return;
    const { spec, job, pod } = this.#options;
    const now = this.#leases.now();
    await this.#leases.beat({ at: now, spec, job, pod, lacks: this.#lacks, trouble: this.#trouble });
  }

  /** Opened when it is needed: until then the guard costs nothing but its look. */
  #target(): Promise<Guarded> {
    this.#guarded ??= this.#options.open(this.#ledger).catch((error: unknown) => {
      this.#guarded = null;
      throw error;
    });
    return this.#guarded;
  }

  #sleep(ms: number): Promise<unknown> {
    return sleep(ms, undefined, { signal: this.#stopped.signal }).catch(() => {});
  }
}

function isAway(error: unknown): boolean {
  return error instanceof ClusterError && error.code === "unreachable";
}
