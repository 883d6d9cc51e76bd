/** Where a request for a Knative Service goes in. Its names are known to few: the public one to whoever has its DNS, the
 * other inside the cluster, where it leads to the ingress's own Service. */
import { ClusterError } from "@ml-actions/cluster/error";
import type { Api, ObjectRef } from "@ml-actions/cluster/types";
import { givenEntrance } from "../kubernetes/given-entrance.ts";
import { unseen } from "../kubernetes/refusals.ts";
import type { KnativeService } from "./service.ts";

export interface Entrance {
  url: string;
  host: string;
}

/** Where its owner says; by the address of the ingress where we may see it, which is reached without DNS; else by the name inside the cluster.
 * @throws RolloutError `unreachable` while the Service has no address */
export async function entranceOf(api: Api, { ref, status, object }: KnativeService): Promise<Entrance> {
  const given = givenEntrance(object);
  if (given !== null && status.url !== "") return { url: given, host: new URL(status.url).host };
  const local = status.address.url;
  if (local === "") {
    throw unseen(
      `Knative Service ${ref.name} in namespace ${ref.namespace} has no address in its status yet.`,
    );
  }
  const { host } = new URL(local);
  const address = await ingressAddress(api, ref.namespace, ref.name);
  return { url: address === null ? local : `http://${address}`, host };
}

/** Knative makes a Service of the route's name that is an alias of the ingress's. */
async function ingressAddress(api: Api, namespace: string, name: string): Promise<string | null> {
  const alias = await serviceSpec(api, { apiVersion: "v1", kind: "Service", namespace, name });
  const [, service, inside] = /^([^.]+)\.([^.]+)\.svc(?:\..*)?$/.exec(alias?.externalName ?? "") ?? [];
  if (service === undefined || inside === undefined) return null;
  const ingress = await serviceSpec(api, {
    apiVersion: "v1",
    kind: "Service",
    namespace: inside,
    name: service,
  });
  const ip = ingress?.clusterIP ?? "None";
  if (ip === "None" || ip === "") return null;
  return ip.includes(":") ? `[${ip}]` : ip;
}

async function serviceSpec(
  api: Api,
  ref: ObjectRef,
): Promise<{ externalName?: string; clusterIP?: string } | null> {
  const found = await api.get(ref).catch(unlessForbidden);
  return (found?.spec ?? null) as { externalName?: string; clusterIP?: string } | null;
}

function unlessForbidden(error: unknown): null {
  if (error instanceof ClusterError && error.code === "forbidden") return null;
  throw error;
}
