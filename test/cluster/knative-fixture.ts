/** A Knative Service `flights` as a user has it. */
import type { KubeObject } from "@ml-actions/cluster/types";
import { lab } from "../lab/lab.ts";

export { knativeDomain } from "../lab/parts/knative.ts";

export interface KnativeOptions {
  /** Left out: one that nobody has, so that nothing was ever served. */
  image?: string;
  /** Of the Service's spec. */
  spec?: Record<string, unknown>;
  /** Of the template. */
  annotations?: Record<string, string>;
  templateName?: string;
  env?: { name: string; value: string }[];
}

export async function knativeService(options: KnativeOptions = {}): Promise<KubeObject> {
  const { image = `${(await lab()).registry}/lab/none@sha256:${"0".repeat(64)}`, spec = {}, env } = options;
  const { annotations, templateName } = options;
  const container = {
    ...{ image, ports: [{ containerPort: 8080 }], ...(env !== undefined && { env }) },
    readinessProbe: { httpGet: { path: "/ready" }, periodSeconds: 1 },
    resources: { requests: { cpu: "5m", memory: "32Mi" }, limits: { memory: "256Mi" } },
  };
  const metadata = {
    ...(templateName !== undefined && { name: templateName }),
    ...(annotations !== undefined && { annotations }),
  };
  return {
    apiVersion: "serving.knative.dev/v1",
    kind: "Service",
    metadata: { name: "flights" },
    spec: { template: { metadata, spec: { containers: [container] } }, ...spec },
  };
}
