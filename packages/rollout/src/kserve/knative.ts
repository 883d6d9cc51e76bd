/**
 * KServe in Knative mode: one InferenceService, whose `canaryTrafficPercent` shares requests out between its newest
 * revision and the one that was rolled out before. The candidate stands in the user's own spec; so the way back has two
 * phases, since removing the field with the candidate still in the spec would promote it.
 */
import { entranceOf } from "../knative/entrance.ts";
import { giveScaleBack, raiseScale, revisionPods, untilUp } from "../knative/revision-pods.ts";
import { needService, type Revision, serviceRef } from "../knative/service.ts";
import { assertWhole } from "../knative/traffic.ts";
import { authorOf } from "../kubernetes/authors.ts";
import { podsFor } from "../kubernetes/capacity.ts";
import { givenEntrance } from "../kubernetes/given-entrance.ts";
import type { Platform, PlatformState, Side } from "../kubernetes/platform.ts";
import type { PlatformContext } from "../kubernetes/platforms.ts";
import { proveShares } from "../kubernetes/prove.ts";
import { noCandidate, notUp } from "../kubernetes/refusals.ts";
import { type InferenceService, predictorName, usersService } from "./inference-service.ts";
import { backInPlace, forCandidate, holdsCandidate } from "./knative-changes.ts";
import { merge } from "./merge.ts";
import { noFirst, noMirror, othersCanary, stillGiven } from "./refusals.ts";
import { percentIsOurs, releaseOfRevision, revisionsOf, until, type View } from "./revisions.ts";
import { probePathOf, servingContainer, servingName } from "./served.ts";

const defaultReadyTimeoutMs = 600_000;
const defaultRouteTimeoutMs = 30_000;
/** Of the server, which Knative tells by `PORT` where the container names none. */
const defaultPort = 8080;

