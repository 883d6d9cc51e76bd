/** Debian's Prometheus as a pod behind a Service, reading every pod that says `prometheus.io/scrape: "true"`, as clusters
 * commonly have it. */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { KubeObject } from "@ml-actions/cluster/types";
import { debianTool } from "../../components/debian-tool.ts";
import type { Part, Site } from "../part.ts";

export const prometheusService = { namespace: "monitoring", name: "prometheus", port: 9090 } as const;

const { namespace, name, port } = prometheusService;
const metadata = { name, namespace };

const configuration = {
  global: { scrape_interval: "2s", scrape_timeout: "2s", evaluation_interval: "1m" },
  scrape_configs: [
    { job_name: "pods", http_sd_configs: [{ url: "http://127.0.0.1:9099/", refresh_interval: "2s" }] },
  ],
};

async function up(site: Site): Promise<void> {
  const program = await debianTool("prometheus", "usr/bin/prometheus");
  const image = await site.image({
    repository: "lab/prometheus",
    tag: "debian-12",
    // For its glibc.
    base: "node",
    layers: async () => [[{ path: "usr/bin/prometheus", content: { file: program }, mode: 0o755 }]],
    entrypoint: ["/usr/bin/prometheus"],
  });
  const targets = await readFile(join(import.meta.dirname, "prometheus-targets.ts"), "utf8");
  const targetsImage = await site.image({
    repository: "lab/prometheus-targets",
    tag: createHash("sha256").update(targets).digest("hex"),
    base: "node",
    layers: async () => [[{ path: "targets.mts", content: targets }]],
    entrypoint: ["/nodejs/bin/node", "/targets.mts"],
  });
  await site.apply([...rights(), ...workload(image, targetsImage)]);
  await site.rolledOut(namespace, name);
}

function rights(): KubeObject[] {
  const group = "rbac.authorization.k8s.io";
  const rules = [{ apiGroups: [""], resources: ["pods"], verbs: ["get", "list", "watch"] }];
  const role = `ml-actions-lab-${name}`;
  return [
    { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } },
    { apiVersion: "v1", kind: "ServiceAccount", metadata },
    { apiVersion: `${group}/v1`, kind: "ClusterRole", metadata: { name: role }, rules },
    {
      ...{ apiVersion: `${group}/v1`, kind: "ClusterRoleBinding", metadata: { name: role } },
      roleRef: { apiGroup: group, kind: "ClusterRole", name: role },
      subjects: [{ kind: "ServiceAccount", ...metadata }],
    },
  ] as KubeObject[];
}

function workload(image: string, targetsImage: string): KubeObject[] {
  // YAML holds JSON.
  const text = JSON.stringify(configuration, null, 2);
  const labels = { app: name };
  const container = {
    ...{ name, image, ports: [{ containerPort: port }] },
    args: [
      ...["--config.file=/configuration/prometheus.yml", "--storage.tsdb.path=/data"],
      ...["--storage.tsdb.retention.time=2h", "--log.level=warn"],
    ],
    readinessProbe: { httpGet: { path: "/-/ready", port }, periodSeconds: 1 },
    resources: { requests: { cpu: "10m", memory: "64Mi" }, limits: { memory: "1Gi" } },
    volumeMounts: [
      { name: "configuration", mountPath: "/configuration" },
      { name: "data", mountPath: "/data" },
    ],
  };
  const discovery = {
    ...{ name: "targets", image: targetsImage },
    resources: { requests: { cpu: "5m", memory: "32Mi" } },
  };
  const containers = [container, discovery];
  const spec = {
    ...{ serviceAccountName: name, securityContext: { fsGroup: 65532 }, containers },
    volumes: [
      { name: "configuration", configMap: { name } },
      { name: "data", emptyDir: {} },
    ],
  };
  // A changed configuration is another pod.
  const annotations = { configuration: createHash("sha256").update(text).digest("hex") };
  return [
    { apiVersion: "v1", kind: "ConfigMap", metadata, data: { "prometheus.yml": text } },
    {
      ...{ apiVersion: "apps/v1", kind: "Deployment", metadata },
      spec: {
        ...{ replicas: 1, selector: { matchLabels: labels } },
        template: { metadata: { labels, annotations }, spec },
      },
    },
    {
      ...{ apiVersion: "v1", kind: "Service", metadata },
      spec: { selector: labels, ports: [{ port, targetPort: port }] },
    },
  ];
}

export const prometheus: Part = {
  name: "prometheus",
  what: "Prometheus over the pods that ask for it",
  needs: ["cluster"],
  programs: [],
  up,
  async status(site) {
    const path = `/api/v1/namespaces/${namespace}/services/${name}:${port}/proxy/-/ready`;
    const ready = await site.kubectl(["get", "--raw", path]).catch(() => "");
    return ready === ""
      ? { up: false, where: "" }
      : { up: true, where: `service ${namespace}/${name}:${port}` };
  },
  async down(site) {
    const role = `ml-actions-lab-${name}`;
    await site.kubectl(["delete", "clusterrolebinding", role, "--ignore-not-found"]);
    await site.kubectl(["delete", "clusterrole", role, "--ignore-not-found"]);
    await site.kubectl(["delete", "namespace", namespace, "--ignore-not-found"]);
  },
};
