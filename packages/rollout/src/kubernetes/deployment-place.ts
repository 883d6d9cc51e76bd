/** What target `deployment` reads and changes: two Deployments, the candidate's pods' labels, and one Service. */
import { type Age, fieldManager } from "@ml-actions/cluster/types";
import type { RolloutError } from "../error.ts";
import type { Author, Release } from "../target.ts";
import { authorOf } from "./authors.ts";
import { inService, moveIn, moveOut } from "./deployment-pods.ts";
import {
  findService,
  problemsOfService,
  type RoutingService,
  routingService,
  servicesIn,
  switchService,
} from "./deployment-service.ts";
import { podsForShare, shareOf, tolerancePoints } from "./deployment-shares.ts";
import { untilEndpoints } from "./endpoints.ts";
import { MirrorPath } from "./mirror-proxy-path.ts";
import {
  candidatePods,
  growCandidate,
  growStable,
  isUnnamed,
  type Pair,
  prepareCandidate,
  readPair,
  writeMark,
} from "./pair.ts";
import type { PlatformState, Side } from "./platform.ts";
import type { PlatformContext } from "./platforms.ts";
import { proveShares } from "./prove.ts";
import { conflict, isUnseen, noCandidate } from "./refusals.ts";
import { selectorsIn } from "./selectors.ts";
import { deploymentRef, needWorkload, type Workload } from "./workload.ts";
import { selects } from "./workload-labels.ts";
import { isReady, type Pod, podsOf } from "./workload-pods.ts";

/** On the user's Deployment: that pods of a candidate may share its Service. */
const planAnnotation = "rollout-plan";
/** On the candidate's Deployment: the share that was last asked for, in percent. */
const percentAnnotation = "ml-actions.github.io/percent";
const routeTimeoutMs = 30_000;

interface View extends Pair {
  service: RoutingService;
  /** Ready pods. */
  stablePods: Pod[];
  /** Ready pods of the candidate with the Service's labels, and without. */
  inside: Pod[];
  outside: Pod[];
  /** With them, and not ready. */
  down: Pod[];
}

export class DeploymentPlace {
  readonly #context: PlatformContext;
  readonly ref: Workload["ref"];
  readonly #mirror: MirrorPath;

  constructor(context: PlatformContext) {
    this.#context = context;
    this.#mirror = new MirrorPath(context);
    this.ref = deploymentRef(context.namespace, context.name);
  }

