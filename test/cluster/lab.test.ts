/** What the other suites build on: that the lab gives what it promises. */
import { describe, expect, it } from "vitest";
import { labImages } from "../lab/images.ts";
import { lab } from "../lab/lab.ts";
import { openSite } from "../lab/site.ts";
import { inNamespace, type TestNamespace } from "./namespace.ts";

const restricted = {
  runAsNonRoot: true,
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  capabilities: { drop: ["ALL"] },
  seccompProfile: { type: "RuntimeDefault" },
};

async function deploy(
  namespace: TestNamespace,
  image: string,
  environment: Record<string, string> = {},
): Promise<void> {
  const labels = { app: "flights" };
  const container = {
    ...{ name: "server", image, ports: [{ containerPort: 8080 }], securityContext: restricted },
    env: Object.entries(environment).map(([name, value]) => ({ name, value })),
    readinessProbe: { httpGet: { path: "/ready", port: 8080 }, periodSeconds: 1 },
    resources: { requests: { cpu: "10m", memory: "32Mi" }, limits: { memory: "512Mi" } },
  };
  const template = { metadata: { labels }, spec: { containers: [container] } };
  const port = { port: 80, targetPort: 8080 };
  await namespace.apply([
    {
      ...{ apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "flights" } },
      spec: { replicas: 1, selector: { matchLabels: labels }, template },
    },
    {
      ...{ apiVersion: "v1", kind: "Service", metadata: { name: "flights" } },
      spec: { selector: labels, ports: [port] },
    },
  ]);
  await namespace.rolledOut("flights");
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
      await deploy(namespace, good.reference, { ML_RELEASE: good.digest });
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

  it("runs the flights' model in its real serving image", async () => {
    const { reference } = await (await labImages()).flights("flights-2");
    await inNamespace(async (namespace) => {
      await deploy(namespace, reference, { ML_RELEASE: "sha256:flights", TMPDIR: "/dev/shm" });
      expect(await ask(namespace, "/metrics")).toContain('ml_model_info{model="flights"');
    });
  });
});
