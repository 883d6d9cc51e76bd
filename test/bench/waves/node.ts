/**
 * The node and the gateway of a cluster that has neither: pods are said to run, routes to be accepted, and one process
 * answers for all of them. Each pod has an address of its own in the network that RFC 2544 keeps for benchmarks, so that
 * the API server's proxy reaches it as it reaches any pod; who asks the gateway's address is answered by the sides'
 * weights.
 */
import { execFile } from "node:child_process";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { promisify } from "node:util";
import type { Api, KubeObject } from "@ml-actions/cluster/types";
import { metricsPage, type Side, Traffic } from "./traffic.ts";
import { watch } from "./watch.ts";

const network = "198.18.0.0/15";
export const gatewayAddress = "198.18.0.1";
const nodeName = "bench";
const gatewayApi = "gateway.networking.k8s.io/v1";
/** The node's controller gives up a node that is silent for longer. */
const beatMs = 30_000;

export interface StandIn {
  /** Of every pod, and of the gateway. */
  port: number;
  /** Names of Deployments whose candidate fails every tenth request. */
  failing: Set<string>;
  stop(): Promise<void>;
}

export async function startStandIn(api: Api): Promise<StandIn> {
  await promisify(execFile)("ip", ["route", "replace", "local", network, "dev", "lo"]);
  const state = new State(api);
  const server = createServer((request, response) => state.answer(request, response));
  await new Promise<void>((resolve) => server.listen(0, "0.0.0.0", resolve));
  const { port } = server.address() as AddressInfo;
  await addNode(api);
  const stopped = new AbortController();
  const { signal } = stopped;
  const watching = [
    watch(api.connection, "/api/v1/pods", (type, pod) => state.pod(type, pod), signal),
    watch(api.connection, "/api/v1/services", (type, service) => state.service(type, service), signal),
    watch(
      api.connection,
      `/apis/${gatewayApi}/httproutes`,
      (type, route) => state.route(type, route),
      signal,
    ),
  ];
  const beat = setInterval(() => void beatOf(api).catch(() => {}), beatMs);
  return {
    port,
    failing: state.failing,
    async stop() {
      clearInterval(beat);
      stopped.abort();
      await Promise.all(watching);
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await promisify(execFile)("ip", ["route", "del", "local", network, "dev", "lo"]);
    },
  };
}

const readiness = () => {
  const now = new Date().toISOString();
  const times = { lastHeartbeatTime: now, lastTransitionTime: now };
  return [{ type: "Ready", status: "True", reason: "KubeletReady", message: "stands in", ...times }];
};

async function addNode(api: Api): Promise<void> {
  const room = { cpu: "10k", memory: "100Ti", pods: "10k" };
  const node = { apiVersion: "v1", kind: "Node", metadata: { name: nodeName }, spec: {} };
  await api.create(node);
  await api.merge(
    { apiVersion: "v1", kind: "Node", name: nodeName },
    { status: { capacity: room, allocatable: room, conditions: readiness() } },
    "status",
  );
}

async function beatOf(api: Api): Promise<void> {
  const ref = { apiVersion: "v1", kind: "Node", name: nodeName };
  await api.merge(ref, { status: { conditions: readiness() } }, "status");
}

interface PodFacts {
  address: string;
  labels: Record<string, string>;
  release: string;
  served: Side;
}

type Change = "ADDED" | "MODIFIED" | "DELETED";

class State {
  readonly failing = new Set<string>();
  readonly #api: Api;
  readonly #pods = new Map<string, PodFacts>();
  readonly #byAddress = new Map<string, PodFacts>();
  readonly #selectors = new Map<string, Record<string, string>>();
  /** By host name. */
  readonly #routes = new Map<string, Traffic>();
  #addresses = 1;

  constructor(api: Api) {
    this.#api = api;
  }

