/** What the users of the measured cluster have, and what its administrator has applied. */
import { createHash } from "node:crypto";
import type { KubeObject } from "@ml-actions/cluster/types";
import type { Release } from "@ml-actions/rollout/target";
import { gatewayAddress } from "./node.ts";

export const namespace = "models";
const gatewayApi = "gateway.networking.k8s.io/v1";
const gateway = { name: "bench", namespace };

const digestOf = (text: string) => `sha256:${createHash("sha256").update(text).digest("hex")}`;
const imageNamed = (name: string) => `registry.example.com/flights@${digestOf(name)}`;

export function candidateNamed(name: string): Release {
  const image = imageNamed(name);
  const digest = digestOf(name);
  return { digest, label: name, model: { digest, uri: image, contract: image }, image };
}

export const resourceName = (index: number) => `model-${String(index).padStart(3, "0")}`;

/** The label of those that a run of so many is about. */
export const ofRun = (count: number) => `run-of-${count}`;

export function gatewayObjects(port: number): KubeObject[] {
  return [
    {
      ...{ apiVersion: gatewayApi, kind: "GatewayClass", metadata: { name: "bench" } },
      spec: { controllerName: "bench.example.com/stand-in" },
    },
    {
      ...{ apiVersion: gatewayApi, kind: "Gateway", metadata: gateway },
      spec: { gatewayClassName: "bench", listeners: [{ name: "http", protocol: "HTTP", port }] },
    },
  ];
}

export const gatewayStatus = { addresses: [{ type: "IPAddress", value: gatewayAddress }] };

/** Deployment, Service and HTTPRoute, as a user has them.
 * @param runs how many resources each run is about */
export function resourceObjects(index: number, port: number, runs: readonly number[]): KubeObject[] {
  const name = resourceName(index);
  const app = { app: name };
  const chosen = runs.filter((count) => index < count).map((count) => [ofRun(count), "yes"]);
  const server = {
    ...{ name: "server", image: imageNamed("flights-0"), ports: [{ containerPort: port }] },
    readinessProbe: { httpGet: { path: "/ready", port } },
    resources: { requests: { cpu: "1", memory: "1Gi" }, limits: { memory: "1Gi" } },
  };
  const template = {
    metadata: { labels: { ...app, "bench/resource": name } },
    spec: { containers: [server] },
  };
  return [
    {
      ...{ apiVersion: "apps/v1", kind: "Deployment", metadata: { name, namespace } },
      spec: { replicas: 2, selector: { matchLabels: app }, template },
    },
    {
      ...{ apiVersion: "v1", kind: "Service", metadata: { name, namespace } },
      spec: { selector: app, ports: [{ port: 80, targetPort: port }] },
    },
    {
      ...{ apiVersion: gatewayApi, kind: "HTTPRoute" },
      metadata: { name, namespace, labels: Object.fromEntries(chosen) },
      spec: {
        parentRefs: [gateway],
        hostnames: [`${name}.example.com`],
        rules: [{ backendRefs: [{ name, port: 80 }] }],
      },
    },
  ];
}
