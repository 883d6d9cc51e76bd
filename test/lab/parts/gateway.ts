/** The Gateway that everybody's routes hang on, with a real Envoy behind it: Envoy Gateway from its own chart, Gateway
 * API's standard channel. */
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { KubeObject } from "@ml-actions/cluster/types";
import { envoy, envoyVersion } from "../../components/envoy.ts";
import { goSource, goTool, goTools } from "../../components/go-tool.ts";
import { renderChart } from "../../components/helm.ts";
import type { Part, Site } from "../part.ts";

export const gatewayNamespace = "ml-actions-lab";
export const gatewayName = "lab";
/** Of the lab's own cluster, where this machine reaches services: an address of `clusterNetwork.services`. */
const gatewayAddress = "10.96.0.80";
export const gatewayUrl = `http://${gatewayAddress}`;
/** On a given cluster: of its nodes. */
const nodePort = 30080;

const system = "envoy-gateway-system";
const controllerName = "gateway.envoyproxy.io/gatewayclass-controller";
const tool = "envoy-gateway";

async function up(site: Site): Promise<void> {
  const [controllerImage, proxyImage, charts] = await Promise.all([
    controller(site),
    proxy(site),
    goSource(tool).then((folder) => join(folder, "charts")),
  ]);
  const definitions = await renderChart(join(charts, "gateway-crds-helm"), {
    ...{ release: "crds", namespace: system },
    values: { crds: { gatewayAPI: { enabled: true, channel: "standard" }, envoyGateway: { enabled: true } } },
  });
  await site.apply(definitions);
  const rendered = await renderChart(join(charts, "gateway-helm"), {
    ...{ release: "eg", namespace: system },
    values: values(controllerImage),
  });
  await site.apply([namespaceNamed(system), namespaceNamed(gatewayNamespace)]);
  await certificates(site, rendered);
  await site.apply(withoutJob(rendered));
  await site.apply(gatewayObjects(site.own, proxyImage));
  await site.rolledOut(system);
  const programmed = ["wait", `gateway/${gatewayName}`, "-n", gatewayNamespace, "--for=condition=Programmed"];
  await site.kubectl([...programmed, "--timeout=120s"]);
  if (site.own) await answering();
}

/** The way to it is there a moment after the proxy is. */
async function answering(): Promise<void> {
  const deadlineMs = performance.now() + 30_000;
  for (;;) {
    const problem = await fetch(gatewayUrl).then(
      () => null,
      (error: Error) => error,
    );
    if (problem === null) return;
    if (performance.now() > deadlineMs)
      throw new Error(`${gatewayUrl} does not answer: ${problem.message}`, { cause: problem });
    await sleep(100);
  }
}

function controller(site: Site): Promise<string> {
  return site.image({
    repository: "lab/envoy-gateway",
    tag: goTools[tool].version,
    // Its side container calls it by name.
    layers: async () => [
      [{ path: "usr/local/bin/envoy-gateway", content: { file: await goTool(tool) }, mode: 0o755 }],
    ],
    entrypoint: ["/usr/local/bin/envoy-gateway"],
  });
}

function proxy(site: Site): Promise<string> {
  return site.image({
    repository: "lab/envoy",
    tag: `v${envoyVersion}`,
    // For its glibc.
    base: "node",
    layers: async () => [[{ path: "usr/local/bin/envoy", content: { file: await envoy() }, mode: 0o755 }]],
    entrypoint: ["/usr/local/bin/envoy"],
  });
}

const values = (controllerImage: string) => ({
  crds: { enabled: false },
  topologyInjector: { enabled: false },
  global: { images: { envoyGateway: { image: controllerImage } } },
  deployment: {
    envoyGateway: {
      resources: { requests: { cpu: "10m", memory: "64Mi" } },
      readinessProbe: { periodSeconds: 1 },
    },
    pod: { annotations: {} },
  },
  config: {
    envoyGateway: { provider: { type: "Kubernetes", kubernetes: { leaderElection: { disable: true } } } },
  },
});

