/** Which HTTPRoutes lead to a predictor, and whose they are. */
import { names } from "../kubernetes/platform.ts";
import type { PlatformContext } from "../kubernetes/platforms.ts";
import { conflict } from "../kubernetes/refusals.ts";
import { leadsTo, type Route, routeKind, routeOf, type Services } from "./http-routes.ts";
import type { InferenceService } from "./inference-service.ts";

export interface Found {
  /** Of users. */
  own: Route[];
  /** KServe's. */
  generated: Route[];
  /** Those of ours that stand before KServe's. */
  before: Route[];
}

export async function find(
  { api, namespace, resource }: PlatformContext,
  services: Services,
): Promise<Found> {
  const routes = (await api.list({ ...routeKind, namespace })).flatMap((object) => routeOf(object) ?? []);
  const found: Found = { own: [], generated: [], before: [] };
  for (const route of routes) {
    const { annotations = {}, ownerReferences = [], deletionTimestamp } = route.object.metadata;
    const leads = leadsAnywhere(route, services.stable) || leadsAnywhere(route, services.candidate);
    if (!leads || deletionTimestamp !== undefined) continue;
    if (annotations[names.resource] === resource) found.before.push(route);
    else if (
      ownerReferences.some(({ kind, controller }) => kind === "InferenceService" && controller === true)
    )
      found.generated.push(route);
    else found.own.push(route);
  }
  return found;
}

export const rulesOf = (routes: readonly Route[]) => routes.flatMap(({ spec }) => spec.rules);
export const leadsAnywhere = ({ spec }: Route, service: string) =>
  spec.rules.some(
    (rule) =>
      leadsTo(rule, service) ||
      rule.backendRefs.some(({ name }) => name === service) ||
      mirrors(rule, service),
  );
const mirrors = (rule: Route["spec"]["rules"][number], service: string) =>
  rule.filters.some(({ requestMirror }) => requestMirror?.backendRef.name === service);
/** The one of the host that users are told; KServe makes another of the predictor's own host. */
export const isTop = ({ object }: Route, stable: InferenceService) =>
  object.metadata.name === stable.object.metadata.name;

export function ownRulesAreSimple(own: readonly Route[], services: Services): void {
  const both: readonly string[] = Object.values(services);
  for (const { object, spec } of own)
    for (const { backendRefs } of spec.rules.filter((rule) => leadsTo(rule, services.stable)))
      if (backendRefs.some(({ name, weight }) => weight > 0 && !both.includes(name)))
        throw conflict(
          `A rule of httproute/${object.metadata.name} shares requests out between ${services.stable} and others: a share of it would not be a share of what users send.`,
          "Let one rule lead to the predictor alone.",
        );
}
