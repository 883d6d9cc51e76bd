/** Models that KServe loads onto a runtime which knows nothing of ours: their bucket, who loads from it, the runtime. */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { KubeObject } from "@ml-actions/cluster/types";
import type { Behaviour } from "@ml-actions/rollout/local/testing/stand-in-server";
import type { Release } from "@ml-actions/rollout/target";
import { pushImage } from "../lab/image.ts";
import { lab } from "../lab/lab.ts";
import { openSite } from "../lab/site.ts";

const root = join(import.meta.dirname, "../..");
const server = join(root, "packages/rollout/src/local/testing/stand-in-server.ts");
/** Others' servers do not say which release they are. */
const stock = 'delete process.env.ML_RELEASE;\nawait import("./server.mts");\n';

async function image(repository: string, files: Record<string, string>, program: string): Promise<string> {
  const { registry } = await lab();
  const content = createHash("sha256").update(JSON.stringify(files)).digest("hex").slice(0, 32);
  return pushImage(registry, {
    ...{ repository: `lab/${repository}`, tag: `${content}-${process.versions.node}`, base: "node" },
    layers: async () => [Object.entries(files).map(([path, text]) => ({ path, content: text }))],
    entrypoint: ["/nodejs/bin/node", "--no-maglev", program],
  });
}

const storeImage = async () => {
  const program = await readFile(join(import.meta.dirname, "model-store.ts"), "utf8");
  return image("model-store", { "store/store.mts": program }, "/store/store.mts");
};

/** Models of a namespace's bucket, by version. */
export type Models = Readonly<Record<string, Behaviour>>;

const fileOf = (behaviour: Behaviour) => JSON.stringify(behaviour);

export function modelRelease(namespace: string, version: string, behaviour: Behaviour): Release {
  const digest = `sha256:${createHash("sha256").update(fileOf(behaviour)).digest("hex")}`;
  const uri = `s3://${namespace}/flights/${version}/`;
  return { digest, label: `flights/${version}`, model: { digest, uri, contract: "unknown" } };
}

/** Who loads from the buckets of tests, and of nobody else; of several that could, KServe takes the first by name. */
export async function letLoad(): Promise<void> {
  const site = await openSite(() => {});
  const container = {
    ...{ name: "storage-initializer", image: await storeImage() },
    resources: { requests: { cpu: "5m", memory: "32Mi" }, limits: { memory: "128Mi" } },
  };
  const store = {
    ...{ apiVersion: "serving.kserve.io/v1alpha1", kind: "ClusterStorageContainer" },
    metadata: { name: "a-ml-actions-test" },
    spec: { container, supportedUriFormats: [{ prefix: "s3://test-" }], workloadType: "initContainer" },
  };
  await site.apply([store as KubeObject]);
}

/** The bucket with these models, the runtime, and InferenceService `flights` with the first of them. */
export async function modelObjects(namespace: string, models: Models): Promise<KubeObject[]> {
  const files = Object.entries(models).map(([version, model]) => [
    `flights.${version}.model.json`,
    fileOf(model),
  ]);
  const runtime = await image(
    "stock-runtime",
    { "stock/server.mts": await readFile(server, "utf8"), "stock/stock.mts": stock },
    "/stock/stock.mts",
  );
  const labels = { app: "models" };
  const small = { requests: { cpu: "5m", memory: "32Mi" }, limits: { memory: "256Mi" } };
  const store = {
    ...{ name: "store", image: await storeImage(), env: [{ name: "SERVE", value: "/files" }] },
    ...{ volumeMounts: [{ name: "files", mountPath: "/files" }], resources: small },
  };
  const serving = {
    ...{ name: "kserve-container", image: runtime, ports: [{ containerPort: 8080, protocol: "TCP" }] },
    env: [
      { name: "MODEL_URI", value: "/mnt/models/model.json" },
      { name: "HOST", value: "0.0.0.0" },
      { name: "PORT", value: "8080" },
    ],
    readinessProbe: { httpGet: { path: "/ready", port: 8080 }, periodSeconds: 1, timeoutSeconds: 10 },
    resources: small,
  };
  const [version = ""] = Object.keys(models);
  const { uri } = modelRelease(namespace, version, models[version] as Behaviour).model;
  const template = {
    metadata: { labels },
    spec: { containers: [store], volumes: [{ name: "files", configMap: { name: "models" } }] },
  };
  return [
    {
      ...{ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "models" } },
      data: Object.fromEntries(files),
    },
    {
      ...{ apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "models" } },
      spec: { selector: { matchLabels: labels }, template },
    },
    {
      ...{ apiVersion: "v1", kind: "Service", metadata: { name: "models" } },
      spec: { selector: labels, ports: [{ port: 80, targetPort: 8080 }] },
    },
    {
      ...{ apiVersion: "serving.kserve.io/v1alpha1", kind: "ServingRuntime", metadata: { name: "stock" } },
      spec: { supportedModelFormats: [{ name: "stand-in", version: "1" }], containers: [serving] },
    },
    {
      ...{ apiVersion: "serving.kserve.io/v1beta1", kind: "InferenceService", metadata: { name: "flights" } },
      spec: {
        predictor: {
          minReplicas: 1,
          model: { modelFormat: { name: "stand-in" }, runtime: "stock", storageUri: uri },
        },
      },
    },
  ] as KubeObject[];
}
