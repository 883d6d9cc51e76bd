/** Platform `knative`: shares by the traffic block of a Knative Service, sides are its Revisions. The user's object is the
 * Service; promotion leaves it with the candidate's image in its template, and traffic in the user's own style. */
import { RolloutError } from "../error.ts";
import { cleanUp } from "../knative/clean-up.ts";
import { entranceOf } from "../knative/entrance.ts";
import { prepare } from "../knative/prepare.ts";
import { revisionPods } from "../knative/revision-pods.ts";
import { capacity } from "../knative/scale.ts";
import type { Revision } from "../knative/service.ts";
import { containerName, containerPort, isUnnamed, readView, servingOf, stateOf } from "../knative/view.ts";
import { change, route, routeTimeoutMs, trafficOf } from "../knative/writing.ts";
import type { Platform, PodRef, WorkloadNames } from "../kubernetes/platform.ts";
import type { PlatformContext } from "../kubernetes/platforms.ts";
import { proveShares } from "../kubernetes/prove.ts";
import { isUnseen, noCandidate } from "../kubernetes/refusals.ts";

export async function knativePlatform(context: PlatformContext): Promise<Platform> {
  const { options } = context;
  return {
    async read() {
      const view = await readView(context);
      const { url } = await entranceOf(context.api, view.service).catch(unlessUnseen);
      return { ...stateOf(view, options.container), ...(url !== undefined && { entrance: url }) };
    },
    prepare: (release) => prepare(context, release),
    capacity: (percent) => capacity(context, percent),
    route: (percent) => route(context, percent),
    prove: (percent) => prove(context, percent),
    mirror: async (percent) => {
      if (percent > 0) throw noMirror();
    },
    async adopt() {
      await change(context, (_, memo) => {
        if (memo === null || memo.candidate === null) throw noCandidate("adopt it");
        if (memo.stable === memo.candidate) return null;
        const next = { ...memo, stable: memo.candidate, empty: false };
        return { memo: next, traffic: trafficOf(next, 0) };
      });
    },
    cleanUp: () => cleanUp(context),
    async pods() {
      const { stable, candidate, empty } = await readView(context);
      return {
        stable: empty ? [] : await podsOf(stable),
        candidate: candidate?.name === stable?.name ? [] : await podsOf(candidate),
      };
    },
    async workloads() {
      const { stable, candidate } = await readView(context);
      return { stable: namesOf(stable), candidate: namesOf(candidate) };
    },
  };

  async function podsOf(revision: Revision | null): Promise<PodRef[]> {
    if (revision === null) return [];
    const { container } = servingOf(revision, options.container);
    const serving = { container: containerName(container), port: containerPort(container) };
    return revisionPods(context.api, context.namespace, revision.name, serving);
  }
}

async function prove(context: PlatformContext, percent: number): Promise<void> {
  const { api, probe, options } = context;
  const view = await readView(context);
  const { stable, candidate } = stateOf(view, options.container);
  const revision = view.stable ?? view.candidate;
  if (revision === null) return;
  const { container } = servingOf(revision, options.container);
  const { url, host } = await entranceOf(api, view.service);
  await proveShares(probe, {
    url,
    request: { path: container.readinessProbe?.httpGet?.path ?? "/", host },
    stable: stable?.release.digest ?? null,
    candidate: candidate?.release.digest ?? null,
    candidatePercent: percent,
    stableIsUnnamed: isUnnamed(container),
    timeoutMs: options.routeTimeoutMs ?? routeTimeoutMs,
  });
}

/** As Knative names the Deployment of a Revision. */
const namesOf = (revision: Revision | null): WorkloadNames =>
  revision === null ? { workload: "" } : { workload: `${revision.name}-deployment`, revision: revision.name };

function unlessUnseen(error: unknown): { url?: string } {
  if (isUnseen(error)) return {};
  throw error;
}

function noMirror(): RolloutError {
  return new RolloutError(
    "unsupported",
    "Knative sends each request to one Revision: target knative cannot copy requests to a candidate.",
    "Use `mode: replay` of the action shadow.",
  );
}
