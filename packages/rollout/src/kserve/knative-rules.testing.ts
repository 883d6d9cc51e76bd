/** KServe's and Knative's rules for one InferenceService in Knative mode, in memory: what KServe 0.20 writes into the traffic
 * block (`createKnativeService`), what it makes of the answer (`PropagateStatus`), and that `latest` is the latest revision
 * which is ready. `looksUntilMade`: a revision is made when the object was read so often since its write. */
import type { Api, KubeObject, ObjectRef } from "@ml-actions/cluster/types";
import type { PlatformContext } from "../kubernetes/platforms.ts";
import { merged, type Predictor } from "./served.ts";

interface Made {
  name: string;
  predictor: Predictor;
  ready: boolean;
}

export class KnativeRules {
  predictor: Predictor;
  readonly revisions: Made[] = [];
  /** Images that never get ready. */
  readonly broken = new Set<string>();
  /** Images that ever got all requests. */
  readonly alone: string[] = [];
  looksUntilMade = 0;
  #looks = 0;
  #percentIsOurs = false;
  #rolledOut: string | undefined;
  #previous: string | undefined;

  constructor(predictor: Predictor) {
    this.predictor = predictor;
    this.#reconcile();
  }

  /** As anybody writes the InferenceService. */
  write(patch: unknown, ours = false): void {
    this.predictor = merged(this.predictor, patch);
    if (ours && Object.hasOwn(patch as object, "canaryTrafficPercent")) this.#percentIsOurs = true;
    this.#looks = 0;
    if (this.looksUntilMade === 0) this.#make();
    this.#reconcile();
  }

  #look(): void {
    this.#looks += 1;
    if (this.#looks < this.looksUntilMade) return;
    this.#make();
    this.#reconcile();
  }

  /** Percent by image, as requests go. */
  get routed(): Record<string, number> {
    const shares: Record<string, number> = {};
    for (const { revisionName, percent } of this.traffic) {
      const image =
        this.revisions.find(({ name }) => name === revisionName)?.predictor.containers?.[0]?.image ?? "";
      shares[image] = (shares[image] ?? 0) + percent;
    }
    return Object.fromEntries(Object.entries(shares).filter(([, percent]) => percent > 0));
  }

  /** `status.components.predictor.traffic`. */
  get traffic(): { revisionName: string; latestRevision: boolean; percent: number; tag?: string }[] {
    const latest = this.#latestReady?.name ?? "";
    const { canaryTrafficPercent: percent } = this.predictor;
    if (percent === undefined || this.#rolledOut === undefined)
      return [{ revisionName: latest, latestRevision: true, percent: 100 }];
    const rest = {
      revisionName: this.#rolledOut,
      latestRevision: false,
      percent: 100 - percent,
      tag: "prev",
    };
    return [{ revisionName: latest, latestRevision: true, percent }, ...(percent < 100 ? [rest] : [])];
  }

  get #latestReady(): Made | undefined {
    return this.revisions.findLast(({ ready }) => ready);
  }

