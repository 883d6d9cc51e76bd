/** Istio's control plane from its own charts, and a gateway that upstream's Envoy serves: what Istio adds to its own Envoy
 * (metadata exchange, its statistics, ALPN rewriting) is switched off, none of which has a part in routing. */
import { readFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { KubeObject } from "@ml-actions/cluster/types";
import { envoy, envoyVersion } from "../../components/envoy.ts";
import { goModule, goProgram } from "../../components/go-program.ts";
import { renderChart } from "../../components/helm.ts";
import type { Part, Site } from "../part.ts";

const system = "istio-system";
/** Where the gateway runs; its Gateway object is there too. */
export const istioGateway = { namespace: "istio-ingress", name: "lab" };

async function up(site: Site): Promise<void> {
  const [control, proxy, charts] = await Promise.all([
    controlImage(site),
    proxyImage(site),
    goModule("istio", "istio.io/istio").then((folder) => join(folder, "manifests/charts")),
  ]);
  await site.apply([namespaceNamed(system), namespaceNamed(istioGateway.namespace)]);
  await site.apply(await definitions(charts));
  // Its webhook for objects that name no revision, as users' objects mostly do.
  await site.apply(
    await renderChart(join(charts, "base"), { release: "base", namespace: system, values: baseValues }),
  );
  const istiod = await renderChart(join(charts, "istio-control/istio-discovery"), {
    ...{ release: "istiod", namespace: system, values: controlValues(control, proxy) },
  });
  await site.apply(istiod);
  await site.rolledOut(system);
  const gateway = await renderChart(join(charts, "gateway"), {
    ...{ release: istioGateway.name, namespace: istioGateway.namespace, values: gatewayValues },
  });
  // Its pods get their container from istiod's webhook.
  await site.apply(gateway);
  await site.rolledOut(istioGateway.namespace);
  await site.apply([gatewayObject]);
}

const namespaceNamed = (name: string): KubeObject => ({
  apiVersion: "v1",
  kind: "Namespace",
  metadata: { name },
});

/** Of the chart `base`: they must be there before anything else of it. */
const definitions = (charts: string): Promise<string> =>
  readFile(join(charts, "base/files/crd-all.gen.yaml"), "utf8");

async function controlImage(site: Site): Promise<string> {
  const file = await goProgram("pilot-discovery");
  return site.image({
    repository: "lab/pilot",
    tag: basename(dirname(file)),
    base: "scratch",
    layers: async () => [[{ path: "usr/local/bin/pilot-discovery", content: { file }, mode: 0o755 }]],
    entrypoint: ["/usr/local/bin/pilot-discovery"],
  });
}

async function proxyImage(site: Site): Promise<string> {
  const file = await goProgram("pilot-agent");
  const source = await goModule("istio", "istio.io/istio");
  const bootstrap = join(source, "tools/packaging/common/envoy_bootstrap.json");
  return site.image({
    repository: "lab/istio-proxy",
    tag: `${basename(dirname(file))}-${envoyVersion}`,
    // For the glibc that Envoy needs.
    base: "node",
    layers: async () => [
      [{ path: "usr/local/bin/envoy", content: { file: await envoy() }, mode: 0o755 }],
      [{ path: "usr/local/bin/pilot-agent", content: { file }, mode: 0o755 }],
      [{ path: "var/lib/istio/envoy/envoy_bootstrap_tmpl.json", content: { file: bootstrap } }],
    ],
    entrypoint: ["/usr/local/bin/pilot-agent"],
  });
}

const baseValues = { defaultRevision: "default", base: { enableCRDTemplates: false } };
const small = { requests: { cpu: "20m", memory: "64Mi" } };

const controlValues = (image: string, proxyImage: string) => ({
  pilot: {
    image,
    autoscaleEnabled: false,
    resources: small,
    env: {
      PILOT_ENABLE_METADATA_EXCHANGE: "false",
      PILOT_ENABLE_ALPN_FILTER: "false",
      PILOT_ENABLE_TELEMETRY_LABEL: "false",
    },
  },
  telemetry: { enabled: false },
  global: {
    proxy: { image: proxyImage, resources: { ...small, limits: { cpu: "1", memory: "512Mi" } } },
  },
});

const gatewayValues = {
  autoscaling: { enabled: false },
  labels: { istio: istioGateway.name },
  resources: { ...small, limits: { cpu: "1", memory: "512Mi" } },
  service: { type: "ClusterIP", ports: [{ name: "http", port: 80, targetPort: 80 }] },
};

const gatewayObject: KubeObject = {
  apiVersion: "networking.istio.io/v1",
  kind: "Gateway",
  metadata: istioGateway,
  spec: {
    selector: { istio: istioGateway.name },
    servers: [{ port: { number: 80, name: "http", protocol: "HTTP" }, hosts: ["*"] }],
  },
};

export const istio: Part = {
  name: "istio",
  what: `Istio's control plane, and a gateway on Envoy ${envoyVersion}`,
  needs: ["cluster"],
  programs: ["pilot-discovery", "pilot-agent"],
  up,
  async status(site) {
    const ready = async (namespace: string, name: string) => {
      const asked = ["get", "deployment", name, "-n", namespace, "--ignore-not-found"];
      const count = await site.kubectl([...asked, "-o", "jsonpath={.status.readyReplicas}"]).catch(() => "");
      return count.trim() !== "";
    };
    const { namespace, name } = istioGateway;
    if (!(await ready(system, "istiod"))) return { up: false, where: "" };
    if (!(await ready(namespace, name))) return { up: false, where: "its gateway is not ready" };
    return { up: true, where: `Gateway ${namespace}/${name}` };
  },
  async down(site) {
    const gone = ["delete", "--ignore-not-found", "--timeout=60s"];
    await site.kubectl([...gone, "namespace", system, istioGateway.namespace]);
    const kinds =
      "validatingwebhookconfiguration,mutatingwebhookconfiguration,clusterrole,clusterrolebinding";
    await site.kubectl([...gone, kinds, "-l", "app=istiod"]);
    const charts = join(await goModule("istio", "istio.io/istio"), "manifests/charts");
    await site.kubectl([...gone, "-f", "-"], await definitions(charts));
  },
};
