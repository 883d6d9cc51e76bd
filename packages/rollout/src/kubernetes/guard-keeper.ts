/** The runner's side of the guard: starts its Job, waits until it lives, and listens to it from then on. */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import type { Api, KubeObject } from "@ml-actions/cluster/types";
import { RolloutError } from "../error.ts";
import { guardBundle } from "./guard-bundle.ts";
import { isImageFault, whyNot } from "./guard-faults.ts";
import { type GuardSettings, guardServiceAccount, guardSpecAnnotation, jobObject } from "./guard-manifest.ts";
import { type Heartbeat, isHeard } from "./lease-object.ts";
import { codeOf, type LeaseStore } from "./lease-store.ts";
import { ledgerObjects } from "./ledger-names.ts";
import type { GuardImage, GuardOptions } from "./ledger-types.ts";

const lookEveryMs = 300;
/** Pods and events are asked less often than the lease. */
const looksPerQuestion = 4;
const goneWithinMs = 60_000;
/** A guard that was killed is started again by its kubelet within this, the first time. */
const heardAgainMs = 20_000;

export interface KeeperOptions {
  api: Api;
  namespace: string;
  resource: string;
  guard: GuardOptions;
  leases: LeaseStore;
  onTrouble: (message: string) => void;
}

export class GuardKeeper {
  readonly #options: KeeperOptions;
  #prepared: Promise<{ program: string; settings: GuardSettings }> | null = null;
  #restarting: Promise<void> | null = null;
  #lived = false;
  #closed = false;

  constructor(options: KeeperOptions) {
    this.#options = options;
  }

