/** How routes of ours come to stand before KServe's, and go, without a request failing. */
import { randomUUID } from "node:crypto";
import { RolloutError } from "../error.ts";
import { givenEntrance } from "../kubernetes/given-entrance.ts";
import { names } from "../kubernetes/platform.ts";
import type { PlatformContext } from "../kubernetes/platforms.ts";
import { conflict } from "../kubernetes/refusals.ts";
import type { Found } from "./found-routes.ts";
import { addressesOf, requestOf, untilAccepted, untilAvailable } from "./gateways.ts";
import { type Route, routeKind, routeOf, type Services, type Shares } from "./http-routes.ts";
import type { InferenceService } from "./inference-service.ts";
import { nowhere } from "./refusals.ts";
import { curtainHeader, isHidden, nameBefore, passingMethod, routeBefore } from "./route-before.ts";
import { probePathOf } from "./served.ts";

const answerTimeoutMs = 30_000;
const lookEveryMs = 200;
/** Answers in a row after which a route is taken for one that serves. */
const answersNeeded = 40;
/** What is on its way through a route when no new request takes it any more has this long to end. */
const stillOnItsWayMs = 5_000;

export interface Standing extends Pick<Found, "generated" | "before"> {
  stable: InferenceService;
  services: Services;
}

/** Routes with these shares stand before KServe's, and have been seen to answer before a user's request takes them. */
export async function standBefore(
  context: PlatformContext,
  { generated, before, stable, services }: Standing,
  shares: Shares,
): Promise<void> {
  const write = (curtain?: string) =>
    Promise.all(generated.map((route) => writeBefore(context, route, services, shares, curtain)));
  const stands = (route: Route) =>
    before.some(
      (each) => each.object.metadata.name === nameBefore(route.object.metadata.name) && !isHidden(each),
    );
  if (!generated.every(stands)) {
    const curtain = randomUUID();
    await untilAccepted(context, await write(curtain));
    const headers = { [curtainHeader]: curtain };
    for (const route of generated) await untilAnswers(context, stable, route, { headers });
  }
  await untilAccepted(context, await write());
}

/** No new request of users takes the routes any more: KServe's own do, which have been seen to answer. Where they do not,
 * stable is down, and was so behind ours too. */
export async function stepAside(
  context: PlatformContext,
  { generated, before, stable, services }: Standing,
  named: Shares["named"],
): Promise<void> {
  const open = before.filter((route) => !isHidden(route));
  const covered = generated.filter(({ object }) =>
    open.some((each) => each.object.metadata.name === nameBefore(object.metadata.name)),
  );
  if (covered.length === 0) return;
  try {
    await untilAvailable(context, covered);
    for (const route of covered) await untilAnswers(context, stable, route, { method: passingMethod });
  } catch (error) {
    if (!(error instanceof RolloutError)) throw error;
    context.onTrouble(
      `KServe's own route is taken again without having been seen to serve: ${error.message}`,
    );
  }
  const silent: Shares = { candidatePercent: 0, mirrorPercent: 0, named };
  const curtain = randomUUID();
  const written = covered.map((route) => writeBefore(context, route, services, silent, curtain));
  await untilAccepted(context, await Promise.all(written));
}

/** The routes go, once nothing is on its way through them. */
export async function removeBefore(context: PlatformContext, before: readonly Route[]): Promise<void> {
  for (const { object } of before) {
    const { name, namespace, uid, annotations } = object.metadata;
    const sinceMs = Date.parse(annotations?.[names.fence] ?? "") || 0;
    const leftMs = stillOnItsWayMs - (context.api.now() - sinceMs);
    if (leftMs > 0) await new Promise((resolve) => setTimeout(resolve, Math.min(leftMs, stillOnItsWayMs)));
    await context.fence();
    const ref = { ...routeKind, name, ...(namespace !== undefined && { namespace }) };
    await context.api.remove(ref, uid === undefined ? {} : { uid });
  }
}

async function writeBefore(
  { api, fence, resource }: PlatformContext,
  generated: Route,
  services: Services,
  shares: Shares,
  curtain: string | undefined,
): Promise<Route> {
  await fence();
  const marks = {
    resource,
    mark: new Date(api.now()).toISOString(),
    ...(curtain !== undefined && { curtain }),
  };
  const object = await api.apply(routeBefore(generated, services, shares, marks), { force: true });
  const route = routeOf(object);
  if (route !== null) return route;
  throw conflict(
    `httproute/${nameBefore(generated.object.metadata.name)} is not what was written.`,
    "See who else writes it.",
  );
}

/** Resolves when somebody has answered each of so many requests in a row by that route. */
async function untilAnswers(
  { api, probe, options }: PlatformContext,
  stable: InferenceService,
  route: Route,
  more: { method?: string; headers?: Record<string, string> },
): Promise<void> {
  const url = givenEntrance(stable.object) ?? (await addressesOf(api, route))[0];
  if (url === undefined) throw nowhere(route);
  const request = { ...requestOf(route, probePathOf(stable.predictor)), ...more, count: answersNeeded };
  const timeoutMs = options.routeTimeoutMs ?? answerTimeoutMs;
  const deadlineMs = performance.now() + timeoutMs;
  for (;;) {
    const seen = await probe.ask(url, request);
    const failed = [...seen].filter(([who]) => who.startsWith("["));
    if (failed.length === 0) return;
    if (performance.now() > deadlineMs) {
      const said = failed.map(([who, times]) => `${who} ${times}`).join(", ");
      throw new RolloutError(
        "not-routed",
        `Requests to ${url} by httproute/${route.object.metadata.name} are not all answered after ${timeoutMs / 1000} s: ${said} of ${answersNeeded}.`,
        "See whether the predictor's pods are ready, and what the Gateway's controller says of the route.",
      );
    }
    await new Promise((resolve) => setTimeout(resolve, lookEveryMs));
  }
}
