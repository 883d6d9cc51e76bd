/**
 * The end of a rollout on Knative, in either direction, with all traffic on stable's Revision by name. First the template
 * is made to agree with it: a template that still asks for the bad release would promote it with the next edit of
 * anything. Then the user's own style of traffic comes back; one that follows the latest Revision only when the latest is
 * ready, with stable's pods, and runs what stable runs.
 */
import { RolloutError } from "../error.ts";
import { names } from "../kubernetes/platform.ts";
import type { PlatformContext } from "../kubernetes/platforms.ts";
import type { Memo } from "./memo.ts";
import { untilMade } from "./prepare.ts";
import { giveScaleBack, raiseScale, untilUp } from "./revision-pods.ts";
import { type KnativeService, type Revision, revisionRef, type TrafficEntry } from "./service.ts";
import { formerTemplate, servingIndex } from "./template.ts";
import { followsLatest, userTraffic } from "./traffic.ts";
import { containerName, leftBehind, readView, servingOf, type View } from "./view.ts";
import { change, readyTimeoutMs, trafficOf, untilRouted } from "./writing.ts";

/** Stable serves meanwhile: what is waited for is only that the template agrees with it. */
const twinTimeoutMs = 60_000;

export async function cleanUp(context: PlatformContext): Promise<void> {
  const view = await readView(context);
  if (view.memo !== null && view.stable !== null) await giveBack(context, view, view.stable, view.memo);
  await sweep(context);
}

async function giveBack(context: PlatformContext, view: View, stable: Revision, memo: Memo): Promise<void> {
  const { options } = context;
  const alone: Memo = { ...memo, candidate: null };
  if (!agrees(view.service, stable, options.container)) {
    await change(context, (service) => {
      if (agrees(service, stable, options.container)) return null;
      const index = servingIndex(service.spec.template.spec.containers, context.name, options.container);
      const template = formerTemplate(service.spec.template, index, memo.template);
      return { memo: alone, traffic: trafficOf(alone, 0), template };
    });
  }
  const latest = await untilMade(context, (revision) => runsSame(revision, stable, options.container));
  await removeOthers(context, stable);
  const user = memo.traffic as TrafficEntry[] | null;
  const owner = followsLatest(user) ? latest : stable;
  if (memo.empty || !(await isUp(context, owner, stable, memo))) {
    await change(context, (_, now) => (now === null ? null : { memo: alone, traffic: trafficOf(alone, 0) }));
    return;
  }
  await change(context, (_, now) =>
    now === null ? null : { memo: null, traffic: userTraffic(user, owner.name) },
  );
  await untilRouted(context, { stable: owner.name, candidate: null, candidatePercent: 0 });
}

/** Whether it may take all traffic from stable. */
async function isUp(
  context: PlatformContext,
  owner: Revision,
  stable: Revision,
  memo: Memo,
): Promise<boolean> {
  if (owner.name === stable.name) return true;
  const { api, fence, namespace, options, onTrouble } = context;
  try {
    const replicas = await raiseScale(api, fence, owner, memo.replicas);
    const container = containerName(servingOf(owner, options.container).container);
    const timeoutMs = Math.min(twinTimeoutMs, options.readyTimeoutMs ?? readyTimeoutMs);
    await untilUp(api, namespace, owner.name, {
      replicas,
      container,
      timeoutMs,
      who: "stable's new Revision",
    });
    return true;
  } catch (error) {
    if (!(error instanceof RolloutError) || error.code !== "not-ready") throw error;
    onTrouble(
      `Stable has all traffic by its Revision ${stable.name}; the Service follows its latest Revision again once that is ready, at the end of the next rollout: ${error.message}`,
    );
    return false;
  }
}

/** Image and release of the template are the Revision's. */
function agrees({ spec, ref }: KnativeService, revision: Revision, option?: string): boolean {
  const { template } = spec;
  const index = servingIndex(template.spec.containers, ref.name, option);
  const annotated = template.metadata?.annotations?.[names.release];
  const { container } = servingOf(revision, option);
  return (
    template.spec.containers[index]?.image === container.image &&
    annotated === revision.annotations[names.release]
  );
}

function runsSame(left: Revision, right: Revision, option?: string): boolean {
  return (
    servingOf(left, option).container.image === servingOf(right, option).container.image &&
    left.annotations[names.release] === right.annotations[names.release]
  );
}

/** Revisions of releases that were not promoted go. */
async function removeOthers(context: PlatformContext, stable: Revision): Promise<void> {
  const { api, fence, namespace, options } = context;
  for (const revision of leftBehind(await readView(context), stable, options.container)) {
    await fence();
    const { uid } = revision.object.metadata;
    const only = { ...(uid !== undefined && { uid }), propagation: "Background" } as const;
    await api.remove(revisionRef(namespace, revision.name), only);
  }
}

/** Scales go back to what they were. */
async function sweep(context: PlatformContext): Promise<void> {
  const { api, fence } = context;
  const { revisions } = await readView(context);
  for (const revision of revisions) await giveScaleBack(api, fence, revision);
}
