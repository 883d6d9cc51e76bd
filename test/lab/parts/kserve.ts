/** KServe's own manager, with both deployment modes: Standard behind the lab's Gateway, and Knative. */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { KubeObject } from "@ml-actions/cluster/types";
import { parse } from "yaml";
import { goSource, goTool, goTools } from "../../components/go-tool.ts";
import type { Part, Site } from "../part.ts";
import { gatewayName, gatewayNamespace } from "./gateway.ts";

const run = promisify(execFile);
const namespace = "kserve";
const manager = "kserve-controller-manager";
const certificateSecret = "kserve-webhook-server-cert";
const { version } = goTools["kserve-manager"];
/** Of the hosts that KServe makes up: nobody's, by RFC 2606. */
export const kserveDomain = "models.test";

export const kserve: Part = {
  name: "kserve",
  what: `KServe ${version}`,
  // It looks for Knative's kinds only when its manager starts.
  needs: ["gateway", "knative"],
  programs: ["kserve-manager", "kserve-agent"],
  up,
  status: async (site) => {
    const asked = ["get", "deployment", manager, "-n", namespace, "--ignore-not-found"];
    const ready = await site.kubectl([...asked, "-o", "jsonpath={.status.readyReplicas}"]).catch(() => "");
    return ready.trim() === ""
      ? { up: false, where: "its manager does not run" }
      : { up: true, where: `namespace ${namespace}, hosts below ${kserveDomain}` };
  },
  down: async (site) => {
    // Those first that hold finalizers which the manager alone removes.
    const all = ["--all", "--all-namespaces", "--ignore-not-found"];
    await site.kubectl(["delete", "inferenceservices.serving.kserve.io", ...all]).catch(() => undefined);
    await site.kubectl(["delete", "--ignore-not-found", "-f", "-"], await shipped(site));
    await site.kubectl(["delete", "namespace", namespace, "--ignore-not-found"]);
  },
};

async function up(site: Site): Promise<void> {
  const [managerImage, agentImage] = await Promise.all([image(site, "manager"), image(site, "agent")]);
  const certificate = await servingCertificate(site);
  const definitions: string[] = [];
  const objects: KubeObject[] = [];
  for (const text of (await shipped(site)).split(/^---$/m)) {
    // Two megabytes of definitions, of which none needs a change.
    if (/^kind: CustomResourceDefinition$/m.test(text)) definitions.push(text);
    else objects.push(parse(text) as KubeObject);
  }
  const settings = await configuration(agentImage);
  // The manager looks only at its start what it is to do.
  const started = createHash("sha256")
    .update(JSON.stringify([settings, certificate]))
    .digest("hex");
  await site.apply(definitions.join("\n---\n"));
  await site.apply([
    { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } },
    { apiVersion: "v1", kind: "Secret", metadata: { name: certificateSecret, namespace }, data: certificate },
    settings,
    ...objects.map((each) => adapted(each, managerImage, certificate, started)),
  ]);
  await site.rolledOut(namespace, manager);
}

async function image(site: Site, name: "manager" | "agent"): Promise<string> {
  const tool = `kserve-${name}` as const;
  return site.image({
    repository: `lab/${tool}`,
    tag: version,
    layers: async () => [[{ path: name, content: { file: await goTool(tool) }, mode: 0o755 }]],
    base: "scratch",
    entrypoint: [`/${name}`],
  });
}

