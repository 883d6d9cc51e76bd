/**
 * The route that stands before one of KServe's. Pure.
 *
 * Users call the host that KServe made up, by a route that KServe writes and would write back. So an own route stands
 * before it, with the same hosts and rules: of two rules that match, the Gateway API prefers the one whose match has a
 * method, where hosts and paths are equal; eight matches, one a method, are all that users send. TRACE, which no user
 * sends, goes by KServe's route all the while, and shows whether that one would serve.
 *
 * A gateway makes what is behind a route when the route comes, and lets it go with the route: requests that meet either
 * moment fail. So it comes and goes behind a curtain: with a header that nobody sends in every match.
 */
import type { KubeObject } from "@ml-actions/cluster/types";
import { names } from "../kubernetes/platform.ts";
import { candidateSelector, shortened } from "../kubernetes/workload-labels.ts";
import { leadsTo, type Route, routeKind, type Services, type Shares, shared } from "./http-routes.ts";

const methods = "GET HEAD POST PUT DELETE CONNECT OPTIONS PATCH".split(" ");
export const passingMethod = "TRACE";
export const curtainHeader = "x-ml-actions-rollout";

export interface BeforeMarks {
  resource: string;
  mark: string;
  /** Only requests with this value in the header take the route. */
  curtain?: string;
}

export function routeBefore(
  generated: Route,
  services: Services,
  shares: Shares,
  { resource, mark, curtain }: BeforeMarks,
): KubeObject {
  const { name, namespace, ownerReferences } = generated.object.metadata;
  const { hostnames, parentRefs, rules } = generated.spec;
  const hidden = (headers: readonly object[] = []) =>
    curtain === undefined
      ? {}
      : { headers: [...headers, { type: "Exact", name: curtainHeader, value: curtain }] };
  const before = rules
    .filter((rule) => leadsTo(rule, services.stable))
    .map((rule) => shared(rule, services, shares))
    .map((rule) => ({
      ...rule,
      matches: (rule.matches.length === 0 ? [{}] : rule.matches)
        .flatMap((match) =>
          match.method === undefined ? methods.map((method) => ({ ...match, method })) : [match],
        )
        .map((match) => ({ ...match, ...hidden(match.headers) })),
    }));
  return {
    ...routeKind,
    metadata: {
      name: nameBefore(name),
      ...(namespace !== undefined && { namespace }),
      labels: candidateSelector(resource),
      annotations: { [names.resource]: resource, [names.fence]: mark },
      ...(ownerReferences && {
        ownerReferences: ownerReferences.map(({ controller: _, ...owner }) => owner),
      }),
    },
    spec: { hostnames, parentRefs, rules: before },
  };
}

export function nameBefore(generated: string): string {
  return `${shortened(generated, 54)}-rollout`;
}

/** No request of users takes it. */
export function isHidden({ spec }: Route): boolean {
  return spec.rules.every(({ matches }) =>
    matches.every(({ headers = [] }) => headers.some(({ name }) => name === curtainHeader)),
  );
}