  pod(type: Change, { metadata, spec, status }: KubeObject): void {
    const { name, namespace = "default", uid = "", labels = {} } = metadata;
    const known = this.#pods.get(uid);
    const ref = { apiVersion: "v1", kind: "Pod", namespace, name };
    if (type === "DELETED" || metadata.deletionTimestamp !== undefined) {
      if (known !== undefined) {
        this.#settle();
        this.#pods.delete(uid);
        this.#byAddress.delete(known.address);
      }
      if (type !== "DELETED") void this.#api.remove(ref, { uid, graceSeconds: 0 }).catch(() => {});
      return;
    }
    const { nodeName: on, containers } = spec as { nodeName?: string; containers: Container[] };
    if (on !== nodeName || known !== undefined) return;
    this.#addresses += 1;
    const address = `198.18.${this.#addresses >> 8}.${this.#addresses & 255}`;
    const release = containers[0]?.env?.find((each) => each.name === "ML_RELEASE")?.value ?? "";
    const fails = this.failing.has(labels["bench/resource"] ?? "") && labels[sideLabel] === "candidate";
    const facts = {
      address,
      labels,
      release,
      served: { requests: 0, failing: fails, startedS: Date.now() / 1000 },
    };
    this.#settle();
    this.#pods.set(uid, facts);
    this.#byAddress.set(address, facts);
    if ((status as { phase?: string }).phase !== "Running")
      void this.#api.merge(ref, { status: runningStatus(address, containers) }, "status").catch(() => {});
  }

  service(_: Change, { metadata, spec }: KubeObject): void {
    this.#settle();
    this.#selectors.set(metadata.name, (spec as { selector?: Record<string, string> }).selector ?? {});
  }

  route(type: Change, { metadata, spec, status }: KubeObject): void {
    const { name, namespace = "default", generation = 1 } = metadata;
    const { hostnames, parentRefs, rules } = spec as RouteSpec;
    if (type === "DELETED") return;
    const host = hostnames[0] ?? name;
    const before = this.#routes.get(host);
    before?.settle();
    const weights = (rules[0]?.backendRefs ?? []).map((each) => ({
      name: each.name,
      weight: each.weight ?? 1,
    }));
    this.#routes.set(host, new Traffic(weights, (service) => this.#behind(service)));
    const seen = (status as { parents?: { conditions: { observedGeneration: number }[] }[] } | undefined)
      ?.parents;
    if (seen?.[0]?.conditions[0]?.observedGeneration === generation) return;
    const conditions = ["Accepted", "ResolvedRefs"].map((each) => ({
      ...{ type: each, status: "True", reason: each, message: "stands in", observedGeneration: generation },
      lastTransitionTime: new Date().toISOString(),
    }));
    const parents = parentRefs.map((parentRef) => ({
      parentRef,
      controllerName: "bench/stand-in",
      conditions,
    }));
    const ref = { apiVersion: gatewayApi, kind: "HTTPRoute", namespace, name };
    void this.#api.merge(ref, { status: { parents } }, "status").catch(() => {});
  }

  answer(request: IncomingMessage, response: ServerResponse): void {
    const address = request.socket.localAddress?.replace("::ffff:", "") ?? "";
    request.resume();
    if (address !== gatewayAddress) {
      const pod = this.#byAddress.get(address);
      this.#settle();
      response.end(pod === undefined ? "" : metricsPage(pod.served));
      return;
    }
    const host = request.headers.host?.replace(/:\d+$/, "") ?? "";
    const pod = this.#routes.get(host)?.pick() as PodFacts | undefined;
    response.writeHead(
      pod === undefined ? 503 : 200,
      pod === undefined ? {} : { "x-ml-release": pod.release },
    );
    response.end();
  }

  #behind(service: string): { served: Side }[] {
    const selector = Object.entries(this.#selectors.get(service) ?? { none: "none" });
    return [...this.#pods.values()].filter(({ labels }) =>
      selector.every(([key, value]) => labels[key] === value),
    );
  }

  #settle(): void {
    for (const traffic of this.#routes.values()) traffic.settle();
  }
}

const sideLabel = "ml-actions.github.io/side";

interface Container {
  name: string;
  image: string;
  env?: { name: string; value?: string }[];
}

interface RouteSpec {
  hostnames: string[];
  parentRefs: unknown[];
  rules: { backendRefs: { name: string; weight?: number }[] }[];
}

function runningStatus(podIP: string, containers: readonly Container[]): unknown {
  const at = new Date().toISOString();
  const kinds = ["PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled"];
  return {
    ...{ phase: "Running", podIP, podIPs: [{ ip: podIP }], hostIP: gatewayAddress, startTime: at },
    conditions: kinds.map((type) => ({ type, status: "True", lastTransitionTime: at })),
    containerStatuses: containers.map(({ name, image }) => ({
      ...{ name, image, imageID: image, ready: true, started: true, restartCount: 0 },
      state: { running: { startedAt: at } },
    })),
  };
}
