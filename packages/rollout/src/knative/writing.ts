/** Writing a Knative Service: the traffic block, the template, and what a rollout remembers of it, in one write. */
import { ClusterError } from "@ml-actions/cluster/error";
import { RolloutError } from "../error.ts";
import { writeMark } from "../kubernetes/pair.ts";
import { names } from "../kubernetes/platform.ts";
import type { PlatformContext } from "../kubernetes/platforms.ts";
import { noCandidate } from "../kubernetes/refusals.ts";
import { shown } from "../kubernetes/workload.ts";
import { type Memo, memoAnnotation, memoOf } from "./memo.ts";
import { type KnativeService, needService, serviceRef, type TrafficEntry } from "./service.ts";
import { assertWhole, hasShares, rolloutTraffic, type Shares } from "./traffic.ts";

export const readyTimeoutMs = 600_000;
export const routeTimeoutMs = 30_000;
export const lookEveryMs = 200;
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

export const isSame = (left: unknown, right: unknown) => JSON.stringify(left) === JSON.stringify(right);

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
