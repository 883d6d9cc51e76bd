/** The candidate's Revision, from the template to its pods, without any traffic. */
import { RolloutError } from "../error.ts";
import { assertNotHealed, assertSound } from "../kubernetes/checks.ts";
import type { PlatformContext } from "../kubernetes/platforms.ts";
import { shown } from "../kubernetes/workload.ts";
import { annotatedRelease } from "../kubernetes/workload-release.ts";
import type { Release } from "../target.ts";
import { type Memo, memoOf } from "./memo.ts";
import { raiseScale, untilUp } from "./revision-pods.ts";
import {
  type KnativeService,
  needService,
  type Revision,
  type RevisionTemplate,
  revisionsOf,
  serviceRef,
} from "./service.ts";
import {
  asksFor,
  candidateTemplate,
  isLeftOver,
  problemsOfTemplate,
  releaseOfRevision,
  replacedOf,
  servingIndex,
} from "./template.ts";
import { assertOneOwner } from "./traffic.ts";
import { containerName, readView, servingOf, type View } from "./view.ts";
import {
  change,
  isSame,
  lookEveryMs,
  readyTimeoutMs,
  route,
  routeTimeoutMs,
  sharesOf,
  trafficOf,
  untilRouted,
} from "./writing.ts";

/** Stable is named in the traffic block before the template changes, so that no Revision gets traffic by becoming ready. */
export async function prepare(context: PlatformContext, release: Release): Promise<void> {
  const { api, fence, options } = context;
  const view = await firstMade(context);
  assertReady(view, options.container);
  const pinned = await pin(context, view, release);
  await untilRouted(context, sharesOf(pinned, 0));
  await change(context, (service, memo) => {
    const index = servingIndex(service.spec.template.spec.containers, context.name, options.container);
    if (asksFor(service, index, release)) return null;
    const template = candidateTemplate(service.spec.template, index, release);
    return { memo, traffic: service.spec.traffic ?? null, template };
  });
  const revision = await untilMade(context, (each) => {
    const { index } = servingOf(each, options.container);
    return releaseOfRevision(each, index)?.digest === release.digest;
  });
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

/** A Service that was made a moment ago has no Revision yet. */
async function firstMade(context: PlatformContext): Promise<View & { stable: Revision }> {
  const deadline = performance.now() + routeTimeoutMs;
  for (;;) {
    const view = await readView(context);
    const { stable } = view;
    if (stable !== null) return { ...view, stable };
    if (performance.now() > deadline) throw noRevision(view.service);
    await new Promise((resolve) => setTimeout(resolve, lookEveryMs));
  }
}

/** All traffic for stable by its name, another candidate out of it. */
async function pin(
  context: PlatformContext,
  { stable, candidate, empty }: View & { stable: Revision },
  release: Release,
): Promise<Memo> {
  const { container } = context.options;
  // What others have made of the template since is what comes back.
  const formerOf = (template: RevisionTemplate, index: number, memo: Memo) =>
    isLeftOver(template, index, stable, container) ? memo.template : replacedOf(template, index);
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
        : { ...memo, candidate: same ? memo.candidate : null, template: formerOf(template, index, memo) };
    const traffic = trafficOf(next, 0);
    return isSame(next, memo) && isSame(traffic, now.spec.traffic) ? null : { memo: next, traffic };
  });
  return memoOf(after) as Memo;
}

/** The Revision that Knative has made of the template as it stands, and no other: "latest" may mean the one before. */
export async function untilMade(
  context: PlatformContext,
  isIt: (revision: Revision, service: KnativeService) => boolean,
): Promise<Revision> {
  const { api, namespace, name } = context;
  const deadline = performance.now() + routeTimeoutMs;
  for (;;) {
    const service = await needService(api, serviceRef(namespace, name));
    const { latestCreatedRevisionName } = service.status;
    const found = (await revisionsOf(api, service)).find((each) => each.name === latestCreatedRevisionName);
    if (isOfTemplate(service) && found !== undefined && isIt(found, service)) return found;
    if (performance.now() > deadline) throw noRevision(service);
    await new Promise((resolve) => setTimeout(resolve, lookEveryMs));
  }
}

/** Knative has seen the spec before it has made anything of the template, and until then names the Revision before. */
function isOfTemplate({ observed, status }: KnativeService): boolean {
  const made = status.conditions.find(({ type }) => type === "ConfigurationsReady");
  return observed && made?.reason !== "OutOfDate";
}

function noRevision({ ref, status }: KnativeService): RolloutError {
  const said = status.conditions
    .filter((each) => each.status === "False")
    .map(({ reason, message }) => `${reason}: ${message}`);
  return new RolloutError(
    "not-ready",
    `Knative made no Revision of the template of ${shown(ref)} within ${routeTimeoutMs / 1000} s: ${said.join("; ").slice(0, 400) || "it says nothing"}.`,
    "See whether Knative's controllers run (kubectl describe configuration).",
  );
}
