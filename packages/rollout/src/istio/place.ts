/** What target `istio` reads and changes: one http route of a VirtualService, and the candidate's Deployment, Service and
 * traffic policy. */
import { ClusterError } from "@ml-actions/cluster/error";
import type { Age, KubeObject, ObjectRef } from "@ml-actions/cluster/types";
import { authorOf } from "../kubernetes/authors.ts";
import { servicesIn } from "../kubernetes/deployment-service.ts";
import { candidateService } from "../kubernetes/gateway-objects.ts";
import {
  candidateBeside,
  isUnnamed,
  type Pair,
  prepareCandidate,
  readPair,
  writeMark,
} from "../kubernetes/pair.ts";
import { names, type PlatformState } from "../kubernetes/platform.ts";
import type { PlatformContext } from "../kubernetes/platforms.ts";
import { proveShares } from "../kubernetes/prove.ts";
import { invalid, isUnseen, noCandidate } from "../kubernetes/refusals.ts";
import { selectorsIn } from "../kubernetes/selectors.ts";
import { deploymentRef, type Workload, workloadOf } from "../kubernetes/workload.ts";
import { candidateName, resourceLabel, selects } from "../kubernetes/workload-labels.ts";
import type { Release } from "../target.ts";
import { entranceOf } from "./entrance.ts";
import { candidateRule, type Policy, policyFor } from "./policy.ts";
import { countedPath, probeRequest } from "./route-probe.ts";
import {
  httpWith,
  type Shares,
  serviceOf,
  sharesOf,
  type VirtualService,
  virtualServiceOf,
  weightKept,
} from "./virtual-service.ts";

/** Where people reach it is said and not asked, and may be so old. */
const addressMs = 30_000;
const routeTimeoutMs = 30_000;
/** Somebody else may change the VirtualService between our look and our write. */
const attempts = 5;
const istioApi = "networking.istio.io/v1";

export interface View extends Pair {
  virtual: VirtualService;
  shares: Shares;
}

export class IstioPlace {
  readonly #context: PlatformContext;
  readonly #ref: ObjectRef;
  /** Once known: a Service that changes which Deployment it leads to in the middle of a rollout is not followed. */
  #stable: Workload["ref"] | null = null;

  constructor(context: PlatformContext) {
    this.#context = context;
    const { namespace, name } = context;
    this.#ref = { apiVersion: istioApi, kind: "VirtualService", namespace, name };
  }

