/** The ways by which users reach a predictor in Standard mode, and how they share requests out. Either users have an
 * HTTPRoute of their own that names the predictor's Service: then the shares are written there, as for any other route.
 * Or they call the host that KServe made up: then a route of ours stands before KServe's for as long as it must. */
import { ClusterError } from "@ml-actions/cluster/error";
import { authorOf } from "../kubernetes/authors.ts";
import { assertMirrors } from "../kubernetes/gateway-objects.ts";
import { givenEntrance } from "../kubernetes/given-entrance.ts";
import { names, type PlatformState, type Side } from "../kubernetes/platform.ts";
import type { PlatformContext } from "../kubernetes/platforms.ts";
import { proveShares } from "../kubernetes/prove.ts";
import { conflict, noCandidate } from "../kubernetes/refusals.ts";
import { annotatedRelease } from "../kubernetes/workload-release.ts";
import { removeBefore, standBefore, stepAside } from "./before.ts";
import { type Found, find, isTop, leadsAnywhere, ownRulesAreSimple, rulesOf } from "./found-routes.ts";
import { addressesOf, requestOf, untilAccepted } from "./gateways.ts";
import {
  type Route,
  routeKind,
  routeOf,
  type Services,
  type Shares,
  shared,
  sharesIn,
} from "./http-routes.ts";
import { candidateName, type InferenceService, predictorName } from "./inference-service.ts";
import { noEntrance, nowhere } from "./refusals.ts";
import { modelAt, writtenRelease } from "./release-of.ts";
import { isHidden } from "./route-before.ts";
import { probePathOf, servedBy } from "./served.ts";
import type { Sides } from "./sides.ts";

export interface Entrances {
  /** Rejects with `conflict` when nothing leads users' requests to the predictor itself. */
  check(stable: InferenceService): Promise<void>;
  read(sides: Sides): Promise<Pick<PlatformState, "candidatePercent" | "mirrorPercent" | "url" | "splitBy">>;
  route(sides: Sides, candidatePercent: number): Promise<void>;
  mirror(sides: Sides, percent: number): Promise<void>;
  prove(
    sides: Sides,
    running: { stable: Side | null; candidate: Side | null },
    percent: number,
  ): Promise<void>;
  /** Stable has all traffic: no request takes a way that was made for the candidate any more. */
  leave(sides: Sides): Promise<void>;
  /** Those ways go: as if there had never been a candidate. */
  clear(sides: Sides): Promise<void>;
}

const writeTries = 5;
const routeTimeoutMs = 30_000;
const lookEveryMs = 300;

export function entrances(context: PlatformContext): Entrances {
  const { api } = context;
  const write = async (sides: Sides, change: (present: Shares) => Partial<Shares>) => {
    const services = servicesOf(sides.stable);
    const found = await find(context, services);
    const present: Shares = { ...sharesIn(rulesOf([...found.own, ...open(found)]), services), named: null };
    const shares: Shares = { ...present, ...change(present), named: namesOf(sides) };
    // Without a route of ours, stable has all of it.
    const silent = shares.candidatePercent === 0 && shares.mirrorPercent === 0;
    if (
      silent &&
      open(found).length === 0 &&
      found.own.every((route) => !leadsAnywhere(route, services.candidate))
    )
      return;
    if (!silent && sides.candidate === null) throw noCandidate("split");
    if (found.own.length === 0)
      return standBefore(context, { ...found, services, stable: sides.stable }, shares);
    const written = found.own.map((route) => writeOwn(context, route, services, shares));
    await untilAccepted(context, await Promise.all(written));
  };
  return {
    check: async (stable) => {
      if (stable.stopped) return;
      const services = servicesOf(stable);
      const { own, generated } = await find(context, services);
      if (own.length > 0) ownRulesAreSimple(own, services);
      else if (!generated.some(({ object }) => object.metadata.name === stable.object.metadata.name))
        throw noEntrance(stable, services);
    },
    read: async ({ stable }) => {
      const services = servicesOf(stable);
      const found = await find(context, services);
      const { own } = found;
      const host = own[0]?.spec.hostnames[0];
      const url = host === undefined ? (stable.status.url ?? "") : `http://${host}`;
      const [route] = [...own, ...open(found)];
      const splitBy = route && authorOf(route.object, ["spec", "rules"]);
      const shares = sharesIn(rulesOf([...own, ...open(found)]), services);
      return { ...shares, url, ...(splitBy !== undefined && { splitBy }) };
    },
    route: (sides, candidatePercent) => write(sides, () => ({ candidatePercent })),
    mirror: async (sides, mirrorPercent) => {
      if (mirrorPercent > 0) {
        const { own, generated } = await find(context, servicesOf(sides.stable));
        for (const { object, spec } of own.length > 0 ? own : generated)
          await assertMirrors(context, { object, parentRefs: spec.parentRefs }, mirrorPercent);
      }
      return write(sides, () => ({ mirrorPercent }));
    },
    prove: async ({ stable }, running, candidatePercent) => {
      if (stable.stopped || running.stable === null) return;
      const route = await routeOfUsers(context, stable);
      const request = requestOf(route, probePathOf(stable.predictor));
      const url = givenEntrance(stable.object) ?? (await addressesOf(api, route))[0];
      if (url === undefined) throw nowhere(route);
      await proveShares(context.probe, {
        ...{ url, request },
        stable: running.stable.release.digest,
        candidate: running.candidate?.release.digest ?? null,
        candidatePercent,
        stableIsUnnamed: !namesItself(stable),
        timeoutMs: context.options.routeTimeoutMs ?? routeTimeoutMs,
      });
    },
    leave: async (sides) => {
      const { stable } = sides;
      const services = servicesOf(stable);
      const found = await find(context, services);
      for (const route of found.own)
        if (leadsAnywhere(route, services.candidate)) await writeOwn(context, route, services, null);
      await stepAside(context, { ...found, services, stable }, namesOf(sides));
    },
    clear: async ({ stable }) => removeBefore(context, (await find(context, servicesOf(stable))).before),
  };
}

