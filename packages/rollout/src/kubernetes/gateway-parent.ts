/** The Gateway that a route hangs on: where requests come in, and what its class can do. */
import { ClusterError } from "@ml-actions/cluster/error";
import type { Api } from "@ml-actions/cluster/types";
import { z } from "zod";
import { unseen } from "./refusals.ts";
import type { Route } from "./route.ts";

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

/** @throws RolloutError `unreachable` when the Gateway has no address, or may not be read */
export async function entranceOf(api: Api, route: Route): Promise<Entrance> {
  const { gateway, sectionName } = await gatewayOf(api, route);
  const [address] = gateway.status.addresses;
  const routed = gateway.spec.listeners.filter(({ protocol }) => protocol === "HTTP" || protocol === "HTTPS");
  const listener = routed.find(({ name }) => name === sectionName) ?? routed[0];
  if (address === undefined || listener === undefined) {
    const lacks = address === undefined ? "no address in its status" : "no HTTP listener";
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

/** Features that the Gateway's class says it has; null: it does not say, or we may not ask. */
export async function featuresOf(api: Api, route: Attached): Promise<ReadonlySet<string> | null> {
  const { gateway } = await gatewayOf(api, route);
  const name = gateway.spec.gatewayClassName;
  const found = await api.get({ apiVersion: group, kind: "GatewayClass", name }).catch(unlessForbidden);
  const features = (found?.status as { supportedFeatures?: unknown } | undefined)?.supportedFeatures;
  if (!Array.isArray(features)) return null;
  // Strings until v1.1 of the Gateway API, objects with a name since.
  return new Set(features.map((each) => (typeof each === "string" ? each : String(each?.name))));
}

async function gatewayOf(
  api: Api,
  route: Attached,
): Promise<{ gateway: Gateway; sectionName?: string | undefined }> {
  const [parent] = route.parentRefs;
  const { name: routeName, namespace: own = "default" } = route.object.metadata;
  if (parent === undefined)
    throw unseen(`HTTPRoute ${routeName} has no parentRefs: no traffic comes in by it.`);
  const { name, namespace = own, sectionName } = parent;
  const found = await api.get({ apiVersion: group, kind: "Gateway", namespace, name }).catch(unlessForbidden);
  if (found === null) {
    throw unseen(
      `The Gateway ${namespace}/${name} of HTTPRoute ${routeName} is not there, or may not be read.`,
    );
  }
  return { gateway: gatewaySchema.parse(found), sectionName };
}

function unlessForbidden(error: unknown): null {
  if (error instanceof ClusterError && error.code === "forbidden") return null;
  throw error;
}