export function knativePlatform(context: PlatformContext): Platform {
  const { api, fence, namespace, options } = context;
  const user = () => usersService(api, namespace, context.name);
  const view = async (): Promise<View> => {
    const service = await user();
    return { service, ...(await revisionsOf(context, service)) };
  };
  const readyTimeoutMs = options.readyTimeoutMs ?? defaultReadyTimeoutMs;
  const write = (make: Parameters<typeof merge>[2]) => merge(context, user, make);
  const settle = (fits: (now: View) => boolean, what: string) =>
    until(view, fits, { what, timeoutMs: options.routeTimeoutMs ?? defaultRouteTimeoutMs });
  const scale = async (revision: Revision, replicas: number, who: string) => {
    const container = revision.spec.containers[0]?.name ?? servingContainer;
    const wanted = await raiseScale(api, fence, revision, replicas);
    await untilUp(api, namespace, revision.name, {
      ...{ replicas: wanted, container, who },
      timeoutMs: readyTimeoutMs,
    });
  };

  const entrance = async (service: InferenceService) => {
    const [given, shown] = [givenEntrance(service.object), service.status.url];
    if (given !== null && shown !== undefined) return { url: given, host: new URL(shown).host };
    return entranceOf(api, await needService(api, serviceRef(namespace, predictorName(service))));
  };

  return {
    read: async () => stateOf(await view()),
    prepare: async (release) => {
      const { service, stable, candidate } = await view();
      if (service.stopped || stable === null) throw noFirst(service);
      if (service.predictor.canaryTrafficPercent !== undefined && !percentIsOurs(service.object))
        throw othersCanary(service);
      if (candidate?.release.digest !== release.digest)
        await write(({ predictor, where }) => ({
          spec: { predictor: forCandidate(predictor, release, where) },
        }));
      const who = `the candidate ${release.label}`;
      const made = await until(view, ({ candidate }) => candidate?.revision != null, {
        what: `KServe makes a revision of ${who}`,
        timeoutMs: readyTimeoutMs,
      });
      const { revision } = made.candidate ?? {};
      if (revision) await scale(revision, 1, who);
      await settle(isCandidateLatest, `${who} is the latest revision that is ready`);
    },
    capacity: async (percent) => {
      const { candidate, stable } = await view();
      if (!candidate?.revision || stable === null) return;
      const strength = Math.max(1, stable.status.actualReplicas);
      // Stable keeps the pods that it has: an autoscaler that sees it idle would take them.
      await scale(stable, strength, "stable");
      if (percent > 0)
        await scale(
          candidate.revision,
          podsFor(percent, strength),
          `the candidate ${candidate.release.label}`,
        );
    },
    route: async (percent) => {
      assertWhole(percent);
      const now = await view();
      const { candidate, service } = now;
      if (candidate === null || !holdsCandidate(service.predictor)) {
        if (percent > 0) throw noCandidate("split");
        return;
      }
      if (percent > 0 && !isCandidateLatest(now)) throw notUp(candidate.release);
      await write(({ predictor }) =>
        predictor.canaryTrafficPercent === percent
          ? null
          : { spec: { predictor: { canaryTrafficPercent: percent } } },
      );
      await settle(
        ({ traffic, candidate, stable }) =>
          (traffic.get(candidate?.revision?.name ?? "-") ?? 0) === percent &&
          (traffic.get(stable?.name ?? "-") ?? 0) === 100 - percent,
        `Knative routes ${percent} % to the candidate's revision and the rest to stable's`,
      );
    },
    prove: async (percent) => {
      const { service, stable, candidate } = await view();
      if (stable === null) return;
      const { url, host } = await entrance(service);
      await proveShares(context.probe, {
        url,
        request: { host, path: probePathOf(service.predictor) },
        stable: releaseOfRevision(stable).digest,
        candidate: candidate?.release.digest ?? null,
        candidatePercent: percent,
        stableIsUnnamed: !stable.annotations["ml-actions.github.io/release"],
        timeoutMs: options.routeTimeoutMs ?? defaultRouteTimeoutMs,
      });
    },
    mirror: async (percent) => {
      if (percent > 0) throw noMirror();
    },
    adopt: async () => {
      const { candidate } = await view();
      if (candidate?.revision == null) return;
      const { name } = candidate.revision;
      await write(withoutPercent);
      await settle(
        ({ traffic }) => traffic.get(name) === 100,
        "Knative routes everything to the promoted revision",
      );
    },
    /** Stable has all traffic. First its own text goes back into the spec, still with 0 % for whatever is newest; only when
     * that is a revision which is ready, with all the pods that stable needs, goes the field. */
    cleanUp: async () => {
      const { service, stable } = await view();
      const given = service.predictor.canaryTrafficPercent;
      if (given !== undefined && percentIsOurs(service.object)) {
        if (holdsCandidate(service.predictor)) {
          if (given > 0) throw stillGiven(service, given);
          await write(({ predictor }) => ({ spec: { predictor: backInPlace(predictor) } }));
        }
        const back = await until(view, ({ settled, candidate }) => settled && candidate === null, {
          what: "stable's own text is the latest revision again, and ready",
          timeoutMs: readyTimeoutMs,
        });
        if (back.created && stable)
          await scale(back.created, Math.max(1, stable.status.actualReplicas), "stable");
        await write(withoutPercent);
        const name = back.created?.name ?? "-";
        await settle(
          ({ traffic }) => traffic.get(name) === 100,
          "Knative routes everything to stable's revision",
        );
      }
      const { stable: now } = await view();
      if (now !== null) await giveScaleBack(api, fence, now);
    },
    pods: async () => {
      const { service, stable, candidate } = await view();
      const serving = { container: servingName(service.predictor, service.where), port: defaultPort };
      const of = (revision: Revision | null | undefined) =>
        revision ? revisionPods(api, namespace, revision.name, serving) : Promise.resolve([]);
      return { stable: await of(stable), candidate: await of(candidate?.revision) };
    },
    workloads: async () => {
      const { stable, candidate } = await view();
      const named = (revision: Revision | null | undefined) => ({
        workload: `${revision?.name ?? ""}-deployment`,
        ...(revision && { revision: revision.name }),
      });
      return { stable: named(stable), candidate: named(candidate?.revision) };
    },
  };
}

const withoutPercent = ({ predictor }: InferenceService) =>
  predictor.canaryTrafficPercent === undefined
    ? null
    : { spec: { predictor: { canaryTrafficPercent: null } } };

/** The one thing that tells a canary from the old revision under another name. */
function isCandidateLatest({ settled, candidate, created, stable }: View): boolean {
  return settled && candidate?.revision != null && created?.name !== stable?.name;
}

function stateOf({ service, stable, candidate, traffic }: View): PlatformState {
  const side = (release: Side["release"], revision: Revision | null): Side => ({
    release,
    ready: revision?.ready ?? false,
  });
  const shown = service.stopped || stable === null ? null : side(releaseOfRevision(stable), stable);
  const splitBy = authorOf(service.object, ["spec", "predictor", "canaryTrafficPercent"]);
  // Once the field is gone, what was the candidate is what the user has.
  const open = service.predictor.canaryTrafficPercent !== undefined;
  return {
    stable: shown,
    candidate: candidate !== null && open ? side(candidate.release, candidate.revision) : null,
    candidatePercent: open ? (traffic.get(candidate?.revision?.name ?? "-") ?? 0) : 0,
    mirrorPercent: 0,
    ...(splitBy !== undefined && { splitBy }),
    url: service.status.url ?? "",
  };
}
