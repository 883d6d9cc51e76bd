/** Knative Serving's own controllers, webhook, autoscaler, activator and queue-proxy, behind the lab's Gateway. */
import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { KubeObject } from "@ml-actions/cluster/types";
import { parseAllDocuments } from "yaml";
import { goModule, goProgram } from "../../components/go-program.ts";
import type { Part, Site } from "../part.ts";
import { gatewayName, gatewayNamespace } from "./gateway.ts";

const namespace = "knative-serving";
const version = "v0.48.1";
const ingress = "lab-ingress";
const ingressClass = "lab.ingress.networking.knative.dev";
/** Of the hosts that Knative makes up: nobody's, by RFC 2606. */
export const knativeDomain = "knative.test";

const programs = ["controller", "webhook", "autoscaler", "activator", "queue"] as const;
type Program = (typeof programs)[number];

async function up(site: Site): Promise<void> {
  const images = new Map(
    await Promise.all(programs.map(async (name) => [name, await programImage(site, name)] as const)),
  );
  const shipped = await manifests();
  await site.apply(shipped.filter(({ kind }) => kind === "CustomResourceDefinition"));
  const rest = shipped
    .filter(({ kind }) => kind !== "CustomResourceDefinition")
    .map((each) => adapted(each, images));
  // The webhook fills its own certificate in, and refuses configurations until then.
  const [webhooks, others] = [isWebhook, (each: KubeObject) => !isWebhook(each)].map((of) => rest.filter(of));
  await site.apply(others ?? []);
  await site.rolledOut(namespace, "webhook");
  await site.apply(webhooks ?? []);
  await site.apply(await ingressObjects(site));
  await site.rolledOut(namespace);
}

const isWebhook = ({ kind }: KubeObject) => kind.endsWith("WebhookConfiguration");

async function programImage(site: Site, name: Program): Promise<string> {
  const file = await goProgram(`knative-${name}`);
  return site.image({
    repository: `lab/knative-${name}`,
    // Named after the state of its source.
    tag: basename(dirname(file)),
    layers: async () => [[{ path: name, content: { file }, mode: 0o755 }]],
    base: "scratch",
    entrypoint: [`/${name}`],
  });
}

/** As they lie in the modules: what Serving links to in others is not in its own. */
async function manifests(): Promise<KubeObject[]> {
  const serving = await goModule("knative", "knative.dev/serving");
  const networking = await goModule("knative", "knative.dev/networking");
  const caching = await goModule("knative", "knative.dev/caching");
  const files = [
    ...(await yamlBelow(join(serving, "config/core"))).filter((path) => !path.endsWith("-hpa.yaml")),
    ...(await yamlBelow(join(networking, "config"))),
    ...(await yamlBelow(join(caching, "config"))),
  ];
  const texts = await Promise.all(files.map((path) => readFile(path, "utf8")));
  const objects = texts.flatMap((text) =>
    parseAllDocuments(text).map((each) => each.toJS() as KubeObject | null),
  );
  return objects.filter((each) => each !== null);
}

async function yamlBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && entry.name.endsWith(".yaml"))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

/** What an administrator would set. */
const configuration: Record<string, Record<string, string>> = {
  "config-network": { "ingress-class": ingressClass },
  "config-domain": { [knativeDomain]: "" },
  // The activator stands in the way only of Revisions without a pod, or not counted yet.
  "config-autoscaler": { "target-burst-capacity": "0" },
  "config-deployment": { "queue-sidecar-cpu-request": "10m", "queue-sidecar-memory-request": "20Mi" },
};

interface Container {
  image: string;
  resources: unknown;
  readinessProbe?: Record<string, unknown>;
}

function adapted(object: KubeObject, images: ReadonlyMap<Program, string>): KubeObject {
  const text = JSON.stringify(object).replace(
    /ko:\/\/knative\.dev\/serving\/cmd\/([a-z]+)/g,
    (whole, name) => images.get(name as Program) ?? whole,
  );
  const copy = JSON.parse(text) as KubeObject;
  if (copy.kind === "ConfigMap") {
    // Pages of explanation, held by a checksum.
    const { _example, ...data } = copy.data ?? {};
    delete copy.metadata.annotations?.["knative.dev/example-checksum"];
    copy.data = { ...data, ...configuration[copy.metadata.name] };
  }
  if (copy.kind === "Deployment") {
    const { template } = copy.spec as { template: { spec: { containers: Container[] } } };
    for (const container of template.spec.containers) {
      // A tenth of a core each, as shipped, is half of this machine.
      container.resources = { requests: { cpu: "20m", memory: "60Mi" }, limits: { memory: "600Mi" } };
      if (container.readinessProbe !== undefined) container.readinessProbe.periodSeconds = 1;
    }
  }
  return copy;
}

