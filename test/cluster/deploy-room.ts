/** What the tests of built actions on a cluster share: flights' images with their evidence, and a user's objects. */
import type { KubeObject } from "@ml-actions/cluster/types";
import { figuresField } from "@ml-actions/evidence/statement";
import { openStore } from "@ml-actions/oci/open-store";
import { type FlightsImage, newSigning, type Signing } from "../actions/image-fixture.ts";
import { filesOf } from "../actions/suite.ts";
import { labImages } from "../lab/images.ts";
import { lab } from "../lab/lab.ts";
import type { PhaseResult } from "../runner/runner.ts";
import type { Traffic } from "../traffic/traffic.ts";
import type { TestNamespace } from "./namespace.ts";

export type Model = "flights-1" | "flights-2" | "flights-treacherous";
export type Images = Record<Model, FlightsImage>;

/** The real server with each model, signed and evaluated. */
export async function signedImages(): Promise<{ images: Images; signing: Signing }> {
  const made = await labImages();
  const signing = newSigning();
  const images = {} as Images;
  for (const name of ["flights-1", "flights-2", "flights-treacherous"] as const) {
    const image = await made.flights(name);
    const { store } = await openStore(image.reference.split("@")[0] as string);
    images[name] = { ...image, store };
    await signing.image(images[name]);
    await signing.evaluation(images[name], { metrics: { auc: 0.68 } });
  }
  return { images, signing };
}

/** Deployment, Service and HTTPRoute of one name, as a user has them: that image serves, by its digest. */
export async function serving(
  { name: namespace }: TestNamespace,
  name: string,
  image: FlightsImage,
  labels: Record<string, string> = {},
): Promise<{ objects: KubeObject[]; host: string; url: string }> {
  const { gateway } = await lab();
  const app = { app: name };
  const host = `${name}.${namespace}.test`;
  const server = {
    ...{ name: "server", image: image.reference, ports: [{ containerPort: 8080 }] },
    readinessProbe: { httpGet: { path: "/ready", port: 8080 }, periodSeconds: 1 },
    resources: { requests: { cpu: "10m", memory: "96Mi" }, limits: { memory: "400Mi" } },
    env: [{ name: "POOL_SIZE", value: "1" }],
  };
  const objects: KubeObject[] = [
    {
      ...{ apiVersion: "apps/v1", kind: "Deployment" },
      metadata: { name, annotations: { "rollout-plan": "canary" } },
      spec: {
        ...{ replicas: 1, selector: { matchLabels: app } },
        template: { metadata: { labels: app }, spec: { containers: [server] } },
      },
    },
    {
      ...{ apiVersion: "v1", kind: "Service", metadata: { name } },
      spec: { selector: app, ports: [{ port: 80, targetPort: 8080 }] },
    },
    {
      ...{ apiVersion: "gateway.networking.k8s.io/v1", kind: "HTTPRoute", metadata: { name, labels } },
      spec: {
        parentRefs: [{ namespace: gateway.namespace, name: gateway.name }],
        hostnames: [host],
        rules: [{ backendRefs: [{ name, port: 80 }] }],
      },
    },
  ];
  return { objects, host, url: gateway.url };
}

/** From the verdict of a rollout that was taken back, as its evidence has it, to the last answer that a user got from that
 * model, in seconds; below 0: the last came before. */
export function secondsAfterVerdict(done: PhaseResult, traffic: Traffic, model: Model): number {
  const { rollout } = filesOf(done).evidence.predicate[figuresField];
  const verdictAt = rollout?.phases.at(-1)?.to ?? Number.NaN;
  return ((traffic.models.get(model)?.lastAt ?? Number.NaN) - verdictAt) / 1000;
}

/** Of the entrance, as a user would ask it; 0: no answer. */
export async function statusAt(url: string, host: string): Promise<number> {
  const { request } = await import("node:http");
  return new Promise((resolve) => {
    const call = request(`${url}/ready`, { headers: { host }, timeout: 2_000 }, (answer) => {
      answer.resume();
      resolve(answer.statusCode ?? 0);
    });
    call.on("timeout", () => call.destroy());
    call.on("error", () => resolve(0));
    call.end();
  });
}
