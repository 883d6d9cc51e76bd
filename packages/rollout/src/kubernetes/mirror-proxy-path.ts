/**
 * The mirroring proxy in the path of a Service, and out of it again. It comes in when its pods are ready and stable has
 * answered each of them; it goes when no request comes to it any more. Stable's pods stay as they are all the while, so
 * that nobody notices which of the two ways a node still knows. Every step may be taken up by another after any
 * interruption: what is there is known by its names, and the Services of both sides are made first and removed last.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { assertNotHealed } from "./checks.ts";
import { type RoutingService, routingService, servicesIn, switchMirror } from "./deployment-service.ts";
import { untilEndpoints } from "./endpoints.ts";
import { codeOf } from "./lease-store.ts";
import { assertOurs } from "./ledger-names.ts";
import { isOfMirror, type MirrorObjects, mirrorObjects, proxySelector } from "./mirror-proxy-manifest.ts";
import { isAsPrepared, prepareProxy, startProxy } from "./mirror-proxy-start.ts";
import { type Pair, writeMark } from "./pair.ts";
import { names } from "./platform.ts";
import type { PlatformContext } from "./platforms.ts";
import { invalid } from "./refusals.ts";
import { isReady, podsOf } from "./workload-pods.ts";

const routeTimeoutMs = 30_000;
const lookEveryMs = 300;
/** Somebody else may change the Service between our look and our write. */
const attempts = 5;
/** Beyond the time that a pod has to end. */
const goneMarginMs = 30_000;

export class MirrorPath {
  readonly #context: PlatformContext;
  readonly #objects: MirrorObjects;

  constructor(context: PlatformContext) {
    this.#context = context;
    this.#objects = mirrorObjects(context.namespace, context.resource);
  }

  /** Name of the Service through which the proxy reaches stable. */
  get stableService(): string {
    return this.#objects.stable.name;
  }

  /** Resolves when every request comes by the proxy. Rejects with nothing in the path, and nothing left of it. */
  async comeIn(pair: Pair, service: RoutingService, percent: number): Promise<void> {
    const { api, resource } = this.#context;
    assertNotHealed(service.object);
    try {
      let prepared = await prepareProxy(this.#context, pair, service, percent);
      const present = await api.get(this.#objects.deployment);
      if (present !== null) assertOurs(present, resource);
      if (present !== null && !isAsPrepared(present, prepared)) {
        await this.leave(pair, service.name);
        prepared = await prepareProxy(this.#context, pair, await this.#read(service.name), percent);
      }
      await startProxy(this.#context, prepared, pair);
      await this.#switch(service.name, percent);
      const isProxys = (seen: ReadonlySet<string>) => seen.size > 0 && [...seen].every(this.#isProxy);
      await this.#untilAsked(service.name, async (seen) => isProxys(seen));
    } catch (error) {
      await this.leave(pair, service.name).catch((left: Error) => this.#context.onTrouble(left.message));
      throw error;
    }
  }

  /** Resolves when stable's pods are asked again, and nobody new comes to the proxy. */
  async goOut({ stable }: Pick<Pair, "stable">, serviceName: string): Promise<void> {
    if ((await this.#read(serviceName)).mirror === null) return;
    await this.#switch(serviceName, null);
    await this.#untilAsked(serviceName, async (seen) => {
      const ready = (await podsOf(this.#context.api, stable)).filter(isReady);
      const has = ready.every(({ object }) => seen.has(object.metadata.name));
      return has && ![...seen].some(this.#isProxy);
    });
  }

  async leave(pair: Pick<Pair, "stable">, serviceName: string): Promise<void> {
    await this.goOut(pair, serviceName);
    await this.removeObjects();
  }

  /** Everything that was made for it goes; its pods first answer what they have, by way of the Service that goes after
   * them. Writes nothing where nothing is left. */
  async removeObjects(): Promise<void> {
    const { api, fence, namespace, resource } = this.#context;
    const left = (await servicesIn(api, namespace)).filter(
      (each) => isOfMirror(each) && each.metadata.annotations?.[names.resource] === resource,
    );
    if (left.length === 0) return;
    const { deployment } = this.#objects;
    const found = await api.get(deployment);
    if (found !== null) {
      assertOurs(found, resource);
      await fence();
      const { uid } = found.metadata;
      await api.remove(deployment, { propagation: "Background", ...(uid !== undefined && { uid }) });
    }
    await this.#untilGone();
    for (const { metadata } of left) {
      await fence();
      await api.remove({ apiVersion: "v1", kind: "Service", namespace, name: metadata.name });
    }
  }

  readonly #isProxy = (pod: string) => pod.startsWith(`${this.#objects.deployment.name}-`);

  async #read(name: string): Promise<RoutingService> {
    const { api, namespace } = this.#context;
    const found = (await servicesIn(api, namespace)).find(({ metadata }) => metadata.name === name);
    if (found !== undefined) return routingService(found);
    throw invalid(
      `Service ${name} in namespace ${namespace} is gone.`,
      "Create it again: it led to the release.",
    );
  }

  async #switch(name: string, percent: number | null): Promise<void> {
    const { api, fence, resource } = this.#context;
    for (let attempt = 1; ; attempt++) {
      try {
        const writing = { fence, mark: writeMark(this.#context) };
        return await switchMirror(api, await this.#read(name), percent, resource, writing);
      } catch (error) {
        if (codeOf(error) !== "conflict" || attempt >= attempts) throw error;
      }
    }
  }

  #untilAsked(service: string, asTold: (pods: ReadonlySet<string>) => Promise<boolean>): Promise<void> {
    const { api, namespace, options } = this.#context;
    return untilEndpoints(api, { namespace, service }, asTold, options.routeTimeoutMs ?? routeTimeoutMs);
  }

  /** Of pods that do not end the cluster makes an end. */
  async #untilGone(): Promise<void> {
    const { api, namespace, resource, onTrouble } = this.#context;
    const labelSelector = Object.entries(proxySelector(resource))
      .map(([key, value]) => `${key}=${value}`)
      .join(",");
    let deadline = Number.POSITIVE_INFINITY;
    const begun = performance.now();
    for (;;) {
      const pods = await api.list({ apiVersion: "v1", kind: "Pod", namespace }, { labelSelector });
      if (pods.length === 0) return;
      const graces = pods.map(
        ({ spec }) =>
          (spec as { terminationGracePeriodSeconds?: number }).terminationGracePeriodSeconds ?? 30,
      );
      deadline = Math.min(deadline, begun + Math.max(...graces) * 1000 + goneMarginMs);
      if (performance.now() > deadline) {
        const listed = pods.map(({ metadata }) => metadata.name).join(", ");
        return onTrouble(`pods of the mirroring proxy do not end: ${listed}`);
      }
      await sleep(lookEveryMs);
    }
  }
}