  /** Resolves when a guard with this program and these settings says that it lives and has its rights.
   * @throws RolloutError `no-guard` */
  async start(): Promise<void> {
    const { leases } = this.#options;
    const { settings } = await this.#prepare();
    const { heartbeat } = await leases.read();
    if (!(await this.#isThere(heartbeat, settings))) await this.#startJob();
    this.#lived = true;
  }

  /** What a guard said may be the last that it said. */
  async #isThere(heartbeat: Heartbeat | null, settings: GuardSettings): Promise<boolean> {
    if (heartbeat === null || heartbeat.lacks.length > 0 || !this.#isMine(heartbeat, settings)) return false;
    if (heartbeat.job === null) return true;
    const { api, namespace, resource } = this.#options;
    const job = await api.get(ledgerObjects(namespace, resource).job).catch(unlessForbidden);
    return job?.metadata.uid === heartbeat.job && job.metadata.deletionTimestamp === undefined;
  }

  /** At a renewal, with the lease as it is now: says when the guard is not heard any more, and starts it again. */
  look({ heartbeat }: { heartbeat: Heartbeat | null }): void {
    if (!this.#lived || this.#closed || this.#restarting !== null) return;
    if (isHeard(heartbeat, this.#options.leases.now())) return;
    const last = heartbeat === null ? "" : ` since ${new Date(heartbeat.at).toISOString()}`;
    this.#options.onTrouble(`the guard has not been heard${last}: it is started again`);
    this.#restarting = this.start()
      .catch((error: Error) => this.#options.onTrouble(error.message))
      .finally(() => {
        this.#restarting = null;
      });
  }

  /** Before traffic moves. Waits a while for one that is being started again.
   * @throws RolloutError `no-guard` */
  async untilHeard(): Promise<void> {
    const { leases } = this.#options;
    for (const until = Date.now() + heardAgainMs; ; await sleep(lookEveryMs)) {
      const view = await leases.read();
      if (isHeard(view.heartbeat, leases.now())) return;
      this.look(view);
      if (Date.now() > until) throw this.#refusal("it lived, and has not been heard for a while");
    }
  }

  /** After the lease was given back: a guard that lives sees it and removes itself; one that does not is removed. */
  async dismiss(): Promise<void> {
    this.#closed = true;
    const { api, namespace, resource, leases, onTrouble } = this.#options;
    try {
      const { heartbeat } = await leases.read();
      if (isHeard(heartbeat, leases.now())) return;
      await api.remove(ledgerObjects(namespace, resource).job, { propagation: "Background" });
    } catch (error) {
      onTrouble(`the guard's Job could not be removed: ${(error as Error).message}`);
    }
  }

  close(): void {
    this.#closed = true;
  }

  #prepare(): Promise<{ program: string; settings: GuardSettings }> {
    this.#prepared ??= (async () => {
      const { guard, namespace, resource } = this.#options;
      const program = await readFile(guard.program, "utf8");
      const { target, probeHosts } = guard;
      const rest = {
        namespace,
        resource,
        target,
        rights: structuredClone([...guard.rights]) as GuardSettings["rights"],
        probeHosts: [...probeHosts],
      };
      const spec = createHash("sha256")
        .update(program)
        .update(JSON.stringify(rest))
        .digest("hex")
        .slice(0, 16);
      return { program, settings: { ...rest, spec } };
    })();
    return this.#prepared;
  }

  #isMine(heartbeat: Heartbeat | null, { spec }: GuardSettings): boolean {
    if (heartbeat?.spec !== spec || !isHeard(heartbeat, this.#options.leases.now())) return false;
    if (heartbeat.lacks.length === 0) return true;
    throw this.#refusal(`it lacks the right to ${heartbeat.lacks.join(", to ")}`);
  }

  async #startJob(): Promise<void> {
    const { api, namespace, guard } = this.#options;
    const faults: string[] = [];
    try {
      const account = { apiVersion: "v1", kind: "ServiceAccount", namespace, name: guardServiceAccount };
      const found = await api.get(account).catch(unlessForbidden);
      if (found === null) throw this.#refusal(`there is no ServiceAccount ${guardServiceAccount}`);
      for (const image of await guard.images()) {
        const fault = await this.#startWith(image);
        if (fault === null) return;
        faults.push(fault.what);
        if (!fault.image) break;
      }
    } catch (error) {
      if (error instanceof RolloutError) throw error;
      throw this.#refusal((error as Error).message, error);
    }
    throw this.#refusal(faults.length > 0 ? faults.join("; ") : "there is no image that it could run in");
  }

  /** null: it lives. Otherwise its Job is gone again. */
  async #startWith(image: GuardImage): Promise<{ what: string; image: boolean } | null> {
    const { api, namespace, resource, guard } = this.#options;
    const { program, settings } = await this.#prepare();
    const bundle = guardBundle(api, namespace, program);
    await bundle.ensure();
    const { name } = ledgerObjects(namespace, resource).job;
    const metadata = { name, namespace };
    const job = await this.#ensureJob(
      jobObject({ metadata, resource, settings, bundle: bundle.name, image }),
    );
    await bundle.own(job);
    const fault = await this.#untilLives(job, guard.startTimeoutMs ?? 120_000).catch(async (error: Error) => {
      await this.#remove(job);
      throw error;
    });
    if (fault !== null) await this.#remove(job);
    return fault;
  }

  async #ensureJob(wanted: KubeObject): Promise<KubeObject> {
    const { api, namespace, resource } = this.#options;
    const ref = ledgerObjects(namespace, resource).job;
    for (const until = Date.now() + goneWithinMs; ; await sleep(lookEveryMs)) {
      const found = await api.get(ref);
      if (found === null) {
        const made = await api.create(wanted).catch((error: unknown) => {
          if (codeOf(error) === "exists") return null;
          throw error;
        });
        if (made !== null) return made;
      } else if (isUsable(found, wanted)) return found;
      else if (found.metadata.deletionTimestamp === undefined) await this.#remove(found);
      if (Date.now() > until) throw this.#refusal(`its Job ${ref.name} is there from before and does not go`);
    }
  }

  async #untilLives(job: KubeObject, timeoutMs: number): Promise<{ what: string; image: boolean } | null> {
    const { leases, api } = this.#options;
    const { settings } = await this.#prepare();
    let waiting = "its pod has not started";
    const until = Date.now() + timeoutMs;
    for (let looks = 1; ; looks++) {
      const { heartbeat } = await leases.read();
      if (heartbeat?.job === job.metadata.uid && this.#isMine(heartbeat, settings)) return null;
      if (looks % looksPerQuestion === 0) {
        const { reason, final } = await whyNot(api, job);
        waiting = reason ?? waiting;
        if (final) return { what: waiting, image: isImageFault(waiting) };
      }
      if (Date.now() > until) return { what: `${waiting} (waited ${timeoutMs / 1000} s)`, image: false };
      await sleep(lookEveryMs);
    }
  }

  async #remove({ metadata }: KubeObject): Promise<void> {
    const { api, namespace, resource } = this.#options;
    const { uid } = metadata;
    const options = { propagation: "Background" as const, ...(uid !== undefined && { uid }) };
    await api.remove(ledgerObjects(namespace, resource).job, options);
  }

  #refusal(why: string, cause?: unknown): RolloutError {
    const { namespace, resource, guard } = this.#options;
    return new RolloutError(
      "no-guard",
      `The guard for ${resource} in namespace ${namespace} does not live: ${why}.`,
      `Have an administrator apply ${guard.rbacFile} to namespace ${namespace} and see that what is named here is there, or set guard: auto to go on without one.`,
      cause === undefined ? {} : { cause },
    );
  }
}

function isUsable(found: KubeObject, wanted: KubeObject): boolean {
  const { deletionTimestamp, annotations } = found.metadata;
  const { conditions = [] } = (found.status ?? {}) as { conditions?: { type: string; status: string }[] };
  const ended = conditions.some(({ type, status }) => /^(Complete|Failed)/.test(type) && status === "True");
  const same = annotations?.[guardSpecAnnotation] === wanted.metadata.annotations?.[guardSpecAnnotation];
  return deletionTimestamp === undefined && !ended && same && imageOf(found) === imageOf(wanted);
}

function imageOf(job: KubeObject): string | undefined {
  const spec = job.spec as { template?: { spec?: { containers?: { image?: string }[] } } } | undefined;
  return spec?.template?.spec?.containers?.[0]?.image;
}

function unlessForbidden(error: unknown): undefined {
  if (codeOf(error) === "forbidden") return undefined;
  throw error;
}
