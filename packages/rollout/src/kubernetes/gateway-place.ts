/** What target `gateway` reads and changes: one rule of an HTTPRoute, and the candidate's Deployment and Service. */
import { ClusterError } from "@ml-actions/cluster/error";
import type { Age, ObjectRef } from "@ml-actions/cluster/types";
import { RolloutError } from "../error.ts";
import type { Release } from "../target.ts";
import { authorOf } from "./authors.ts";
import { servicesIn } from "./deployment-service.ts";
import {
  assertMirrors,
  candidateService,
  isSame,
  noService,
  patchOf,
  problemsOf,
} from "./gateway-objects.ts";
import { entrancesOf } from "./gateway-parent.ts";
import { proveByGateways } from "./gateway-proof.ts";
import { candidateBeside, type Pair, prepareCandidate, readPair, writeMark } from "./pair.ts";
import { names, type PlatformState } from "./platform.ts";
import type { PlatformContext } from "./platforms.ts";
import { invalid, isUnseen, noCandidate } from "./refusals.ts";
import { type Route, routeOf, type Shares, sharesOf, stableBackend, stableOf } from "./route.ts";
import { notTaken } from "./route-taken.ts";
import { selectorsIn } from "./selectors.ts";
import { deploymentRef, type Workload, workloadOf } from "./workload.ts";
import { candidateName, resourceLabel, selects } from "./workload-labels.ts";

/** What the namespace has may have been seen so long ago, for all rollouts of this process; */
const seenMs = 2_000;
/** and where people reach a Gateway, which is said and not asked. */
const addressMs = 30_000;
const routeTimeoutMs = 30_000;
const lookEveryMs = 100;
/** A controller may see the route before a Service that was made just before it. */
const refusedMs = 5_000;
/** Somebody else may change the route between our look and our write. */
const attempts = 5;

interface View extends Pair {
  route: Route;
  shares: Shares;
}

export class GatewayPlace {
  readonly #context: PlatformContext;
  readonly #route: ObjectRef;
  /** Once known: a Service that changes which Deployment it leads to in the middle of a rollout is not followed. */
  #stable: Workload["ref"] | null = null;
  /** Stable's Service, once a candidate has told it. */
  #named: string | null = null;

  constructor(context: PlatformContext) {
    this.#context = context;
    const { namespace, name } = context;
    this.#route = { apiVersion: "gateway.networking.k8s.io/v1", kind: "HTTPRoute", namespace, name };
  }

