/** Knative Serving in memory, as far as a rollout sees it: a changed template makes the next Revision, which is up at
 * once, and the status follows the traffic block. For the order of writes; what Knative itself does is proven on it.
 * `looksUntilMade`: the status has the spec's generation and names the Revision before, until it was read so often. */
import { ClusterError } from "@ml-actions/cluster/error";
import type { Api, KubeObject, ObjectRef } from "@ml-actions/cluster/types";
import type { PlatformContext } from "../kubernetes/platforms.ts";
import type { TrafficEntry } from "./service.ts";

type Raw = Record<string, unknown>;
const conditions = (type: string) => [{ type, status: "True" }];

/** JSON merge patch, RFC 7396. */
export function merged(base: unknown, patch: unknown): unknown {
  if (typeof patch !== "object" || patch === null || Array.isArray(patch)) return patch;
  const result: Raw = typeof base === "object" && base !== null && !Array.isArray(base) ? { ...base } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else result[key] = merged(result[key], value);
  }
  return result;
}

export class MemoryKnative {
  service: KubeObject;
  revisions: KubeObject[] = [];
  /** Templates and traffic blocks in the order in which they were written. */
  writes: { image: string; traffic: TrafficEntry[] }[] = [];
  troubles: string[] = [];
  looksUntilMade = 0;
  #looks = 0;
  #unmade: string | null = null;
  #version = 1;

  constructor(template: Raw, traffic?: TrafficEntry[]) {
    const spec = { template, ...(traffic !== undefined && { traffic }) };
    const metadata = { name: "flights", namespace: "ml", generation: 1, resourceVersion: "1" };
    this.service = { apiVersion: "serving.knative.dev/v1", kind: "Service", metadata, spec };
    this.#reconcile(null);
  }

  get spec() {
    return this.service.spec as {
      template: { spec: { containers: { image: string }[] } };
      traffic: TrafficEntry[];
    };
  }

  /** As somebody writes it with kubectl. */
  edit(patch: unknown): void {
    const { resourceVersion } = (patch as KubeObject).metadata ?? {};
    if (resourceVersion !== undefined && resourceVersion !== this.service.metadata.resourceVersion) {
      throw new ClusterError("conflict", "the object has changed", { remedy: "read it again" });
    }
    const before = JSON.stringify(this.spec.template);
    this.service = merged(this.service, patch) as KubeObject;
    this.#version += 1;
    this.service.metadata = {
      ...this.service.metadata,
      ...{ resourceVersion: String(this.#version), generation: this.#version },
    };
    const { traffic, template } = this.spec;
    this.writes.push({ image: template.spec.containers[0]?.image ?? "", traffic });
    this.#looks = 0;
    this.#unmade ??= before;
    if (this.looksUntilMade === 0) this.#make();
    else this.#report("OutOfDate");
  }

  #look(): KubeObject {
    const seen = structuredClone(this.service);
    this.#looks += 1;
    if (this.#looks >= this.looksUntilMade) this.#make();
    return seen;
  }

  #make(): void {
    if (this.#unmade !== null) this.#reconcile(this.#unmade);
    this.#unmade = null;
  }

  #reconcile(before: string | null): void {
    const { template } = this.spec;
    if (JSON.stringify(template) !== before) {
      const { metadata, spec } = template as { metadata?: Raw; spec: Raw };
      const name = `flights-${String(this.#version).padStart(5, "0")}`;
      const labels = { "serving.knative.dev/configurationGeneration": String(this.#version) };
      const annotations = { ...(metadata?.annotations as Record<string, string>) };
      this.revisions.push({
        ...{ apiVersion: "serving.knative.dev/v1", kind: "Revision", spec },
        metadata: { name, namespace: "ml", labels, annotations },
        status: { actualReplicas: 1, conditions: conditions("Ready") },
      });
    }
    this.#report();
  }

  #report(reason = ""): void {
    const { traffic = [{ latestRevision: true, percent: 100 }] } = this.spec;
    (this.service.spec as Raw).traffic = traffic;
    const latest = this.revisions.at(-1)?.metadata.name ?? "";
    const { generation } = this.service.metadata;
    this.service.status = {
      ...{
        observedGeneration: generation,
        latestCreatedRevisionName: latest,
        latestReadyRevisionName: latest,
      },
      conditions: [
        ...conditions("RoutesReady"),
        { type: "ConfigurationsReady", status: reason === "" ? "True" : "Unknown", reason },
      ],
      url: "http://flights.ml.test",
      traffic: traffic.map((each) => ({ ...each, revisionName: each.revisionName ?? latest })),
    };
  }

  context(options: PlatformContext["options"] = {}): PlatformContext {
    const api: Partial<Api> = {
      now: () => 0,
      get: async (ref) => structuredClone(this.#find(ref)),
      list: async ({ kind }, { labelSelector = "" } = {}) => structuredClone(this.#list(kind, labelSelector)),
      merge: async (ref, patch) => {
        if (ref.kind === "Service") this.edit(patch);
        const at = this.revisions.findIndex(({ metadata }) => metadata.name === ref.name);
        if (at >= 0) this.revisions[at] = merged(this.revisions[at], patch) as KubeObject;
        return structuredClone(this.#find(ref)) as KubeObject;
      },
      remove: async ({ name }) => {
        this.revisions = this.revisions.filter(({ metadata }) => metadata.name !== name);
      },
    };
    return {
      ...{
        api: api as Api,
        fence: async () => {},
        namespace: "ml",
        name: "flights",
        resource: "ksvc/flights",
        options,
      },
      probe: { ask: async () => new Map() },
      onTrouble: (text) => this.troubles.push(text),
    };
  }

  #find({ kind, name }: ObjectRef): KubeObject | null {
    if (kind === "Service") return this.#look();
    if (kind === "Deployment") return this.#list("Deployment", name.replace(/-deployment$/, ""))[0] ?? null;
    return this.revisions.find(({ metadata }) => metadata.name === name) ?? null;
  }

  /** Of a Revision, as many pods as its `min-scale` asks for. */
  #list(kind: string, selector: string): KubeObject[] {
    if (kind === "Revision") return this.revisions;
    const revision = this.revisions.find(({ metadata }) => selector.endsWith(metadata.name));
    if (revision === undefined) return [];
    const { name, annotations = {} } = revision.metadata;
    const [image] = (revision.spec as { containers: { image: string }[] }).containers;
    const containers = [{ ...image, name: "user-container" }];
    const labels = { "serving.knative.dev/revision": name };
    if (kind === "Deployment") {
      const template = { metadata: { labels }, spec: { containers } };
      const metadata = { name: `${name}-deployment`, namespace: "ml", generation: 1 };
      const spec = { selector: { matchLabels: labels }, template };
      return [{ apiVersion: "apps/v1", kind, metadata, spec, status: { observedGeneration: 1 } }];
    }
    const owner = {
      apiVersion: "apps/v1",
      kind: "ReplicaSet",
      name: `${name}-deployment-h`,
      uid: "",
      controller: true,
    };
    const count = Math.max(1, Number(annotations["autoscaling.knative.dev/min-scale"] ?? 1));
    return Array.from({ length: count }, (_, i) => ({
      ...{ apiVersion: "v1", kind, spec: { containers }, status: { conditions: conditions("Ready") } },
      metadata: {
        name: `${name}-${i}`,
        labels: { ...labels, "pod-template-hash": "h" },
        ownerReferences: [owner],
      },
    }));
  }
}
