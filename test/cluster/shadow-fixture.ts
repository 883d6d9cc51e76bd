/** Releases that behave as told and carry a contract, so that the built shadow takes their images for what they are; and a
 * user's objects around them. */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { KubeObject } from "@ml-actions/cluster/types";
import type { Behaviour } from "@ml-actions/rollout/local/testing/stand-in-server";
import { flights } from "../actions/suite.ts";
import { pushImage } from "../lab/image.ts";
import { lab } from "../lab/lab.ts";
import { workload } from "./contract/place.ts";
import { istioUrl, virtualService } from "./istio-fixture.ts";
import type { TestNamespace } from "./namespace.ts";

const server = join(import.meta.dirname, "../../packages/rollout/src/local/testing/stand-in-server.ts");

/** The reference by digest. */
export async function shadowImage(behaviour: Behaviour): Promise<string> {
  const { registry } = await lab();
  const [program, contract] = await Promise.all(
    [server, flights("flights-1.contract.json")].map((path) => readFile(path, "utf8")),
  );
  const words = JSON.stringify(behaviour);
  const tag = createHash("sha256").update(`${program}\0${contract}\0${words}`).digest("hex").slice(0, 32);
  return pushImage(registry, {
    ...{ repository: "lab/shadow", tag: `${tag}-${process.versions.node}`, base: "node" },
    layers: async () => [
      [{ path: "stand-in/server.mts", content: program as string }],
      [
        { path: "stand-in/behaviour.json", content: words },
        { path: "stand-in/contract.json", content: contract as string },
      ],
    ],
    entrypoint: ["/nodejs/bin/node", "--no-maglev", "/stand-in/server.mts"],
    environment: {
      MODEL_URI: "/stand-in/behaviour.json",
      CONTRACT_URI: "/stand-in/contract.json",
      HOST: "0.0.0.0",
      PORT: "8080",
    },
  });
}

export interface Serving {
  url: string;
  host: string;
  resource: string;
}

/** Stable runs and logs its predictions, behind a route of that target. */
export async function serve(
  namespace: TestNamespace,
  target: "gateway" | "istio",
  image: string,
  { replicas = 1, container = {} }: { replicas?: number; container?: Record<string, unknown> } = {},
): Promise<Serving> {
  const host = `flights.${namespace.name}.test`;
  const { gateway } = await lab();
  const objects = await workload({
    replicas,
    image,
    container: { env: [{ name: "PREDICTION_LOG", value: "/dev/stdout" }], ...container },
  });
  const httpRoute: KubeObject = {
    ...{ apiVersion: "gateway.networking.k8s.io/v1", kind: "HTTPRoute", metadata: { name: "flights" } },
    spec: {
      parentRefs: [{ namespace: gateway.namespace, name: gateway.name }],
      hostnames: [host],
      rules: [{ backendRefs: [{ name: "flights", port: 80 }] }],
    },
  };
  await namespace.apply([...objects, target === "gateway" ? httpRoute : virtualService(host)]);
  await namespace.rolledOut("flights");
  return target === "gateway"
    ? { host, url: gateway.url, resource: "httproute/flights" }
    : { host, url: await istioUrl(), resource: "virtualservice/flights" };
}