  /** @param age of the Services: only where nothing is written by what is seen */
  async view(age: Age = {}): Promise<View> {
    const { api, namespace } = this.#context;
    const [pair, services] = await Promise.all([
      readPair(this.#context, this.ref, { maxAgeMs: 0 }),
      servicesIn(api, namespace, age),
    ]);
    const service = findService(services, pair.stable);
    const stablePods = (await podsOf(api, pair.stable)).filter(isReady);
    const { candidate } = pair;
    const of = candidate === null ? null : await inService(api, candidate, service.selector);
    return {
      ...pair,
      service,
      stablePods,
      inside: of?.inside ?? [],
      outside: of?.outside ?? [],
      down: of?.down ?? [],
    };
  }

  state(view: View): PlatformState {
    const { stableSide, candidateSide, service } = view;
    return {
      stable: stableSide,
      candidate: candidateSide,
      candidatePercent: percentOf(view),
      mirrorPercent: service.mirror?.inPath === true ? service.mirror.percent : 0,
      ...splitBy(view),
      url: `http://${service.name}.${this.#context.namespace}.svc:${service.port}`,
      entrance: `http://${service.clusterIP}:${service.port}`,
    };
  }

  async prepare(release: Release): Promise<void> {
    const { api, namespace } = this.#context;
    const pair = await readPair(this.#context, this.ref);
    const services = await servicesIn(api, namespace);
    const service = findService(services, pair.stable);
    const allowed = pair.stable.annotations[planAnnotation] === "canary";
    await prepareCandidate(this.#context, pair, {
      release,
      selecting: await selectorsIn(this.#context, services),
      others: [service.object],
      problems: [
        ...(allowed
          ? []
          : [
              `it has no annotation ${planAnnotation}: canary, which lets a candidate's pods behind its Service`,
            ]),
        ...problemsOfService(service),
      ],
    });
  }

  async capacity(percent: number, of: "split" | "copies" = "split"): Promise<void> {
    const view = await this.view();
    const count = of === "copies" ? candidatePods(percent, view) : podsWanted(percent, view);
    await growStable(this.#context, view, of === "copies" ? 0 : percent);
    await growCandidate(this.#context, view, count);
  }

  /** Those that come get in first, stable returns next, and only then others leave: at no moment is nobody behind the
   * Service, nor fewer than the split needs. */
  async route(percent: number): Promise<void> {
    const { api, fence, resource, namespace, options } = this.#context;
    let view = await this.view();
    if (percent > 0 && view.service.mirror !== null) {
      // Copies would count as the candidate's answers.
      await this.#mirror.leave(view, view.service.name);
      view = await this.view();
    }
    const { service, candidate, inside, outside, down } = view;
    const writing = { fence, mark: writeMark(this.#context) };
    if (candidate === null && percent > 0) throw noCandidate("split");
    const wanted = percent >= 100 ? inside.length : podsWanted(percent, view);
    const coming = outside.slice(0, Math.max(0, wanted - inside.length));
    for (const pod of coming) await moveIn(api, fence, pod, service.selector);
    await switchService(api, service, percent >= 100, resource, writing);
    if (candidate !== null) {
      const going = percent >= 100 ? [] : [...down, ...inside.slice(wanted)];
      for (const pod of going) await moveOut(api, fence, pod, service.selector, candidate);
      await fence();
      const annotations = { [percentAnnotation]: String(percent) };
      await api.merge(candidate.ref, { metadata: { annotations } });
    }
    const follows = async (seen: ReadonlySet<string>) => isRouted(seen, percent, await this.view());
    const timeoutMs = options.routeTimeoutMs ?? routeTimeoutMs;
    // While the proxy is in the path, it is by its own Service that stable's pods are asked.
    const asked = service.mirror?.inPath === true ? this.#mirror.stableService : service.name;
    await untilEndpoints(api, { namespace, service: asked }, follows, timeoutMs);
  }

  /** By a proxy in the Service's path. One that answers a share of users cannot get copies beside: the proxy would not
   * know which pods its requests came to. */
  async mirror(percent: number): Promise<void> {
    if (percent === 0) return this.removeMirror();
    const view = await this.view();
    const { service, inside, down, candidateSide } = view;
    if (service.switched || inside.length + down.length > 0)
      throw answersAlready(candidateSide, percentOf(view));
    await this.#mirror.comeIn(view, service, percent);
    try {
      await this.prove(0);
    } catch (error) {
      if (isUnseen(error)) return this.#context.onTrouble(error.message);
      await this.#mirror.leave(view, service.name);
      throw error;
    }
  }

  /** What is left of a mirror goes, also where it never came into the path. */
  async removeMirror(): Promise<void> {
    const { api, namespace } = this.#context;
    const services = await servicesIn(api, namespace);
    const stable = await needWorkload(api, this.ref);
    const marked = services.map(routingService).find(({ mirror, selector }) => {
      return mirror !== null && selects(selector, stable.spec.template.metadata.labels);
    });
    if (marked !== undefined) await this.#mirror.goOut({ stable }, marked.name);
    await this.#mirror.removeObjects();
  }

  async prove(percent: number): Promise<void> {
    const { probe, options } = this.#context;
    const { service, stableSide, candidateSide, container } = await this.view();
    await proveShares(probe, {
      url: `http://${service.clusterIP}:${service.port}`,
      request: { path: container.readinessProbe?.httpGet?.path ?? "/" },
      stable: stableSide?.release.digest ?? null,
      candidate: candidateSide?.release.digest ?? null,
      candidatePercent: percent,
      stableIsUnnamed: isUnnamed(container),
      timeoutMs: options.routeTimeoutMs ?? routeTimeoutMs,
    });
  }
}

function answersAlready(candidate: Side | null, percent: number): RolloutError {
  return conflict(
    `The candidate ${candidate?.release.label ?? ""} answers ${percent} % of the requests: it cannot get copies of others beside.`,
    "Mirror first, at 0 %, and give it a share afterwards.",
  );
}

function podsWanted(percent: number, { stable, stableSide, full }: View): number {
  return podsForShare(percent, percent >= 100 || stableSide === null ? full : stable.spec.replicas);
}

/** What was asked for as long as the pods give it; else what they give. */
function percentOf({ service, candidate, stablePods, inside }: View): number {
  if (service.switched) return 100;
  const given = shareOf(inside.length, stablePods.length);
  const asked = Number(candidate?.annotations[percentAnnotation] ?? 0);
  if (inside.length > 0 && Math.abs(given - asked) <= tolerancePoints) return asked;
  return Math.round(given);
}

/** While the candidate's pods are in the Service, the share is what the rollout gave or what an autoscaler made of it.
 * Where all of them are out, pods of the template's own labels came in their place, or somebody took the labels away. At
 * 100 % the Service's selector says it all. */
function splitBy({ service, candidateSide, inside, outside, candidate }: View): { splitBy?: Author } {
  const asked = Number(candidate?.annotations[percentAnnotation] ?? 0);
  const author = asked >= 100 && !service.switched ? authorOf(service.object, ["spec", "selector"]) : ours;
  const replaced = asked < 100 && candidateSide?.ready === true && inside.length === 0 && outside.length > 0;
  if (replaced) {
    const how = `by replacing its pods, or taking the labels of Service ${service.name} from them`;
    return { splitBy: { who: how, at: null, ours: false } };
  }
  return author === undefined ? {} : { splitBy: author };
}

const ours: Author = { who: fieldManager, at: null, ours: true };

/** Whether the Service sends requests where the split says: of the candidate's, those that are inside, or all at 100 %;
 * of stable's, all, or none. */
function isRouted(
  seen: ReadonlySet<string>,
  percent: number,
  { stablePods, inside, outside }: View,
): boolean {
  const has = ({ object }: Pod) => seen.has(object.metadata.name);
  if (percent >= 100) return [...inside, ...outside].every(has) && !stablePods.some(has);
  return stablePods.every(has) && inside.every(has) && !outside.some(has);
}
