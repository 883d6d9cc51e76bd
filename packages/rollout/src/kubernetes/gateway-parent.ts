/** The Gateways that a route hangs on: where requests come in, and what their classes can do. */
import { ClusterError } from "@ml-actions/cluster/error";
import type { Age, Api } from "@ml-actions/cluster/types";
import { z } from "zod";
import { isUnseen, unseen } from "./refusals.ts";
import type { ParentRef, Route } from "./route.ts";

const group = "gateway.networking.k8s.io/v1";

const gatewaySchema = z.looseObject({
  spec: z.looseObject({
    gatewayClassName: z.string(),
    listeners: z.array(
      z.looseObject({
        name: z.string(),
        protocol: z.string(),
        port: z.number(),
        hostname: z.string().optional(),
      }),
    ),
  }),
  status: z
    .looseObject({ addresses: z.array(z.looseObject({ value: z.string() })).default([]) })
    .prefault({}),
});
type Gateway = z.infer<typeof gatewaySchema>;

/** What of a route says on which Gateway it hangs. */
export type Attached = Pick<Route, "object" | "parentRefs">;

/** Where a request for the route goes. */
export interface Entrance {
  /** `http://10.0.0.1:80`. */
  url: string;
  /** Name that the route answers to; left out: any. */
  host?: string;
}

/** Where requests come in, by each Gateway that the route hangs on and that can be seen; and of the others why they
 * cannot.
 * @throws RolloutError `unreachable` where that is none */
export async function entrancesOf(
  api: Api,
  route: Route,
  age: Age = {},
): Promise<{ entrances: [Entrance, ...Entrance[]]; missed: string[] }> {
  const entrances = new Map<string, Entrance>();
  const missed: string[] = [];
  for (const parent of gatewaysOf(route)) {
    try {
      const entrance = entranceBy(parent, await gatewayOf(api, route, parent, age), route);
      entrances.set(entrance.url, entrance);
    } catch (error) {
      if (!isUnseen(error)) throw error;
      missed.push(error.message);
    }
  }
  const [first, ...rest] = entrances.values();
  if (first !== undefined) return { entrances: [first, ...rest], missed };
  const { name } = route.object.metadata;
  throw unseen(
    missed.join(" ") || `HTTPRoute ${name} has no Gateway in its parentRefs: no traffic comes in.`,
  );
}

function entranceBy({ sectionName, port }: ParentRef, { spec, status }: Gateway, route: Route): Entrance {
  const [address] = status.addresses;
  const routed = spec.listeners.filter(({ protocol }) => protocol === "HTTP" || protocol === "HTTPS");
  const meant = (listener: (typeof routed)[number]) =>
    (sectionName === undefined || listener.name === sectionName) && (port ?? listener.port) === listener.port;
  const listener = routed.find(meant);
  if (address === undefined || listener === undefined) {
    const lacks = address === undefined ? "no address in its status" : "no HTTP listener for it";
    throw unseen(
      `The Gateway of HTTPRoute ${route.object.metadata.name} has ${lacks}, so nobody can ask who answers there.`,
    );
  }
  const scheme = listener.protocol === "HTTPS" ? "https" : "http";
  const name = address.value.includes(":") ? `[${address.value}]` : address.value;
  const host = route.hostnames[0] ?? listener.hostname;
  return {
    url: `${scheme}://${name}:${listener.port}`,
    ...(host !== undefined && { host: host.replace(/^\*\./, "ml-actions.") }),
  };
}

/** Features that the classes of all its Gateways say they have; null: one does not say, or we may not ask. */
export async function featuresOf(api: Api, route: Attached): Promise<ReadonlySet<string> | null> {
  let common: Set<string> | null = null;
  for (const parent of gatewaysOf(route)) {
    const { spec } = await gatewayOf(api, route, parent);
    const ref = { apiVersion: group, kind: "GatewayClass", name: spec.gatewayClassName };
    const found = await api.get(ref).catch(unlessForbidden);
    const features = (found?.status as { supportedFeatures?: unknown } | undefined)?.supportedFeatures;
    if (!Array.isArray(features)) return null;
    // Strings until v1.1 of the Gateway API, objects with a name since.
    const own = features.map((each) => (typeof each === "string" ? each : String(each?.name)));
    common = new Set(own.filter((feature) => common === null || common.has(feature)));
  }
  return common;
}

/** A route may hang on a Service too: that is a mesh's, and no way in. */
const gatewaysOf = ({ parentRefs }: Attached) =>
  parentRefs.filter(({ kind }) => kind === undefined || kind === "Gateway");

async function gatewayOf(api: Api, route: Attached, parent: ParentRef, age: Age = {}): Promise<Gateway> {
  const { name: routeName, namespace: own = "default" } = route.object.metadata;
  const { name, namespace = own } = parent;
  const ref = { apiVersion: group, kind: "Gateway", namespace, name };
  const found = await api.get(ref, age).catch(unlessForbidden);
  if (found !== null) return gatewaySchema.parse(found);
  throw unseen(
    `The Gateway ${namespace}/${name} of HTTPRoute ${routeName} is not there, or may not be read.`,
  );
}

function unlessForbidden(error: unknown): null {
  if (error instanceof ClusterError && error.code === "forbidden") return null;
  throw error;
}
