/** What target `knative` reads and changes: the traffic block and the template of one Knative Service, and the scale of
 * its Revisions. */
import { ClusterError } from "@ml-actions/cluster/error";
import { RolloutError } from "../error.ts";
import { podsFor } from "../kubernetes/capacity.ts";
import { assertNotHealed, assertSound } from "../kubernetes/checks.ts";
import { writeMark } from "../kubernetes/pair.ts";
import { names } from "../kubernetes/platform.ts";
import type { PlatformContext } from "../kubernetes/platforms.ts";
import { noCandidate } from "../kubernetes/refusals.ts";
import { shown } from "../kubernetes/workload.ts";
import { annotatedRelease } from "../kubernetes/workload-release.ts";
import type { Release } from "../target.ts";
import { type Memo, memoAnnotation, memoOf } from "./memo.ts";
import { raiseScale, untilUp } from "./revision-pods.ts";
import {
  type KnativeService,
  needService,
  type Revision,
  revisionsOf,
  serviceRef,
  type TrafficEntry,
} from "./service.ts";
import { asksFor, candidateTemplate, problemsOfTemplate, replacedOf, servingIndex } from "./template.ts";
import { assertOneOwner, assertWhole, hasShares, rolloutTraffic, type Shares } from "./traffic.ts";
import { containerName, readView, servingOf, type View } from "./view.ts";

export const readyTimeoutMs = 600_000;
const routeTimeoutMs = 30_000;
/** How long a restore waits for pods of stable that went meanwhile; it gets the traffic in any case. */
const stableGraceMs = 20_000;
const lookEveryMs = 200;
/** Knative's own controllers write to the object too, its status among it. */
const attempts = 20;

export interface Change {
  memo: Memo | null;
  traffic: readonly TrafficEntry[] | null;
  /** Merged into `spec.template`. */
  template?: unknown;
}

/** null: nothing is to be changed. */
export type Plan = (service: KnativeService, memo: Memo | null) => Change | null;

/** Written with the version that was read, and planned anew when that has changed: who slept meanwhile cannot write over
 * another's change. */
export async function change(context: PlatformContext, plan: Plan): Promise<KnativeService> {
  const { api, fence, namespace, name } = context;
  const ref = serviceRef(namespace, name);
  for (let attempt = 1; ; attempt++) {
    const service = await needService(api, ref);
    const planned = plan(service, memoOf(service));
    if (planned === null) return service;
    const { memo, traffic, template } = planned;
    const annotations = {
      [memoAnnotation]: memo === null ? null : JSON.stringify(memo),
      [names.fence]: writeMark(context),
    };
    await fence();
    try {
      await api.merge(ref, {
        metadata: { resourceVersion: service.object.metadata.resourceVersion, annotations },
        spec: { traffic, ...(template !== undefined && { template }) },
      });
      return await needService(api, ref);
    } catch (error) {
      const changed = error instanceof ClusterError && error.code === "conflict";
      if (!changed || attempt >= attempts) throw error;
    }
  }
}

/** What a rollout's memo and a share make of the traffic block. */
export const sharesOf = ({ stable, candidate, empty }: Memo, candidatePercent: number): Shares => ({
  ...{ stable, candidate, candidatePercent, empty },
});

export const trafficOf = (memo: Memo, percent: number): TrafficEntry[] =>
  rolloutTraffic(memo.traffic as TrafficEntry[] | null, sharesOf(memo, percent));

/** Gives that share, by the memo that is there. */
export async function route(context: PlatformContext, percent: number): Promise<void> {
  assertWhole(percent);
  let shares: Shares | null = null;
  await change(context, (service, memo) => {
    if (memo === null || (percent > 0 && memo.candidate === null)) {
      if (percent > 0) throw noCandidate("split");
      return null;
    }
    shares = sharesOf(memo, percent);
    const traffic = trafficOf(memo, percent);
    return isSame(traffic, service.spec.traffic) ? null : { memo, traffic };
  });
  if (shares !== null) await untilRouted(context, shares);
}

const isSame = (left: unknown, right: unknown) => JSON.stringify(left) === JSON.stringify(right);

/** Resolves when the status gives these shares, of the spec as it stands, and the ingress has taken them. */
export async function untilRouted(context: PlatformContext, shares: Shares): Promise<void> {
  // A block that names a Revision which never was ready is routed nowhere, as was whatever stood there before.
  if (shares.empty === true && shares.candidatePercent < 100) return;
  const { api, namespace, name, options } = context;
  const timeoutMs = options.routeTimeoutMs ?? routeTimeoutMs;
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const { observed, status, ref } = await needService(api, serviceRef(namespace, name));
    const routes = status.conditions.find(({ type }) => type === "RoutesReady");
    if (observed && hasShares(status.traffic, shares) && routes?.status === "True") return;
    if (performance.now() > deadline) {
      const why =
        routes === undefined || routes.status === "True"
          ? "its status does not have these shares"
          : `${routes.reason}: ${routes.message}`.slice(0, 400);
      throw new RolloutError(
        "not-routed",
        `The traffic of Knative ${shown(ref)} was written, and after ${timeoutMs / 1000} s ${why}.`,
        "See what its Route says (kubectl describe route), and whether Knative's controllers and ingress run.",
      );
    }
    await new Promise((resolve) => setTimeout(resolve, lookEveryMs));
  }
}

