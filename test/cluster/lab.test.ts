/** What the other suites build on: that the lab gives what it promises. */
import { get } from "node:http";
import { describe, expect, it } from "vitest";
import { labImages } from "../lab/images.ts";
import { lab } from "../lab/lab.ts";
import { ownControlPlane } from "../lab/own-control-plane.ts";
import { prometheusService } from "../lab/parts/prometheus.ts";
import { openSite } from "../lab/site.ts";
import { inNamespace, type TestNamespace } from "./namespace.ts";

const restricted = {
  runAsNonRoot: true,
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  capabilities: { drop: ["ALL"] },
  seccompProfile: { type: "RuntimeDefault" },
};

interface Deployed {
  name?: string;
  environment?: Record<string, string>;
  annotations?: Record<string, string>;
}

async function deploy(
  namespace: TestNamespace,
  image: string,
  { name = "flights", environment = {}, annotations = {} }: Deployed = {},
): Promise<void> {
  const labels = { app: name };
  const container = {
    ...{ name: "server", image, ports: [{ containerPort: 8080 }], securityContext: restricted },
    env: Object.entries(environment).map(([variable, value]) => ({ name: variable, value })),
    readinessProbe: { httpGet: { path: "/ready", port: 8080 }, periodSeconds: 1 },
    resources: { requests: { cpu: "10m", memory: "32Mi" }, limits: { memory: "512Mi" } },
  };
  const template = { metadata: { labels, annotations }, spec: { containers: [container] } };
  const port = { port: 80, targetPort: 8080 };
  await namespace.apply([
    {
      ...{ apiVersion: "apps/v1", kind: "Deployment", metadata: { name } },
      spec: { replicas: 1, selector: { matchLabels: labels }, template },
    },
    {
      ...{ apiVersion: "v1", kind: "Service", metadata: { name } },
      spec: { selector: labels, ports: [port] },
    },
  ]);
  await namespace.rolledOut(name);
}

const patience = { timeout: 30_000, interval: 250 };

/** What a host's route answers. `fetch` would not send another Host than the URL's. */
function through(url: string, hostname: string): Promise<{ status: number; release: string | null }> {
  return new Promise((resolve, reject) => {
    const request = get(`${url}/ready`, { headers: { host: hostname } }, (response) => {
      const { statusCode = 0, headers } = response;
      response.resume().on("end", () => {
        resolve({ status: statusCode, release: (headers["x-ml-release"] as string | undefined) ?? null });
      });
    });
    request.on("error", reject);
  });
}

/** Through the API server, as any cluster allows it. */
const ask = (namespace: TestNamespace, path: string) =>
  namespace.kubectl([
    "get",
    "--raw",
    `/api/v1/namespaces/${namespace.name}/services/flights:80/proxy${path}`,
  ]);