  #make(): void {
    const last = this.revisions.at(-1);
    if (last !== undefined && templateOf(last.predictor) === templateOf(this.predictor)) return;
    const name = `flights-predictor-${String(this.revisions.length + 1).padStart(5, "0")}`;
    const ready = !this.broken.has(this.predictor.containers?.[0]?.image ?? "");
    this.revisions.push({ name, predictor: structuredClone(this.predictor), ready });
  }

  #reconcile(): void {
    if (this.revisions.length === 0) this.#make();
    for (let round = 0; round < 3; round += 1) {
      const ready = this.#latestReady?.name;
      const [latest] = this.traffic;
      if (latest === undefined || ready === undefined || latest.revisionName !== ready) continue;
      const onIt = this.traffic
        .filter(({ revisionName }) => revisionName === ready)
        .reduce((sum, { percent }) => sum + percent, 0);
      if (this.#rolledOut !== ready) {
        if (latest.percent === 100) [this.#previous, this.#rolledOut] = [this.#rolledOut, ready];
      } else if (
        ready === this.revisions.at(-1)?.name &&
        latest.percent < 100 &&
        onIt === 100 &&
        this.#previous
      )
        this.#rolledOut = this.#previous;
    }
    this.alone.push(...Object.keys(this.routed).filter((image) => this.routed[image] === 100));
  }

  /** What a platform sees of it. */
  context(timeoutMs: number): PlatformContext {
    const api: Partial<Api> = {
      get: async (ref) => this.#get(ref),
      list: async ({ kind }, { labelSelector = "" } = {}) => this.#list(kind, labelSelector),
      merge: async (ref, patch) => {
        const { spec } = patch as { spec?: { predictor?: unknown } };
        if (ref.kind === "InferenceService") this.write(spec?.predictor ?? {}, true);
        return {} as KubeObject;
      },
    };
    return {
      api: api as Api,
      fence: async () => {},
      ...{ namespace: "models", name: "flights", resource: "inferenceservice/flights" },
      options: { readyTimeoutMs: timeoutMs, routeTimeoutMs: timeoutMs },
      probe: { ask: async () => new Map() },
      onTrouble: () => {},
    };
  }

  #get({ kind, name }: ObjectRef): KubeObject | null {
    if (kind === "Revision") return this.#revision(name);
    if (kind === "Deployment") return this.#deployment(name.replace(/-deployment$/, ""));
    if (kind !== "InferenceService") return null;
    this.#look();
    const fields = { "f:spec": { "f:predictor": { "f:canaryTrafficPercent": {} } } };
    return {
      ...{ apiVersion: "serving.kserve.io/v1beta1", kind },
      metadata: {
        ...{ name, namespace: "models", resourceVersion: "1" },
        managedFields: this.#percentIsOurs
          ? [{ manager: "ml-actions", operation: "Update" as const, fieldsV1: fields }]
          : [],
      },
      spec: { predictor: this.predictor },
      status: {
        deploymentMode: "Knative",
        components: {
          predictor: {
            latestCreatedRevision: this.revisions.at(-1)?.name,
            latestReadyRevision: this.#latestReady?.name,
            latestRolledoutRevision: this.#rolledOut,
            previousRolledoutRevision: this.#previous,
            traffic: this.traffic,
          },
        },
      },
    };
  }

  #revision(revision: string): KubeObject | null {
    const made = this.revisions.find(({ name }) => name === revision);
    if (made === undefined) return null;
    const status = made.ready ? "True" : "Unknown";
    return {
      ...{ apiVersion: "serving.knative.dev/v1", kind: "Revision" },
      metadata: { name: revision, namespace: "models", annotations: made.predictor.annotations ?? {} },
      spec: { containers: made.predictor.containers },
      status: { actualReplicas: made.ready ? 1 : 0, conditions: [{ type: "Ready", status }] },
    };
  }

  #deployment(revision: string): KubeObject | null {
    const made = this.revisions.find(({ name }) => name === revision);
    if (made === undefined) return null;
    const labels = { "serving.knative.dev/revision": revision };
    return {
      ...{ apiVersion: "apps/v1", kind: "Deployment" },
      metadata: { name: `${revision}-deployment`, namespace: "models", generation: 1 },
      spec: {
        ...{ replicas: 1, selector: { matchLabels: labels } },
        template: { metadata: { labels }, spec: { containers: made.predictor.containers } },
      },
      status: { observedGeneration: 1 },
    };
  }

  #list(kind: string, selector: string): KubeObject[] {
    const revision = selector.replace(/^.*=/, "");
    const made = this.revisions.find(({ name }) => name === revision);
    if (made === undefined) return [];
    if (kind === "Deployment") return [this.#deployment(revision) as KubeObject];
    const owner = { apiVersion: "apps/v1", kind: "ReplicaSet", name: `${revision}-deployment-1`, uid: "1" };
    return [
      {
        ...{ apiVersion: "v1", kind: "Pod" },
        metadata: {
          ...{ name: `${revision}-pod`, namespace: "models", labels: { "pod-template-hash": "1" } },
          ownerReferences: [{ ...owner, controller: true }],
        },
        spec: { containers: made.predictor.containers },
        status: { phase: "Running", conditions: [{ type: "Ready", status: made.ready ? "True" : "False" }] },
      },
    ];
  }
}

/** What a change of makes a revision. */
function templateOf({ annotations, containers }: Predictor): string {
  return JSON.stringify([annotations ?? {}, containers]);
}