async function ingressObjects(site: Site): Promise<KubeObject[]> {
  const source = join(import.meta.dirname, "knative-ingress.ts");
  const program = await readFile(source, "utf8");
  const image = await site.image({
    repository: "lab/knative-ingress",
    tag: createHash("sha256").update(program).digest("hex").slice(0, 32),
    base: "node",
    layers: async () => [[{ path: "ingress/ingress.mts", content: program }]],
    entrypoint: ["/nodejs/bin/node", "--no-maglev", "/ingress/ingress.mts"],
  });
  const metadata = { name: ingress, namespace };
  const rbac = "rbac.authorization.k8s.io";
  const labels = { app: ingress };
  const environment = {
    NODE_EXTRA_CA_CERTS: "/var/run/secrets/kubernetes.io/serviceaccount/ca.crt",
    GATEWAY_NAMESPACE: gatewayNamespace,
    GATEWAY_NAME: gatewayName,
    GATEWAY_DOMAIN: await gatewayDomain(site),
    INGRESS_CLASS: ingressClass,
  };
  const container = {
    ...{ name: ingress, image },
    env: Object.entries(environment).map(([name, value]) => ({ name, value })),
    resources: { requests: { cpu: "20m", memory: "60Mi" }, limits: { memory: "200Mi" } },
  };
  const rules = [
    { apiGroups: ["networking.internal.knative.dev"], resources: ["ingresses"], verbs: ["list"] },
    { apiGroups: ["networking.internal.knative.dev"], resources: ["ingresses/status"], verbs: ["patch"] },
    {
      apiGroups: ["gateway.networking.k8s.io"],
      resources: ["httproutes"],
      verbs: ["list", "patch", "create", "delete"],
    },
  ];
  return [
    { apiVersion: "v1", kind: "ServiceAccount", metadata },
    { apiVersion: `${rbac}/v1`, kind: "ClusterRole", metadata: { name: ingress }, rules },
    {
      ...{ apiVersion: `${rbac}/v1`, kind: "ClusterRoleBinding", metadata: { name: ingress } },
      ...{
        subjects: [{ kind: "ServiceAccount", ...metadata }],
        roleRef: { apiGroup: rbac, kind: "ClusterRole", name: ingress },
      },
    },
    {
      ...{ apiVersion: "apps/v1", kind: "Deployment", metadata },
      spec: {
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: { serviceAccountName: ingress, containers: [container] } },
      },
    },
  ] as KubeObject[];
}

/** Of the Service that leads to the Gateway's Envoy. */
async function gatewayDomain(site: Site): Promise<string> {
  const owned = `gateway.envoyproxy.io/owning-gateway-name=${gatewayName}`;
  const path = "{.items[0].metadata.name}.{.items[0].metadata.namespace}.svc.cluster.local";
  return (await site.kubectl(["get", "services", "-A", "-l", owned, "-o", `jsonpath=${path}`])).trim();
}

export const knative: Part = {
  name: "knative",
  what: `Knative Serving ${version}`,
  needs: ["gateway"],
  programs: programs.map((name) => `knative-${name}` as const),
  up,
  async status(site) {
    const asked = ["get", "deployments", "-n", namespace, "-o", "json"];
    const { items } = JSON.parse(await site.kubectl(asked).catch(() => '{"items":[]}')) as {
      items: { metadata: { name: string }; status: { readyReplicas?: number } }[];
    };
    const waiting = items.filter(({ status }) => (status.readyReplicas ?? 0) === 0);
    if (items.length === 0 || waiting.length > 0) {
      const names = waiting.map(({ metadata }) => metadata.name).join(", ");
      return { up: false, where: names === "" ? "" : `${names} not ready` };
    }
    return { up: true, where: `namespace ${namespace}, hosts below ${knativeDomain}` };
  },
  async down(site) {
    const all = ["--all", "--all-namespaces", "--ignore-not-found", "--timeout=60s"];
    await site.kubectl(["delete", "services.serving.knative.dev", ...all]).catch(() => "");
    const objects = await manifests();
    const text = JSON.stringify({ apiVersion: "v1", kind: "List", items: objects });
    await site.kubectl(["delete", "--ignore-not-found", "--timeout=120s", "-f", "-"], text);
    await site.kubectl(["delete", "clusterrole,clusterrolebinding", ingress, "--ignore-not-found"]);
  },
};