/** Those that users' requests take. */
const open = ({ before }: Found) => before.filter((route) => !isHidden(route));

export function servicesOf(stable: InferenceService): Services {
  return {
    stable: predictorName(stable),
    candidate: `${candidateName(stable.object.metadata.name)}-predictor`,
  };
}

/** A stable of others names itself not at all; one of ours does, unless it is a model on others' server. */
function namesItself({ predictor, where }: InferenceService): boolean {
  return servedBy(predictor, where).kind === "image" && annotatedRelease(predictor.annotations) !== null;
}

/** The gateway names answers in place of a server that others made. */
function namesOf({ stable, candidate }: Sides): Shares["named"] {
  const digestOf = ({ predictor, where }: InferenceService) => {
    const served = servedBy(predictor, where);
    const known =
      writtenRelease(predictor, served) ?? (served.kind === "model" ? modelAt(served.storageUri) : null);
    return known?.digest ?? nobody;
  };
  if (servedBy(stable.predictor, stable.where).kind === "image") return null;
  return { stable: digestOf(stable), candidate: candidate === null ? nobody : digestOf(candidate) };
}

/** A name must have a letter. */
const nobody = "none";

/** The one that people are told of. KServe makes it a moment after the predictor is ready. */
async function routeOfUsers(context: PlatformContext, stable: InferenceService): Promise<Route> {
  const services = servicesOf(stable);
  const deadlineMs = performance.now() + (context.options.routeTimeoutMs ?? routeTimeoutMs);
  for (;;) {
    const { own, generated } = await find(context, services);
    const route = own[0] ?? generated.find((each) => isTop(each, stable));
    if (route !== undefined) return route;
    if (performance.now() > deadlineMs) throw noEntrance(stable, services);
    await new Promise((resolve) => setTimeout(resolve, lookEveryMs));
  }
}

/** Written whole, because a route's rules have no keys: as it was read, and only if it has not changed since. */
async function writeOwn(
  { api, fence }: PlatformContext,
  route: Route,
  services: Services,
  shares: Shares | null,
): Promise<Route> {
  const { name, namespace } = route.object.metadata;
  const ref = { ...routeKind, name, ...(namespace !== undefined && { namespace }) };
  for (let left = writeTries; ; left -= 1) {
    const object = await api.get(ref);
    const read = object && routeOf(object);
    if (read === null || object === null)
      throw conflict(
        `httproute/${name} is not there any more.`,
        "Deploy again once routes stay as they are.",
      );
    await fence();
    try {
      const patch = {
        metadata: {
          resourceVersion: object.metadata.resourceVersion,
          annotations: { [names.fence]: shares === null ? null : markOf(api.now()) },
        },
        spec: { rules: read.spec.rules.map((rule) => shared(rule, services, shares)) },
      };
      return routeOf(await api.merge(ref, patch)) ?? read;
    } catch (error) {
      if (!(error instanceof ClusterError) || error.code !== "conflict" || left === 1) throw error;
    }
  }
}

const markOf = (nowMs: number) => new Date(nowMs).toISOString();