/** The module's `config/default`, less what cert-manager would do. */
async function shipped(site: Site): Promise<string> {
  const text = await site.kubectl(["kustomize", join(await goSource("kserve-manager"), "config/default")]);
  return text
    .split(/^---$/m)
    .filter((each) => !/^apiVersion: cert-manager\.io\//m.test(each))
    .join("---");
}

/** What an administrator would change of the defaults: everything else is as KServe ships it. */
async function configuration(agentImage: string): Promise<KubeObject> {
  const path = join(await goSource("kserve-manager"), "config/configmap/inferenceservice.yaml");
  const { data = {} } = parse(await readFile(path, "utf8")) as KubeObject;
  const changed: Record<string, Record<string, unknown>> = {
    ingress: {
      enableGatewayApi: true,
      kserveIngressGateway: `${gatewayNamespace}/${gatewayName}`,
      ingressDomain: kserveDomain,
      // Istio's own, which nobody has to have here.
      disableIstioVirtualHost: true,
    },
    deploy: { defaultDeploymentMode: "Standard" },
    agent: { image: agentImage },
    logger: { image: agentImage },
    batcher: { image: agentImage },
    // One machine for all: what a model server gets whose user says nothing.
    inferenceService: {
      resource: { cpuLimit: "1", memoryLimit: "512Mi", cpuRequest: "20m", memoryRequest: "64Mi" },
    },
  };
  const kept = Object.entries(data).filter(([key]) => !key.startsWith("_"));
  const merged = kept.map(([key, text]) => [
    key,
    key in changed ? JSON.stringify({ ...JSON.parse(text), ...changed[key] }) : text,
  ]);
  return {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: "inferenceservice-config", namespace },
    data: Object.fromEntries(merged),
  };
}

type Certificate = Record<"tls.key" | "tls.crt" | "ca.crt", string>;

/** The one that the cluster has, or a new one signed by itself; base64 of PEM. */
async function servingCertificate(site: Site): Promise<Certificate> {
  const asked = [
    "get",
    "secret",
    certificateSecret,
    "-n",
    namespace,
    "--ignore-not-found",
    "-o",
    "jsonpath={.data}",
  ];
  const kept = await site.kubectl(asked);
  if (kept.trim() !== "") return JSON.parse(kept) as Certificate;
  const host = `kserve-webhook-server-service.${namespace}.svc`;
  const folder = await mkdtemp(join(tmpdir(), "kserve-certificate-"));
  try {
    const [key, certificate] = [join(folder, "key"), join(folder, "certificate")];
    const subject = ["-subj", `/CN=${host}`, "-addext", `subjectAltName=DNS:${host}`];
    const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
    await run("openssl", [
      "req",
      "-x509",
      ...curve,
      "-days",
      "365",
      ...subject,
      "-keyout",
      key,
      "-out",
      certificate,
    ]);
    const [tlsKey, tlsCertificate] = await Promise.all(
      [key, certificate].map(async (path) => (await readFile(path)).toString("base64")),
    );
    return { "tls.key": tlsKey ?? "", "tls.crt": tlsCertificate ?? "", "ca.crt": tlsCertificate ?? "" };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

interface Container {
  name: string;
  image: string;
  args: string[];
  readinessProbe: Record<string, unknown>;
}

function adapted(
  object: KubeObject,
  image: string,
  certificate: Certificate,
  startedFor: string,
): KubeObject {
  if (object.kind.endsWith("WebhookConfiguration")) {
    const { webhooks } = object as KubeObject & { webhooks: { clientConfig: { caBundle?: string } }[] };
    for (const { clientConfig } of webhooks) clientConfig.caBundle = certificate["ca.crt"];
  }
  if (object.kind !== "Deployment") return object;
  const { template } = object.spec as {
    template: { metadata: { annotations: Record<string, string> }; spec: { containers: Container[] } };
  };
  template.metadata.annotations["lab/started-for"] = startedFor;
  template.spec.containers = template.spec.containers
    // It guards metrics that nobody reads here.
    .filter(({ name }) => name === "manager")
    .map((container) => ({
      ...container,
      image,
      imagePullPolicy: "IfNotPresent",
      args: ["--metrics-addr=127.0.0.1:8080"],
      readinessProbe: { ...container.readinessProbe, initialDelaySeconds: 1, periodSeconds: 1 },
      // A tenth of a core, as shipped, makes every answer of its webhooks slow.
      resources: { requests: { cpu: "20m", memory: "100Mi" }, limits: { memory: "500Mi" } },
    }));
  return object;
}
