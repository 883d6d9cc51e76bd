/** A VirtualService `flights` as a user has it, behind the lab's Istio gateway. */
import type { KubeObject } from "@ml-actions/cluster/types";
import { istioGateway } from "../lab/parts/istio.ts";
import { openSite } from "../lab/site.ts";

/** Where this machine reaches the gateway. */
export async function istioUrl(): Promise<string> {
  const { kubectl } = await openSite(() => {});
  const asked = ["get", "service", istioGateway.name, "-n", istioGateway.namespace];
  return `http://${await kubectl([...asked, "-o", "jsonpath={.spec.clusterIP}"])}`;
}

export function virtualService(
  host: string,
  http: unknown[] = [{ route: [{ destination: { host: "flights", port: { number: 80 } } }] }],
  annotations: Record<string, string> = {},
): KubeObject {
  const { namespace, name } = istioGateway;
  return {
    apiVersion: "networking.istio.io/v1",
    kind: "VirtualService",
    metadata: { name: "flights", annotations },
    spec: { hosts: [host], gateways: [`${namespace}/${name}`], http },
  };
}