  async view(age: Age = {}): Promise<View> {
    const known = this.#stable;
    const [route, found] = await Promise.all([
      this.#read(),
      known === null ? null : readPair(this.#context, known, age),
    ]);
    const { stable, candidate } = await this.#services(route);
    const pair = found ?? (await readPair(this.#context, await this.stableRef(stable), age));
    return { ...pair, route, shares: sharesOf(route, stable, candidate) };
  }

  async state(): Promise<PlatformState> {
    const { stableSide, candidateSide, shares, route } = await this.view({ maxAgeMs: 0 });
    const splitBy = authorOf(route.object, ["spec", "rules"]);
    return {
      stable: stableSide,
      candidate: candidateSide,
      candidatePercent: shares.candidatePercent,
      mirrorPercent: shares.mirrorPercent,
      strangers: shares.strangers,
      ...(splitBy !== undefined && { splitBy }),
      ...(await this.#addresses(route)),
    };
  }

  /** For people; where the Gateway cannot be seen, the name that the route answers to. */
  async #addresses(route: Route): Promise<{ url: string; entrance?: string }> {
    try {
      const [{ url, host }] = (await entrancesOf(this.#context.api, route, { maxAgeMs: addressMs }))
        .entrances;
      return {
        url: host === undefined ? url : url.replace(/\/\/(\[.*\]|[^:]+)/, `//${host}`),
        entrance: url,
      };
    } catch (error) {
      if (!isUnseen(error)) throw error;
      return { url: `http://${route.hostnames[0] ?? this.#route.name}` };
    }
  }

  async prepare(release: Release): Promise<void> {
    const view = await this.view();
    const { api, namespace, resource, fence } = this.#context;
    const services = await servicesIn(api, namespace, { maxAgeMs: seenMs });
    await prepareCandidate(this.#context, view, {
      release,
      selecting: await selectorsIn(this.#context, services),
      others: [view.route.object],
      problems: problemsOf(view.route, view.shares.stable),
    });
    const stable = services.find(({ metadata }) => metadata.name === view.shares.stable);
    if (stable === undefined) throw noService(view.shares.stable, namespace);
    await fence();
    await api.apply(candidateService(stable, view.shares.candidate, resource), { force: true });
  }

  async route(percent: number): Promise<void> {
    if (percent > 0 && (await candidateBeside(this.#context, await this.stableRef())) === null)
      throw noCandidate("split");
    await this.#write((shares) => ({ ...shares, candidatePercent: percent, strangers: [] }));
  }

  async mirror(percent: number): Promise<void> {
    if (percent > 0) {
      const route = await this.#read();
      await assertMirrors(this.#context, route, percent);
    }
    await this.#write((shares) => ({ ...shares, mirrorPercent: percent }));
  }

  async prove(percent: number): Promise<void> {
    await proveByGateways(this.#context, await this.view(), percent);
  }

  async removeObjects(): Promise<void> {
    const { api, namespace, resource, fence } = this.#context;
    const { candidate: name } = await this.#services(await this.#read());
    const ref: ObjectRef = { apiVersion: "v1", kind: "Service", namespace, name };
    const found = await api.get(ref);
    if (found === null || found.metadata.annotations?.[names.resource] !== resource) return;
    await fence();
    await api.remove(ref);
  }

  /** The Deployment behind the Service that the rule names. */
  async stableRef(service?: string): Promise<Workload["ref"]> {
    if (this.#stable !== null) return this.#stable;
    const { api, namespace, resource } = this.#context;
    const name = service ?? (await this.#services(await this.#read())).stable;
    const found = await api.get({ apiVersion: "v1", kind: "Service", namespace, name });
    if (found === null) throw noService(name, namespace);
    const selector = ((found.spec as { selector?: unknown }).selector ?? {}) as Record<string, string>;
    const deployments = { apiVersion: "apps/v1", kind: "Deployment", namespace };
    const behind = (await api.list(deployments, { maxAgeMs: seenMs }))
      .filter(({ metadata }) => metadata.labels?.[names.resource] !== resourceLabel(resource))
      .map(workloadOf)
      .filter(({ spec }) => selects(selector, spec.template.metadata.labels));
    const [only] = behind;
    if (only !== undefined && behind.length === 1) {
      this.#stable = deploymentRef(namespace, only.ref.name);
      return this.#stable;
    }
    throw invalid(
      `Service ${name}, which HTTPRoute ${this.#route.name} leads to, selects the pods of ${behind.length === 0 ? "no Deployment" : `several Deployments: ${behind.map(({ ref }) => ref.name).join(", ")}`}.`,
      "Let one Deployment stand behind the route's Service: the rollout changes its image.",
    );
  }

  async #read(): Promise<Route> {
    const object = await this.#context.api.get(this.#route);
    if (object !== null) return routeOf(object);
    throw invalid(
      `There is no HTTPRoute ${this.#route.name} in namespace ${this.#route.namespace}.`,
      "Create it first, or correct `resource` and `namespace`.",
    );
  }

  /** Stable's Service and the candidate's. While the candidate has one, its name tells stable's, whatever others have made
   * of the route meanwhile: one that they left without stable must not make the candidate stable. */
  async #services(route: Route): Promise<{ stable: string; candidate: string }> {
    this.#named ??= stableOf(route) ?? (await this.#stableOfCandidate());
    const stable = this.#named ?? stableBackend(route).name;
    return { stable, candidate: candidateName(stable) };
  }

  async #stableOfCandidate(): Promise<string | null> {
    const { api, namespace, resource } = this.#context;
    const services = await servicesIn(api, namespace, { maxAgeMs: seenMs });
    const own = services.filter(({ metadata }) => metadata.annotations?.[names.resource] === resource);
    const found = services.find(({ metadata: { name } }) =>
      own.some(({ metadata }) => metadata.name === candidateName(name)),
    );
    return found?.metadata.name ?? null;
  }

  /** Written with the version that was read: who slept meanwhile cannot write over another's change. Resolves when every
   * parent has taken it. */
  async #write(change: (shares: Shares) => Shares): Promise<void> {
    const { api, fence } = this.#context;
    for (let attempt = 1; ; attempt++) {
      let route = await this.#read();
      const { stable, candidate } = await this.#services(route);
      const before = sharesOf(route, stable, candidate);
      const after = change(before);
      if (!isSame(before, after)) {
        await fence();
        try {
          route = routeOf(await api.merge(this.#route, patchOf(route, after, writeMark(this.#context))));
        } catch (error) {
          const changed = error instanceof ClusterError && error.code === "conflict";
          if (changed && attempt < attempts) continue;
          throw error;
        }
      }
      return this.#untilTaken(route);
    }
  }

  async #untilTaken(now: Route): Promise<void> {
    const timeoutMs = this.#context.options.routeTimeoutMs ?? routeTimeoutMs;
    const begun = performance.now();
    let refusedAt = Number.POSITIVE_INFINITY;
    for (let route = now; ; route = await this.#read()) {
      const missing = notTaken(route);
      if (missing === null) return;
      const at = performance.now();
      refusedAt = missing.refused ? Math.min(refusedAt, at) : Number.POSITIVE_INFINITY;
      if (at - begun > timeoutMs || at - refusedAt > refusedMs) {
        throw new RolloutError(
          "not-routed",
          `HTTPRoute ${this.#route.name} was written, and after ${Math.round((at - begun) / 1000)} s ${missing.why}.`,
          missing.refused
            ? "Correct what the Gateway's controller says of the route (kubectl describe httproute)."
            : "See whether the Gateway's controller runs (kubectl describe gateway).",
        );
      }
      await new Promise((resolve) => setTimeout(resolve, lookEveryMs));
    }
  }
}
