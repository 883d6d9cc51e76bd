/**
 * The end of a rollout on Knative, in either direction, with all traffic on stable's Revision by name. First the template
 * is made to agree with it: a template that still asks for the bad release would promote it with the next edit of
 * anything. Then the user's own style of traffic comes back; one that follows the latest Revision only when the latest is
 * ready, with stable's pods, and runs what stable runs.
 */
import { RolloutError } from "../error.ts";
import { names } from "../kubernetes/platform.ts";
import type { PlatformContext } from "../kubernetes/platforms.ts";
import { type Memo, memoOf } from "./memo.ts";
import { untilMade } from "./prepare.ts";
import { giveScaleBack, raiseScale, untilUp } from "./revision-pods.ts";
import { type KnativeService, type Revision, revisionRef, type TrafficEntry } from "./service.ts";
import { formerTemplate, isLeftOver, servingIndex } from "./template.ts";
import { followsLatest, userTraffic } from "./traffic.ts";
import { containerName, leftBehind, readView, servingOf } from "./view.ts";
import { change, isSame, readyTimeoutMs, sharesOf, trafficOf, untilRouted } from "./writing.ts";

/** Stable serves meanwhile: what is waited for is only that the template agrees with it. */
const twinTimeoutMs = 60_000;

export async function cleanUp(context: PlatformContext): Promise<void> {
  const view = await readView(context);
  if (view.memo !== null && view.stable !== null) await giveBack(context, view.stable, view.memo);
  await sweep(context);
}

async function giveBack(context: PlatformContext, stable: Revision, memo: Memo): Promise<void> {
  await takeTemplateBack(context, stable, memo);
  const latest = await untilMade(context, (revision, service) => isMadeOf(service, revision, context));
  await removeOthers(context, stable);
  const user = memo.traffic as TrafficEntry[] | null;
  const owner = followsLatest(user) ? latest : stable;
  if (!(await mayTakeOver(context, owner, stable, memo))) return pinAlone(context, memo);
  await change(context, (_, now) =>
    now === null ? null : { memo: null, traffic: userTraffic(user, owner.name) },
  );
  await untilRouted(context, { stable: owner.name, candidate: null, candidatePercent: 0 });
}

/** A template that a rollout left asking for a release which is not stable asks for the former one again. What others
 * have made of it meanwhile is theirs. */
async function takeTemplateBack(context: PlatformContext, stable: Revision, memo: Memo): Promise<void> {
  const { name, options } = context;
  const alone: Memo = { ...memo, candidate: null };
  await change(context, ({ spec }) => {
    const index = servingIndex(spec.template.spec.containers, name, options.container);
    if (!isLeftOver(spec.template, index, stable, options.container)) return null;
    const template = formerTemplate(spec.template, index, memo.template);
    return { memo: alone, traffic: trafficOf(alone, 0), template };
  });
}

/** Stable keeps all traffic by its name, and the user's style is remembered until it can be given back. */
async function pinAlone(context: PlatformContext, memo: Memo): Promise<void> {
  const alone: Memo = { ...memo, candidate: null };
  const after = await change(context, (service, now) => {
    const traffic = trafficOf(alone, 0);
    const same = isSame(now, alone) && isSame(traffic, service.spec.traffic);
    return now === null || same ? null : { memo: alone, traffic };
  });
  if (memoOf(after) !== null) await untilRouted(context, sharesOf(alone, 0));
}

function isMadeOf({ spec }: KnativeService, revision: Revision, { name, options }: PlatformContext): boolean {
  const { metadata, spec: pod } = spec.template;
  const container = pod.containers[servingIndex(pod.containers, name, options.container)];
  return (
    servingOf(revision, options.container).container.image === container?.image &&
    revision.annotations[names.release] === metadata?.annotations?.[names.release]
  );
}

/** Whether it may take all traffic from stable: it runs the same, with as many pods. */
async function mayTakeOver(
  context: PlatformContext,
  owner: Revision,
  stable: Revision,
  { empty, replicas: wanted }: Memo,
): Promise<boolean> {
  if (empty || owner.name === stable.name) return !empty;
  const { api, fence, namespace, options, onTrouble } = context;
  const pinned = `Stable has all traffic by its Revision ${stable.name}; the Service follows its latest Revision again at the end of the next rollout`;
  if (!runsSame(owner, stable, options.container)) {
    onTrouble(`${pinned}: its template was changed by others and asks for another release.`);
    return false;
  }
  try {
    const replicas = await raiseScale(api, fence, owner, wanted);
    const container = containerName(servingOf(owner, options.container).container);
    const timeoutMs = Math.min(twinTimeoutMs, options.readyTimeoutMs ?? readyTimeoutMs);
    await untilUp(api, namespace, owner.name, {
      ...{ replicas, container, timeoutMs, who: "stable's new Revision" },
    });
    return true;
  } catch (error) {
    if (!(error instanceof RolloutError) || error.code !== "not-ready") throw error;
    onTrouble(`${pinned}: ${error.message}`);
    return false;
  }
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