/** Stable is named in the traffic block before the template changes, so that no Revision gets traffic by becoming ready. */
export async function prepare(context: PlatformContext, release: Release): Promise<void> {
  const { api, fence, options } = context;
  const view = await readView(context);
  assertReady(view, options.container);
  const pinned = await pin(context, view, release);
  await untilRouted(context, sharesOf(pinned, 0));
  await change(context, (service, memo) => {
    const index = servingIndex(service.spec.template.spec.containers, context.name, options.container);
    if (asksFor(service, index, release)) return null;
    const template = candidateTemplate(service.spec.template, index, release);
    return { memo, traffic: service.spec.traffic ?? null, template };
  });
  const revision = await untilMade(
    context,
    (each) => annotatedRelease(each.annotations)?.digest === release.digest,
  );
  await raiseScale(api, fence, revision, 1);
  await untilUp(api, context.namespace, revision.name, {
    replicas: 1,
    container: containerName(servingOf(revision, options.container).container),
    timeoutMs: options.readyTimeoutMs ?? readyTimeoutMs,
    who: `the candidate ${release.label}`,
  });
  await change(context, (_, memo) => {
    if (memo === null || memo.candidate === revision.name) return null;
    const next = { ...memo, candidate: revision.name };
    return { memo: next, traffic: trafficOf(next, 0) };
  });
  await route(context, 0);
}

function assertReady({ service, user }: View, option?: string): void {
  assertNotHealed(service.object);
  assertOneOwner(user, service.ref.name);
  const { containers } = service.spec.template.spec;
  const container = containers[servingIndex(containers, service.ref.name, option)];
  const problems = container === undefined ? [] : problemsOfTemplate(container);
  assertSound(`Knative ${shown(service.ref)}`, problems, "Correct what is named; nothing has been changed.");
}

/** All traffic for stable by its name, another candidate out of it. */
async function pin(context: PlatformContext, view: View, release: Release): Promise<Memo> {
  const { stable, candidate, empty, service } = view;
  if (stable === null) {
    throw new RolloutError(
      "not-ready",
      `Knative ${shown(service.ref)} has no Revision yet.`,
      "Wait until Knative has made one (kubectl get revisions); its controllers may not run.",
    );
  }
  const same = candidate !== null && annotatedRelease(candidate.annotations)?.digest === release.digest;
  const after = await change(context, (now, memo) => {
    const { template } = now.spec;
    const index = servingIndex(template.spec.containers, context.name, context.options.container);
    const next: Memo =
      memo === null
        ? {
            ...{ stable: stable.name, empty, candidate: null },
            replicas: Math.max(1, stable.status.actualReplicas),
            traffic: now.spec.traffic ?? null,
            template: replacedOf(template, index),
          }
        : { ...memo, candidate: same ? memo.candidate : null };
    const traffic = trafficOf(next, 0);
    return isSame(next, memo) && isSame(traffic, now.spec.traffic) ? null : { memo: next, traffic };
  });
  return memoOf(after) as Memo;
}

/** The Revision that Knative has made of the template as it stands, and no other: "latest" may mean the one before. */
export async function untilMade(
  context: PlatformContext,
  isIt: (revision: Revision) => boolean,
): Promise<Revision> {
  const { api, namespace, name } = context;
  const deadline = performance.now() + routeTimeoutMs;
  for (;;) {
    const service = await needService(api, serviceRef(namespace, name));
    const { latestCreatedRevisionName } = service.status;
    const found = (await revisionsOf(api, service)).find((each) => each.name === latestCreatedRevisionName);
    if (service.observed && found !== undefined && isIt(found)) return found;
    if (performance.now() > deadline) {
      const said = service.status.conditions
        .filter(({ status }) => status === "False")
        .map(({ reason, message }) => `${reason}: ${message}`);
      throw new RolloutError(
        "not-ready",
        `Knative made no Revision of the template of ${shown(service.ref)} within ${routeTimeoutMs / 1000} s: ${said.join("; ").slice(0, 400) || "it says nothing"}.`,
        "See whether Knative's controllers run (kubectl describe configuration).",
      );
    }
    await new Promise((resolve) => setTimeout(resolve, lookEveryMs));
  }
}

/** Both sides get pods for that split; none loses any. */
export async function capacity(context: PlatformContext, percent: number): Promise<void> {
  const { api, fence, namespace, options } = context;
  const { memo, stable, candidate, empty } = await readView(context);
  if (memo === null || candidate === null) {
    if (percent > 0) throw noCandidate("give it capacity");
    if (memo === null) return;
  }
  if (candidate !== null && candidate.name !== stable?.name) {
    const replicas = await raiseScale(api, fence, candidate, Math.max(1, podsFor(percent, memo.replicas)));
    const timeoutMs = options.readyTimeoutMs ?? readyTimeoutMs;
    if (percent > 0)
      await up(candidate, Math.min(replicas, podsFor(percent, memo.replicas)), timeoutMs, "the candidate");
  }
  if (stable === null || empty) return;
  const replicas = await raiseScale(api, fence, stable, memo.replicas);
  if (percent < 100)
    await up(stable, Math.min(replicas, podsFor(100 - percent, memo.replicas)), stableGraceMs, "stable");

  async function up(revision: Revision, replicas: number, timeoutMs: number, who: string): Promise<void> {
    const container = containerName(servingOf(revision, options.container).container);
    await untilUp(api, namespace, revision.name, { replicas, container, timeoutMs, who });
  }
}
