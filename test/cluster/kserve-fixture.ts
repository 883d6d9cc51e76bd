/** An InferenceService as users have it, with the stand-in as its server, and what traffic it gets. */
import { Agent, request } from "node:http";
import { openApi } from "@ml-actions/cluster/api";
import { connect } from "@ml-actions/cluster/connect";
import type { KubeObject } from "@ml-actions/cluster/types";
import { directProbe } from "@ml-actions/rollout/kubernetes/guard-ask";
import type { PlatformContext } from "@ml-actions/rollout/kubernetes/platforms";

import type { Release } from "@ml-actions/rollout/target";
import type { LabImage } from "../lab/images.ts";
import { lab } from "../lab/lab.ts";
import { kserveDomain } from "../lab/parts/kserve.ts";
import type { TestNamespace } from "./namespace.ts";

export function releaseOfImage({ reference, digest }: LabImage, label: string): Release {
  return { digest, label, image: reference, model: { digest, uri: reference, contract: "contract.json" } };
}

/** `spec.predictor`, of a container that is the whole server. */
export function predictorOf(image: LabImage) {
  return {
    minReplicas: 1,
    containers: [
      {
        name: "kserve-container",
        image: image.reference,
        env: [{ name: "ML_RELEASE", value: image.digest }],
        ports: [{ containerPort: 8080, protocol: "TCP" }],
        readinessProbe: { httpGet: { path: "/ready", port: 8080 }, periodSeconds: 1, timeoutSeconds: 10 },
        resources: { requests: { cpu: "10m", memory: "32Mi" }, limits: { memory: "256Mi" } },
      },
    ],
  };
}

export function inferenceService(
  name: string,
  image: LabImage,
  more: { predictor?: object; annotations?: Record<string, string> } = {},
): KubeObject {
  return {
    apiVersion: "serving.kserve.io/v1beta1",
    kind: "InferenceService",
    metadata: { name, ...(more.annotations && { annotations: more.annotations }) },
    spec: { predictor: { ...predictorOf(image), ...more.predictor } },
  };
}

export const hostOf = (name: string, namespace: string) => `${name}-${namespace}.${kserveDomain}`;

/** Resolves when KServe says so. */
export async function untilReady(namespace: TestNamespace, name: string): Promise<void> {
  await namespace.kubectl(["wait", "--for=condition=Ready", "--timeout=90s", `inferenceservice/${name}`]);
}

export async function contextFor(namespace: TestNamespace, name: string): Promise<PlatformContext> {
  const api = openApi(await connect({ kubeconfig: namespace.kubeconfig }));
  return {
    ...{ api, namespace: namespace.name, name, resource: `inferenceservice/${name}` },
    fence: async () => {},
    options: { readyTimeoutMs: 90_000 },
    probe: directProbe,
    onTrouble: (message) => console.error(message),
  };
}

export interface Answer {
  status: number;
  release: string;
}

/** One request on a connection of its own. */
export function ask(url: string, host: string, path = "/predict", method = "POST"): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request(`${url}${path}`, {
      method,
      headers: { host, "content-type": "application/json" },
      agent: new Agent({ keepAlive: false }),
      timeout: 10_000,
    });
    sent.on("response", (answer) => {
      answer.resume();
      answer.on("end", () =>
        resolve({ status: answer.statusCode ?? 0, release: String(answer.headers["x-ml-release"] ?? "") }),
      );
      answer.on("error", reject);
    });
    sent.on("timeout", () => sent.destroy(new Error("no answer after 10 s")));
    sent.on("error", reject);
    sent.end(method === "POST" ? '{"inputs": []}' : undefined);
  });
}

export async function sharesOf(url: string, host: string, count: number): Promise<Map<string, number>> {
  const seen = new Map<string, number>();
  for (let left = count; left > 0; left -= 10) {
    const answers = await Promise.all(
      Array.from({ length: Math.min(10, left) }, () => ask(url, host, "/ready", "GET")),
    );
    for (const { status, release } of answers) {
      const name = release === "" && status >= 500 ? `[${status}]` : release;
      seen.set(name, (seen.get(name) ?? 0) + 1);
    }
  }
  return seen;
}

/** A steady stream of requests, one every `everyMs`, until `stop`. */
export function traffic(url: string, host: string, everyMs = 25) {
  const answers: (Answer & { at: number })[] = [];
  const failures: string[] = [];
  const open = new Set<Promise<void>>();
  const timer = setInterval(() => {
    const one: Promise<void> = ask(url, host)
      .then((answer) => {
        answers.push({ ...answer, at: performance.now() });
        if (answer.status !== 200) failures.push(`${answer.status} ${answer.release.slice(0, 15)}`);
      })
      .catch((error: Error) => {
        failures.push(error.message);
      })
      .finally(() => open.delete(one));
    open.add(one);
  }, everyMs);
  return {
    answers,
    failures,
    async stop() {
      clearInterval(timer);
      await Promise.all(open);
    },
  };
}

export async function gatewayUrl(): Promise<string> {
  return (await lab()).gateway.url;
}
