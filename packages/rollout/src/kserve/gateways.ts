/** Gateways before routes: whether they took a route, and where they are reached. */
import { ClusterError } from "@ml-actions/cluster/error";
import type { Api } from "@ml-actions/cluster/types";
import { z } from "zod";
import { RolloutError } from "../error.ts";
import type { PlatformContext } from "../kubernetes/platforms.ts";
import type { ProbeRequest } from "../kubernetes/probe.ts";
import { type Parent, type Route, routeKind, routeOf } from "./http-routes.ts";

const acceptTimeoutMs = 30_000;
const lookEveryMs = 200;

/** Resolves when every parent has accepted each route as it is now, and found the Services that it names. */
export function untilAccepted(context: PlatformContext, routes: readonly Route[]): Promise<void> {
  return untilSaid(context, routes, missingOf);
}

/** Resolves when parents have nothing against the routes either: Envoy Gateway says there that a Service has no endpoints. */
export function untilAvailable(context: PlatformContext, routes: readonly Route[]): Promise<void> {
  return untilSaid(context, routes, (route) => [...missingOf(route), ...complaintsOf(route)]);
}

async function untilSaid(
  { api, options }: PlatformContext,
  routes: readonly Route[],
  lacks: (route: Route) => string[],
): Promise<void> {
  const timeoutMs = options.routeTimeoutMs ?? acceptTimeoutMs;
  const deadlineMs = performance.now() + timeoutMs;
  for (const { object } of routes) {
    const { name, namespace } = object.metadata;
    const ref = { ...routeKind, name, ...(namespace !== undefined && { namespace }) };
    for (;;) {
      const present = await api.get(ref);
      const route = present && routeOf(present);
      const missing = route === null ? ["it is gone"] : lacks(route);
      if (missing.length === 0) break;
      if (performance.now() > deadlineMs)
        throw new RolloutError(
          "not-routed",
          `httproute/${name} was not taken by its gateway within ${timeoutMs / 1000} s: ${missing.join("; ")}.`,
          "Correct what the gateway says, or see whether its controller runs.",
        );
      await new Promise((resolve) => setTimeout(resolve, lookEveryMs));
    }
  }
}

function missingOf({ object, spec, status }: Route): string[] {
  return spec.parentRefs.flatMap((parent) => {
    const said = status.parents.find(({ parentRef }) => isSame(parentRef, parent, object.metadata.namespace));
    return ["Accepted", "ResolvedRefs"].flatMap((type) => {
      const found = said?.conditions.find((each) => each.type === type);
      if (found === undefined) return [`${parent.name} has not said ${type}`];
      if (found.observedGeneration < (object.metadata.generation ?? 0))
        return [`${parent.name} has not seen it yet`];
      return found.status === "True" ? [] : [`${parent.name}: ${type} is ${found.status}, ${found.message}`];
    });
  });
}

function complaintsOf({ status }: Route): string[] {
  return status.parents.flatMap(({ conditions }) =>
    conditions.filter((each) => each.status === "False").map(({ type, message }) => `${type}: ${message}`),
  );
}

function isSame(one: Parent, other: Parent, namespace: string | undefined): boolean {
  return (
    one.name === other.name &&
    (one.namespace ?? namespace) === (other.namespace ?? namespace) &&
    one.sectionName === other.sectionName &&
    one.port === other.port
  );
}

const gatewaySchema = z.looseObject({
  spec: z.looseObject({
    listeners: z.array(z.looseObject({ name: z.string(), port: z.number(), protocol: z.string() })),
  }),
  status: z
    .looseObject({ addresses: z.array(z.looseObject({ value: z.string() })).default([]) })
    .prefault({}),
});

/** Where a route is asked: each address of those of its gateways that we may see. */
export async function addressesOf(api: Api, { object, spec }: Route): Promise<string[]> {
  const gateways = await Promise.all(
    spec.parentRefs.map(async ({ name, namespace = object.metadata.namespace, sectionName, port }) => {
      const ref = { apiVersion: routeKind.apiVersion, kind: "Gateway", name };
      const found = await api
        .get({ ...ref, ...(namespace !== undefined && { namespace }) })
        .catch(unlessForbidden);
      const parsed = gatewaySchema.safeParse(found);
      if (!parsed.success) return [];
      const listeners = parsed.data.spec.listeners.filter(
        (listener) =>
          (sectionName === undefined || listener.name === sectionName) &&
          (port === undefined || listener.port === port) &&
          ["HTTP", "HTTPS"].includes(listener.protocol),
      );
      return parsed.data.status.addresses.flatMap(({ value }) =>
        listeners.map((listener) => urlOf(value, listener.protocol, listener.port)),
      );
    }),
  );
  return gateways.flat();
}

/** Gateways are of those who run the cluster. */
function unlessForbidden(error: unknown): null {
  if (error instanceof ClusterError && error.code === "forbidden") return null;
  throw error;
}

function urlOf(address: string, protocol: string, port: number): string {
  const host = address.includes(":") ? `[${address}]` : address;
  return `${protocol.toLowerCase()}://${host}:${port}`;
}

/** A request that the route's first rule takes and that costs no inference: whatever the server says to it, it names
 * itself. @param probePath below the rule's own path, where that is a prefix */
export function requestOf({ spec }: Route, probePath: string): Omit<ProbeRequest, "count"> {
  const { hostnames, rules } = spec;
  const match = rules[0]?.matches[0];
  const { type, value } = match?.path ?? { type: "PathPrefix", value: "/" };
  const path = type === "RegularExpression" ? probePath : type === "Exact" ? value : joined(value, probePath);
  const [host] = hostnames;
  return {
    path,
    ...(host !== undefined && { host: host.replace(/^\*/, "probe") }),
    ...(match?.method !== undefined && { method: match.method }),
  };
}

const joined = (prefix: string, path: string) => prefix.replace(/\/$/, "") + path;