  async view(age: Age = {}): Promise<View> {
    const known = this.#stable;
    const [virtual, found] = await Promise.all([
      this.#read(),
      known === null ? null : readPair(this.#context, known, age),
    ]);
    const pair = found ?? (await readPair(this.#context, await this.stableRef(virtual), age));
    return { ...pair, virtual, shares: sharesOf(virtual) };
  }

  async state(): Promise<PlatformState> {
    const { stableSide, candidateSide, shares, virtual } = await this.view({ maxAgeMs: 0 });
    const [host] = virtual.hosts;
    const splitBy = authorOf(virtual.object, ["spec", "http"]);
    return {
      ...(splitBy !== undefined && { splitBy }),
      ...{ stable: stableSide, candidate: candidateSide, ...shares },
      url: `http://${host === undefined || host === "*" ? this.#context.name : host}`,
      ...(await this.#entrance(virtual)),
    };
  }

  async #entrance(virtual: VirtualService): Promise<{ entrance?: string }> {
    try {
      return { entrance: (await entranceOf(this.#context.api, virtual, { maxAgeMs: addressMs })).url };
    } catch (error) {
      if (isUnseen(error)) return {};
      throw error;
    }
  }

  async prepare(release: Release): Promise<void> {
    const { api, namespace, resource, fence } = this.#context;
    const view = await this.view();
    const { virtual } = view;
    const services = await servicesIn(api, namespace);
    await prepareCandidate(this.#context, view, {
      release,
      selecting: await selectorsIn(this.#context, services),
      others: [virtual.object],
    });
    const stable = this.#service(services, virtual);
    await fence();
    await api.apply(candidateService(stable, candidateName(stable.metadata.name), resource), { force: true });
    const rule = candidateRule(virtual.stable, await this.#policy(virtual), { namespace, resource });
    if (rule !== null) await api.apply(rule, { force: true });
  }

  async route(percent: number): Promise<void> {
    if (percent > 0 && (await candidateBeside(this.#context, await this.stableRef())) === null)
      throw noCandidate("split");
    await this.#write((shares) => ({ ...shares, candidatePercent: percent }));
  }

  mirror(percent: number): Promise<void> {
    return this.#write((shares) => ({ ...shares, mirrorPercent: percent }));
  }

  async prove(percent: number): Promise<void> {
    const { api, probe, options } = this.#context;
    const { virtual, stableSide, candidateSide, container } = await this.view();
    const { url, host } = await entranceOf(api, virtual);
    const ready = container.readinessProbe?.httpGet?.path ?? "/";
    await proveShares(probe, {
      url,
      request: { ...probeRequest(virtual.route, ready), ...(host !== undefined && { host }) },
      countedPath: countedPath(virtual.route),
      stable: stableSide?.release.digest ?? null,
      candidate: candidateSide?.release.digest ?? null,
      candidatePercent: percent,
      stableIsUnnamed: isUnnamed(container),
      timeoutMs: options.routeTimeoutMs ?? routeTimeoutMs,
    });
  }

  /** The candidate's Service and its policy. */
  async removeObjects(): Promise<void> {
    const { api, namespace, resource, fence } = this.#context;
    const { stable } = await this.#read();
    const name = candidateName(serviceOf(stable.host, namespace) ?? stable.host);
    for (const [apiVersion, kind] of [
      [istioApi, "DestinationRule"],
      ["v1", "Service"],
    ] as const) {
      const ref = { apiVersion, kind, namespace, name };
      const found = await api.get(ref);
      if (found === null || found.metadata.annotations?.[names.resource] !== resource) continue;
      await fence();
      await api.remove(ref);
    }
  }

  /** The Deployment behind the Service, and behind the subset where the route names one. */
  async stableRef(virtual?: VirtualService): Promise<Workload["ref"]> {
    if (this.#stable !== null) return this.#stable;
    const { api, namespace, resource, name } = this.#context;
    const given = virtual ?? (await this.#read());
    const service = this.#service(await servicesIn(api, namespace), given);
    const { labels } = await this.#policy(given);
    const selector = {
      ...((service.spec as { selector?: Record<string, string> }).selector ?? {}),
      ...labels,
    };
    const behind = (await api.list({ apiVersion: "apps/v1", kind: "Deployment", namespace }))
      .filter(({ metadata }) => metadata.labels?.[names.resource] !== resourceLabel(resource))
      .map(workloadOf)
      .filter(({ spec }) => selects(selector, spec.template.metadata.labels));
    const [only] = behind;
    if (only === undefined || behind.length > 1) {
      const { subset } = given.stable;
      throw invalid(
        `Service ${service.metadata.name}${subset === undefined ? "" : ` with subset ${subset}`}, which VirtualService ${name} leads to, selects the pods of ${only === undefined ? "no Deployment" : `several Deployments: ${behind.map(({ ref }) => ref.name).join(", ")}`}.`,
        "Let one Deployment stand behind the route's destination: the rollout changes its image.",
      );
    }
    this.#stable = deploymentRef(namespace, only.ref.name);
    return this.#stable;
  }

  #service(services: readonly KubeObject[], { stable }: VirtualService): KubeObject {
    const { namespace, name } = this.#context;
    const wanted = serviceOf(stable.host, namespace);
    const found = services.find(({ metadata }) => metadata.name === wanted);
    if (found !== undefined) return found;
    throw invalid(
      `There is no Service ${wanted} in namespace ${namespace}, which VirtualService ${name} leads to.`,
      "Create it, or correct the VirtualService's destination.",
    );
  }

  async #policy({ stable }: VirtualService): Promise<Policy> {
    const { api, namespace, resource } = this.#context;
    const rules = await api.list({ apiVersion: istioApi, kind: "DestinationRule", namespace });
    const others = rules.filter(({ metadata }) => metadata.annotations?.[names.resource] !== resource);
    return policyFor(others, stable, namespace);
  }

  async #read(): Promise<VirtualService> {
    const object = await this.#context.api.get(this.#ref);
    if (object !== null) return virtualServiceOf(object);
    throw invalid(
      `There is no VirtualService ${this.#ref.name} in namespace ${this.#ref.namespace}.`,
      "Create it first, or correct `resource` and `namespace`.",
    );
  }

  /** Written with the version that was read: who slept meanwhile cannot write over another's change. Istio says nothing of
   * what it has taken; its webhook refuses what it cannot take, and the proof sees the rest. */
  async #write(change: (shares: Shares) => Shares): Promise<void> {
    const { api, fence } = this.#context;
    for (let attempt = 1; ; attempt++) {
      const virtual = await this.#read();
      const before = sharesOf(virtual);
      const after = change(before);
      if (JSON.stringify(before) === JSON.stringify(after)) return;
      await fence();
      try {
        await api.merge(this.#ref, patchOf(virtual, after, writeMark(this.#context)));
        return;
      } catch (error) {
        const changed = error instanceof ClusterError && error.code === "conflict";
        if (!changed || attempt >= attempts) throw error;
      }
    }
  }
}

function patchOf(virtual: VirtualService, shares: Shares, mark: string): unknown {
  const kept = shares.candidatePercent > 0 ? weightKept(virtual) : null;
  return {
    metadata: {
      resourceVersion: virtual.object.metadata.resourceVersion,
      annotations: { [names.fence]: mark, [names.weightBefore]: kept },
    },
    spec: { http: httpWith(virtual, shares) },
  };
}
