/** What the contract's fixtures on a cluster share: a namespace of their own, stand-in releases, a Deployment with its
 * Service, and a guard in this process where a case needs one. */
import { setTimeout as sleep } from "node:timers/promises";
import { openApi } from "@ml-actions/cluster/api";
import { connect } from "@ml-actions/cluster/connect";
import type { Api, KubeObject } from "@ml-actions/cluster/types";
import { mirrorProgram } from "@ml-actions/release/guard";
import { openGuarded } from "@ml-actions/rollout/kubernetes/guard-open";
import { watchLease } from "@ml-actions/rollout/kubernetes/guard-watch";
import { ledgerObjects } from "@ml-actions/rollout/kubernetes/ledger-names";
import type { KubernetesTarget } from "@ml-actions/rollout/kubernetes/open";
import { platforms } from "@ml-actions/rollout/kubernetes/platforms";
import type { Behaviour } from "@ml-actions/rollout/local/testing/stand-in-server";
import type { Release } from "@ml-actions/rollout/target";
import type { ContractCase, TargetFixture } from "@ml-actions/rollout/targets/contract/bench";
import { type KubernetesTargetName, openTarget } from "@ml-actions/rollout/targets/index";
import { labImages } from "../../lab/images.ts";
import { inNamespace, type TestNamespace } from "../namespace.ts";

export interface Place {
  namespace: TestNamespace;
  api: Api;
  /** As one more runner opens it. */
  open(): Promise<KubernetesTarget>;
  /** What went wrong without ending anything. */
  troubles: string[];
  close(): Promise<void>;
}

/** Room for a test that ends when `close` is called. */
async function enter(): Promise<{ namespace: TestNamespace; leave: () => Promise<void> }> {
  let leave = () => {};
  const left = new Promise<void>((resolve) => {
    leave = resolve;
  });
  let entered: (namespace: TestNamespace) => void = () => {};
  const namespace = new Promise<TestNamespace>((resolve) => {
    entered = resolve;
  });
  const done = inNamespace(async (given) => {
    entered(given);
    await left;
  });
  done.catch(() => {});
  return {
    namespace: await Promise.race([namespace, done.then(() => namespace)]),
    leave: async () => {
      leave();
      await done;
    },
  };
}

export async function createPlace(target: KubernetesTargetName, guarded: boolean): Promise<Place> {
  const { namespace, leave } = await enter();
  const api = openApi(await connect({ kubeconfig: namespace.kubeconfig }));
  const opened: KubernetesTarget[] = [];
  const troubles: string[] = [];
  const stopped = new AbortController();
  const guard = guarded ? guardHere(target, api, namespace.name, stopped.signal) : Promise.resolve();
  return {
    namespace,
    api,
    troubles,
    async open() {
      const place = await openTarget(target, {
        name: "flights",
        namespace: namespace.name,
        kubeconfig: namespace.kubeconfig,
        guard: "off",
        mirrorProgram: await mirrorProgram(),
        readyTimeoutMs: 90_000,
        onTrouble: (trouble) => troubles.push(trouble),
      });
      opened.push(place);
      return place;
    },
    async close() {
      stopped.abort();
      for (const place of opened) place.close();
      await guard;
      await leave();
    },
  };
}

/** The guard's own loop, begun anew whenever somebody holds the lease: one that has nothing left to guard goes. */
async function guardHere(
  target: KubernetesTargetName,
  api: Api,
  namespace: string,
  signal: AbortSignal,
): Promise<void> {
  const resource = `${platforms[target].kind}/flights`;
  const log = () => {};
  const { lease } = ledgerObjects(namespace, resource);
  for (; !signal.aborted; await sleep(500)) {
    const found = await api.get(lease).catch(() => null);
    if (!(found?.spec as { holderIdentity?: string } | undefined)?.holderIdentity) continue;
    await watchLease({
      ...{ api, namespace, resource, spec: "test", pod: "test", job: null, rights: [], signal, log },
      open: (ledger) => {
        const place = { api, ledger, namespace, resource, onTrouble: log };
        return openGuarded({ name: target, object: "flights", options: {} }, place);
      },
    }).catch(() => {});
  }
}

export async function standIn(behaviour: Behaviour): Promise<Release> {
  const { reference, digest } = await (await labImages()).standIn(behaviour);
  const model = { digest, uri: reference, contract: reference };
  return { digest, label: behaviour.name, model, image: reference };
}

export interface WorkloadOptions {
  replicas?: number;
  image?: string;
  annotations?: Record<string, string>;
  /** Of the Deployment's spec. */
  spec?: Record<string, unknown>;
  /** Of the container. */
  container?: Record<string, unknown>;
}

/** Deployment and Service `flights`, as a user has them. */
export async function workload(options: WorkloadOptions = {}): Promise<KubeObject[]> {
  const { replicas = 0, annotations = {}, spec = {}, container = {} } = options;
  const image = options.image ?? (await standIn({ name: "placeholder" })).image;
  const labels = { app: "flights" };
  const server = {
    ...{ name: "server", image, ports: [{ containerPort: 8080 }] },
    readinessProbe: { httpGet: { path: "/ready", port: 8080 }, periodSeconds: 1 },
    resources: { requests: { cpu: "5m", memory: "32Mi" }, limits: { memory: "256Mi" } },
    ...container,
  };
  return [
    {
      ...{ apiVersion: "apps/v1", kind: "Deployment" },
      metadata: { name: "flights", annotations: { "rollout-plan": "canary", ...annotations } },
      spec: {
        ...{ replicas, selector: { matchLabels: labels } },
        template: { metadata: { labels }, spec: { containers: [server] } },
        ...spec,
      },
    },
    {
      ...{ apiVersion: "v1", kind: "Service", metadata: { name: "flights" } },
      spec: { selector: labels, ports: [{ port: 80, targetPort: 8080 }] },
    },
  ];
}

/** So many pods of stable can give the cases' shares, of 25, 40 and 50 %. */
export function replicasFor({ percents = [] }: Pick<ContractCase, "percents">): number {
  return percents.length > 0 ? 3 : 1;
}

export function fixtureOf(
  place: Place,
  more: Pick<TargetFixture, "entrance" | "mirrors" | "lowerShare">,
): TargetFixture {
  return {
    open: () => place.open(),
    sound: (name) => standIn({ name }),
    neverReady: () => standIn({ name: "never-ready", crashAtStart: true }),
    crashesAt: (request) => standIn({ name: "crashes", crashAt: request }),
    leaseTtlMs: 600_000,
    patienceMs: 45_000,
    // That ten are kept is tried in ledger.test.ts, without a pod.
    promotions: 4,
    countsOnTheWay: false,
    ...more,
    close: () => place.close(),
  };
}
