/** The mirroring proxy's objects: a Deployment that Pod Security admits at level `restricted`, and a Service for each side
 * that nobody but the proxy asks. Pure. */
import { createHash } from "node:crypto";
import type { KubeObject, ObjectRef } from "@ml-actions/cluster/types";
import { objectName, ours } from "./ledger-names.ts";
import type { GuardImage } from "./ledger-types.ts";
import type { ProxyPort, ProxyPorts } from "./mirror-proxy-ports.ts";
import { type MirrorSettings, mirrorSettingsVariable } from "./mirror-proxy-settings.ts";
import { names } from "./platform.ts";
import { programContainer, programVolumes, unprivilegedPod } from "./sent-program.ts";
import { deploymentRef, type Workload } from "./workload.ts";
import { resourceLabel } from "./workload-labels.ts";

export const mirrorFile = "mirror.mjs";
/** On the Deployment: hash of its program and settings. */
export const mirrorSpecAnnotation = "ml-actions.github.io/mirror-spec";

/** Until every node has heard that a pod goes; as long as the servers have it. */
export const drainMs = 6_000;
/** 10,000 requests took 3.4 s on one core, callers and both sides included; stable's pods seldom answer 500 a second each. */
const stablePodsPerProxy = 5;
const fewestProxies = 2;

export const proxiesFor = (stablePods: number): number =>
  Math.max(fewestProxies, Math.ceil(stablePods / stablePodsPerProxy));

/** What selects the proxy's pods, and no others. */
export function proxySelector(resource: string): Record<string, string> {
  return { [names.side]: "mirror", [names.resource]: resourceLabel(resource) };
}

export interface MirrorObjects {
  deployment: Workload["ref"];
  /** Before stable's pods, and before the candidate's. */
  stable: ObjectRef;
  candidate: ObjectRef;
}

export function mirrorObjects(namespace: string, resource: string): MirrorObjects {
  const service = (prefix: string): ObjectRef => ({
    ...{ apiVersion: "v1", kind: "Service", namespace },
    name: objectName(prefix, resource),
  });
  return {
    deployment: deploymentRef(namespace, objectName("ml-actions-mirror", resource)),
    stable: service("ml-actions-mirrored"),
    candidate: service("ml-actions-copies"),
  };
}

/** Whether it belongs to a mirror, whoever's. */
export const isOfMirror = ({ metadata }: KubeObject): boolean => metadata.labels?.[names.side] === "mirror";

export function sideService(
  { apiVersion, kind, name, namespace }: ObjectRef,
  resource: string,
  selector: Record<string, string>,
  ports: readonly ProxyPort[],
): KubeObject {
  return {
    apiVersion,
    kind,
    metadata: { name, ...(namespace !== undefined && { namespace }), ...marks(resource) },
    spec: {
      selector,
      ports: ports.map((port) => ({
        name: `p${port.number}`,
        port: port.number,
        targetPort: port.name ?? port.number,
      })),
    },
  };
}

function marks(resource: string) {
  const { labels, annotations } = ours(resource);
  return { labels: { ...labels, ...proxySelector(resource) }, annotations };
}

export interface ProxyRequest {
  ref: Workload["ref"];
  resource: string;
  settings: MirrorSettings;
  ports: ProxyPorts;
  program: string;
  /** Name of the ConfigMap that holds it. */
  bundle: string;
  image: GuardImage;
  stable: Workload;
}

export function specHash({ program, settings, ports }: Pick<ProxyRequest, "program" | "settings" | "ports">) {
  return createHash("sha256")
    .update(program)
    .update(JSON.stringify([settings, ports]))
    .digest("hex")
    .slice(0, 16);
}

export function proxyDeployment(request: ProxyRequest): KubeObject {
  const { ref, resource, stable } = request;
  const { labels, annotations } = marks(resource);
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: {
      ...{ name: ref.name, namespace: ref.namespace, labels },
      annotations: { ...annotations, [mirrorSpecAnnotation]: specHash(request) },
    },
    spec: {
      replicas: proxiesFor(stable.spec.replicas),
      revisionHistoryLimit: 0,
      strategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
      selector: { matchLabels: proxySelector(resource) },
      template: { metadata: { labels, annotations }, spec: podSpec(request) },
    },
  };
}

/** Runs where stable's pods may, and pulls as they do. */
const asStable = [
  "serviceAccountName",
  "imagePullSecrets",
  "nodeSelector",
  "tolerations",
  "priorityClassName",
];

function podSpec({ settings, ports, bundle, image, stable, resource }: ProxyRequest): unknown {
  const theirs = stable.spec.template.spec;
  const taken = Object.fromEntries(
    Object.entries(theirs).filter(([key, value]) => asStable.includes(key) && value !== undefined),
  );
  const all = [ports.http, ...ports.others];
  const low = Math.min(...all.map(({ number }) => number));
  const pulls = image.pullSecrets?.map((name) => ({ name }));
  return {
    ...taken,
    ...(pulls !== undefined && { imagePullSecrets: pulls }),
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    // Whatever stable has the time to finish passes the proxy, which serves on before.
    terminationGracePeriodSeconds: (theirs.terminationGracePeriodSeconds ?? 30) + 2 * (drainMs / 1000),
    securityContext: {
      ...unprivilegedPod,
      ...(low < 1024 && { sysctls: [{ name: "net.ipv4.ip_unprivileged_port_start", value: String(low) }] }),
    },
    topologySpreadConstraints: [
      {
        maxSkew: 1,
        topologyKey: "kubernetes.io/hostname",
        whenUnsatisfiable: "ScheduleAnyway",
        labelSelector: { matchLabels: proxySelector(resource) },
      },
    ],
    containers: [container(settings, all, image)],
    volumes: programVolumes(bundle),
  };
}

function container(settings: MirrorSettings, all: readonly ProxyPort[], image: GuardImage): unknown {
  const { readyPort } = settings;
  return {
    name: "mirror",
    ...programContainer(image, mirrorFile, [
      { name: mirrorSettingsVariable, value: JSON.stringify(settings) },
    ]),
    ports: all.map(({ number, name }) => ({ containerPort: number, ...(name !== undefined && { name }) })),
    readinessProbe: { httpGet: { path: "/ready", port: readyPort }, periodSeconds: 1, timeoutSeconds: 5 },
    livenessProbe: { httpGet: { path: "/alive", port: readyPort }, timeoutSeconds: 10, failureThreshold: 6 },
    // 96 MiB of bodies at the most, beside Node.
    resources: { requests: { cpu: "50m", memory: "96Mi" }, limits: { cpu: "2", memory: "320Mi" } },
  };
}