/** The chart has a job for them that runs before the rest: the same program, run once a cluster. */
async function certificates(site: Site, rendered: string): Promise<void> {
  const secret = ["get", "secret", "envoy-gateway", "-n", system, "--ignore-not-found", "-o", "name"];
  if ((await site.kubectl(secret)).trim() !== "") return;
  const job = documents(rendered).filter((text) => /certgen/.test(text));
  await site.apply(job.join("\n---\n"));
  const made = ["wait", "job", "--all", "-n", system, "--for=condition=Complete", "--timeout=120s"];
  await site.kubectl(made);
}

const documents = (text: string): string[] => text.split(/^---$/m);
const withoutJob = (text: string): string =>
  documents(text)
    .filter((each) => !/certgen/.test(each))
    .join("\n---\n");

const namespaceNamed = (name: string): KubeObject => ({
  apiVersion: "v1",
  kind: "Namespace",
  metadata: { name },
});

/** Its own are asked every ten seconds, of which a first start loses one or two. */
const promptProbes = {
  value: {
    spec: {
      template: {
        spec: {
          containers: ["envoy", "shutdown-manager"].map((name) => ({
            name,
            startupProbe: { periodSeconds: 1, failureThreshold: 120 },
            readinessProbe: { periodSeconds: 1 },
          })),
        },
      },
    },
  },
};

function gatewayObjects(own: boolean, image: string): KubeObject[] {
  const [gatewayApi, envoyApi] = ["gateway.networking.k8s.io", "gateway.envoyproxy.io"];
  const metadata = { name: gatewayName, namespace: gatewayNamespace };
  const container = { image, resources: { requests: { cpu: "20m", memory: "64Mi" } } };
  const service = own
    ? { type: "ClusterIP", patch: { value: { spec: { clusterIP: gatewayAddress } } } }
    : { type: "NodePort", patch: { value: { spec: { ports: [{ name: "http-80", port: 80, nodePort }] } } } };
  const spec = {
    // One thread each is enough for tests, and two cores carry everything here.
    concurrency: 1,
    shutdown: { drainTimeout: "5s", minDrainDuration: "1s" },
    telemetry: { accessLog: { disable: true } },
    provider: {
      type: "Kubernetes",
      kubernetes: { envoyDeployment: { container, patch: promptProbes }, envoyService: service },
    },
  };
  const parametersRef = { group: envoyApi, kind: "EnvoyProxy", ...metadata };
  const listener = {
    ...{ name: "http", protocol: "HTTP", port: 80 },
    allowedRoutes: { namespaces: { from: "All" } },
  };
  return [
    { apiVersion: `${envoyApi}/v1alpha1`, kind: "EnvoyProxy", metadata, spec },
    {
      ...{ apiVersion: `${gatewayApi}/v1`, kind: "GatewayClass", metadata: { name: gatewayName } },
      spec: { controllerName, parametersRef },
    },
    {
      ...{ apiVersion: `${gatewayApi}/v1`, kind: "Gateway", metadata },
      spec: { gatewayClassName: gatewayName, listeners: [listener] },
    },
  ];
}

export const gateway: Part = {
  name: "gateway",
  what: `Envoy Gateway ${goTools[tool].version} and Envoy ${envoyVersion}`,
  needs: ["cluster"],
  programs: [tool, "helm"],
  up,
  async status(site) {
    const path = "{.status.conditions[?(@.type=='Programmed')].status}";
    const asked = ["get", "gateway", gatewayName, "-n", gatewayNamespace, "-o", `jsonpath=${path}`];
    const programmed = await site.kubectl(asked).catch(() => "");
    if (programmed !== "True") return { up: false, where: programmed && "the Gateway is not programmed" };
    const name = `Gateway ${gatewayNamespace}/${gatewayName}`;
    if (!site.own) return { up: true, where: `${name}, port ${nodePort} of the nodes` };
    // Without a route for the host it answers 404.
    const answers = await fetch(gatewayUrl).catch(() => null);
    return {
      up: answers !== null,
      where: answers === null ? `${gatewayUrl} does not answer` : `${gatewayUrl}, ${name}`,
    };
  },
  async down(site) {
    const gone = ["delete", "--ignore-not-found", "--timeout=60s"];
    await site.kubectl([...gone, "gateway", gatewayName, "-n", gatewayNamespace]).catch(() => "");
    await site.kubectl([...gone, "gatewayclass", gatewayName]).catch(() => "");
    await site.kubectl([...gone, "namespace", system, gatewayNamespace]);
  },
};
