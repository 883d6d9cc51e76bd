/** Where a request for a VirtualService goes in: at the first of its gateways, or anywhere in the mesh. */
import { ClusterError } from "@ml-actions/cluster/error";
import type { Age, Api, KubeObject } from "@ml-actions/cluster/types";
import { z } from "zod";
import { servicesIn } from "../kubernetes/deployment-service.ts";
import { entranceAnnotation, givenEntrance } from "../kubernetes/given-entrance.ts";
import { unseen } from "../kubernetes/refusals.ts";
import { serviceOf, type VirtualService } from "./virtual-service.ts";

export interface Entrance {
  url: string;
  host?: string;
}

const gatewaySchema = z.looseObject({
  spec: z.looseObject({
    selector: z.record(z.string(), z.string()).default({}),
    servers: z
      .array(
        z.looseObject({
          port: z.looseObject({ number: z.number(), protocol: z.string() }),
          hosts: z.array(z.string()).default([]),
        }),
      )
      .default([]),
  }),
});
const serviceSchema = z.looseObject({
  spec: z.looseObject({
    clusterIP: z.string().default("None"),
    selector: z.record(z.string(), z.string()).default({}),
    ports: z.array(z.looseObject({ port: z.number() })).default([]),
  }),
});

/** @throws RolloutError `unreachable` when nobody can tell */
export async function entranceOf(api: Api, virtual: VirtualService, age: Age = {}): Promise<Entrance> {
  const { object, hosts, gateways, namespace, stable } = virtual;
  const [first] = hosts;
  const host = first === undefined || first === "*" ? undefined : first.replace(/^\*\./, "ml-actions.");
  const given = givenEntrance(object);
  if (given !== null) return { url: given, ...(host !== undefined && { host }) };
  const gateway = gateways.find((each) => each !== "mesh");
  if (gateway === undefined) {
    // Sidecars route by the name; a pod without one goes straight to stable, which the proof then sees.
    const service = serviceOf(stable.host, namespace) ?? stable.host;
    return { url: `http://${service}.${namespace}.svc.cluster.local:${stable.port?.number ?? 80}` };
  }
  const address = await addressOf(api, gateway, namespace, age);
  return { url: address, ...(host !== undefined && { host }) };
}

/** Of the Service before the pods that the gateway's selector means. It is mostly in a namespace of those who run the
 * cluster: the Gateway's own, or Istio's. */
async function addressOf(api: Api, gateway: string, own: string, age: Age): Promise<string> {
  const [left = "", right] = gateway.split("/");
  const [namespace, name] = right === undefined ? [own, left] : [left, right];
  const ref = { apiVersion: "networking.istio.io/v1", kind: "Gateway", namespace, name };
  const found = await api.get(ref, age).catch(unlessForbidden);
  const server = found === null ? undefined : gatewaySchema.parse(found).spec;
  const port = server?.servers.find((each) => /^HTTPS?$/.test(each.port.protocol))?.port;
  if (server === undefined || port === undefined) {
    throw unseen(
      `The Gateway ${namespace}/${name} has no HTTP server, is not there, or may not be read. ${remedy}`,
    );
  }
  for (const at of new Set([namespace, "istio-system"])) {
    const services = (await servicesIn(api, at, age).catch(unlessForbidden)) ?? [];
    const address = services.map((each) => before(each, server.selector)).find((each) => each !== null);
    if (address !== undefined) {
      const scheme = port.protocol === "HTTPS" ? "https" : "http";
      return `${scheme}://${address.includes(":") ? `[${address}]` : address}:${port.number}`;
    }
  }
  throw unseen(`The Service before Istio's Gateway ${namespace}/${name} cannot be found. ${remedy}`);
}

const remedy = `Its address can be given in the VirtualService's annotation ${entranceAnnotation}.`;

/** Its address when it selects such pods. */
function before(object: KubeObject, selector: Record<string, string>): string | null {
  const { spec } = serviceSchema.parse(object);
  const pairs = Object.entries(selector);
  const selects = pairs.length > 0 && pairs.every(([key, value]) => spec.selector[key] === value);
  return selects && spec.clusterIP !== "None" && spec.clusterIP !== "" ? spec.clusterIP : null;
}

function unlessForbidden(error: unknown): null {
  if (error instanceof ClusterError && error.code === "forbidden") return null;
  throw error;
}