describe("the lab", () => {
  it("runs a stand-in that behaves as told, under a digest of its own", async () => {
    const images = await labImages();
    const good = await images.standIn({ name: "good", score: 0.25 });
    const bad = await images.standIn({ name: "bad", failEvery: 1 });
    expect(good.digest).not.toBe(bad.digest);
    await inNamespace(async (namespace) => {
      await deploy(namespace, good.reference, { environment: { ML_RELEASE: good.digest } });
      expect(JSON.parse(await ask(namespace, "/predict"))).toMatchObject({
        predictions: [0.25],
        model: { name: "good" },
      });
      expect(await ask(namespace, "/metrics")).toContain("ml_predictions_total 1\n");
    });
  });

  it("removes a namespace when its test has ended", async () => {
    const name = await inNamespace(async (namespace) => namespace.name);
    const { kubectl } = await openSite(() => {});
    const gone = await kubectl(["get", "namespace", name, "--ignore-not-found", "-o", "json"]);
    if (gone !== "") expect(JSON.parse(gone).metadata.deletionTimestamp).toBeDefined();
  });

  it("gives kubeconfigs with exactly the rights of a Role", async () => {
    await inNamespace(async (namespace) => {
      const rules = [{ apiGroups: [""], resources: ["configmaps"], verbs: ["get"] }];
      const kubeconfig = await namespace.restricted(rules);
      const may = (verb: string, resource: string) =>
        namespace.kubectl([`--kubeconfig=${kubeconfig}`, "auth", "can-i", verb, resource]).then(
          (text) => text.trim(),
          () => "no",
        );
      expect(await may("get", "configmaps")).toBe("yes");
      expect(await may("list", "configmaps")).toBe("no");
      expect(await may("get", "secrets")).toBe("no");
    });
  });

  it("resolves the names of services in pods, over the network of services", async () => {
    const { reference } = await (await labImages()).standIn({ name: "good" });
    await inNamespace(async (namespace) => {
      await deploy(namespace, reference);
      const script = `const r = await fetch("http://flights.${namespace.name}.svc.cluster.local/ready"); console.log(r.status)`;
      const command = ["/nodejs/bin/node", "--input-type=module", "-e", script];
      const said = await namespace.kubectl(["exec", "deployment/flights", "--", ...command]);
      expect(said.trim()).toBe("200");
      expect((await lab()).registry).toMatch(/^[^/]+:\d+$/);
    });
  });

  it("splits traffic through a real Envoy, by weight", async () => {
    const { gateway, need } = await lab();
    await need("gateway");
    const images = await labImages();
    const [one, other] = [await images.standIn({ name: "one" }), await images.standIn({ name: "other" })];
    await inNamespace(async (namespace) => {
      await deploy(namespace, one.reference, { environment: { ML_RELEASE: one.digest } });
      await deploy(namespace, other.reference, {
        ...{ name: "flights-candidate", environment: { ML_RELEASE: other.digest } },
      });
      const hostname = `${namespace.name}.test`;
      const backend = (name: string, weight: number) => ({ name, port: 80, weight });
      const rules = [{ backendRefs: [backend("flights", 3), backend("flights-candidate", 1)] }];
      const parentRefs = [{ namespace: gateway.namespace, name: gateway.name }];
      await namespace.apply([
        {
          ...{ apiVersion: "gateway.networking.k8s.io/v1", kind: "HTTPRoute", metadata: { name: "flights" } },
          spec: { parentRefs, hostnames: [hostname], rules },
        },
      ]);
      await expect.poll(async () => (await through(gateway.url, hostname)).status, patience).toBe(200);
      const seen = new Map<string | null, number>();
      for (let i = 0; i < 200; i++) {
        const release = (await through(gateway.url, hostname)).release;
        seen.set(release, (seen.get(release) ?? 0) + 1);
      }
      // 99.99 % of a binomial of 200 at 25 %.
      expect(seen.get(other.digest)).toBeGreaterThan(26);
      expect(seen.get(other.digest)).toBeLessThan(75);
      expect(seen.get(one.digest)).toBe(200 - (seen.get(other.digest) ?? 0));
    });
  });

  it("reads the series of pods that ask for it into Prometheus", async () => {
    await (await lab()).need("prometheus");
    const { reference } = await (await labImages()).standIn({ name: "good" });
    await inNamespace(async (namespace) => {
      const annotations = { "prometheus.io/scrape": "true", "prometheus.io/port": "8080" };
      await deploy(namespace, reference, { annotations });
      await ask(namespace, "/predict");
      const query = encodeURIComponent(`ml_predictions_total{namespace="${namespace.name}",app="flights"}`);
      const { namespace: place, name, port } = prometheusService;
      const path = `/api/v1/namespaces/${place}/services/${name}:${port}/proxy/api/v1/query?query=${query}`;
      const value = async () =>
        JSON.parse(await namespace.kubectl(["get", "--raw", path])).data.result[0]?.value[1];
      await expect.poll(value, patience).toBe("1");
    });
  });

  it("gives a control plane of one's own, whose API server may be killed", async () => {
    const plane = await ownControlPlane();
    try {
      await plane.kubectl(["create", "configmap", "kept"]);
      await plane.kill("kube-apiserver");
      await expect(plane.kubectl(["get", "configmap", "kept"])).rejects.toThrow(/refused/);
      await plane.kill("etcd");
      await plane.start("etcd");
      await plane.start("kube-apiserver");
      expect(await plane.kubectl(["get", "configmap", "kept", "-o", "name"])).toBe("configmap/kept\n");
    } finally {
      await plane.stop();
    }
  });

  it("runs the flights' model in its real serving image", async () => {
    const { reference } = await (await labImages()).flights("flights-2");
    await inNamespace(async (namespace) => {
      await deploy(namespace, reference, { environment: { ML_RELEASE: "sha256:flights" } });
      expect(await ask(namespace, "/metrics")).toContain('ml_model_info{model="flights"');
    });
  });
});
