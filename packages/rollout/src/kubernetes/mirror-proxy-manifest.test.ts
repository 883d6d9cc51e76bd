import type { KubeObject } from "@ml-actions/cluster/types";
import { describe, expect, it } from "vitest";
import { proxiesFor, proxyDeployment, sideService, specHash } from "./mirror-proxy-manifest.ts";
import { proxyPorts } from "./mirror-proxy-ports.ts";
import { mirrorSettingsSchema } from "./mirror-proxy-settings.ts";
import { servingContainer, workloadOf } from "./workload.ts";

const port = (number: number, name?: string) => ({ containerPort: number, ...(name && { name }) });

function deployment(
  ports: unknown[],
  probe: Record<string, unknown> = {},
  pod: Record<string, unknown> = {},
) {
  const readinessProbe = { httpGet: { path: "/ready", port: 8080, ...probe } };
  const containers = [{ name: "server", image: "server:1", ports, readinessProbe }];
  return workloadOf({
    ...{ apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "flights", namespace: "ml" } },
    spec: {
      replicas: 3,
      selector: { matchLabels: { app: "flights" } },
      template: { metadata: { labels: { app: "flights" } }, spec: { containers, ...pod } },
    },
  });
}

const service = (ports: unknown[], more: Record<string, unknown> = {}): KubeObject => ({
  ...{ apiVersion: "v1", kind: "Service", metadata: { name: "flights", namespace: "ml" } },
  spec: { selector: { app: "flights" }, ports, ...more },
});

function portsOf(ports: unknown[], own: unknown[], more = {}, probe: Record<string, unknown> = {}) {
  const workload = deployment(own, probe);
  return proxyPorts(service(ports, more), workload, servingContainer(workload));
}

describe("the ports of the mirroring proxy", () => {
  it("are those of stable's pods, by the names that the Service knows; the one that serves is copied", () => {
    const own = [port(9090, "metrics"), port(8080, "http"), port(8098, "admin")];
    const ports = [
      { name: "metrics", port: 9090, targetPort: "metrics" },
      { name: "web", port: 80, targetPort: "http" },
      { name: "again", port: 8080 },
      { name: "admin", port: 8098 },
    ];
    expect(portsOf(ports, own)).toEqual({
      http: { number: 8080, name: "http" },
      others: [{ number: 9090, name: "metrics" }, { number: 8098 }],
      readyPort: 8099,
      readyPath: "/ready",
    });
  });

  it("are the Service's first where another container serves", () => {
    expect(portsOf([{ port: 80, targetPort: 3000 }], [port(8080)])).toMatchObject({
      http: { number: 3000 },
      readyPath: "/",
    });
  });

  it.each<[string, unknown, Record<string, unknown>, RegExp]>([
    ["UDP", { port: 80, targetPort: 8080, protocol: "UDP" }, {}, /port 80 is UDP/],
    ["a port that nobody has", { port: 80, targetPort: "web" }, {}, /leads to port web, which no container/],
    ["gRPC", { name: "grpc-predict", port: 80, targetPort: 8080 }, {}, /port 80 .*"grpc-predict"/],
    ["HTTP/2", { port: 80, targetPort: 8080, appProtocol: "kubernetes.io/h2c" }, {}, /kubernetes\.io\/h2c/],
    ["a Local policy", { port: 80, targetPort: 8080 }, { externalTrafficPolicy: "Local" }, /is Local/],
  ])("refuse %s by name", (_, one, more, message) => {
    expect(() => portsOf([one], [port(8080)], more)).toThrow(message);
  });

  it("refuse TLS, as the probe says it", () => {
    const secured = () => portsOf([{ port: 443, targetPort: 8080 }], [port(8080)], {}, { scheme: "HTTPS" });
    expect(secured).toThrow(/as the readinessProbe says/);
  });
});

describe("the mirroring proxy's objects", () => {
  const stable = deployment(
    [port(80, "http")],
    {},
    { nodeSelector: { disk: "ssd" }, serviceAccountName: "flights", terminationGracePeriodSeconds: 60 },
  );
  const ports = { http: { number: 80, name: "http" }, others: [], readyPort: 8098, readyPath: "/ready" };
  const settings = mirrorSettingsSchema.parse({
    ...{ percent: 100, stable: "10.0.0.1", candidate: "10.0.0.2", httpPort: 80, tcpPorts: [] },
    ...{ readyPort: 8098, readyPath: "/ready", drainMs: 6_000 },
  });
  const request = {
    ref: stable.ref,
    ...{ resource: "deployment/flights", settings, ports, program: "// a proxy", bundle: "bundle", stable },
    image: { image: "flights@sha256:1" },
  };
  interface PodSpec {
    securityContext: Record<string, unknown>;
    containers: Record<string, unknown>[];
  }
  const { template } = proxyDeployment(request).spec as {
    template: { spec: PodSpec; metadata: { labels: Record<string, string> } };
  };

  it("are admitted at level restricted, with requests and limits, and no token of the API", () => {
    expect(template.spec).toMatchObject({
      automountServiceAccountToken: false,
      securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
      containers: [
        {
          securityContext: {
            ...{ allowPrivilegeEscalation: false, readOnlyRootFilesystem: true },
            capabilities: { drop: ["ALL"] },
          },
          resources: { requests: { cpu: "50m", memory: "96Mi" }, limits: { cpu: "2", memory: "320Mi" } },
        },
      ],
    });
  });

  it("run where stable's pods may, on their ports, and end after them", () => {
    expect(template.spec).toMatchObject({
      ...{ nodeSelector: { disk: "ssd" }, serviceAccountName: "flights", terminationGracePeriodSeconds: 72 },
      securityContext: { sysctls: [{ name: "net.ipv4.ip_unprivileged_port_start", value: "80" }] },
      containers: [{ image: "flights@sha256:1", ports: [{ containerPort: 80, name: "http" }] }],
    });
    expect(template.metadata.labels).not.toHaveProperty("app");
  });

  it("are told apart by what the proxy is told, and grow with stable", () => {
    const other = { ...request, settings: { ...settings, percent: 50 } };
    expect(specHash(other)).not.toBe(specHash(request));
    expect([0, 3, 10, 11, 40].map(proxiesFor)).toEqual([2, 2, 2, 3, 8]);
  });

  it("lead to a side by the names of its ports", () => {
    const ref = { apiVersion: "v1", kind: "Service", namespace: "ml", name: "to-stable" };
    expect(sideService(ref, "deployment/flights", { app: "flights" }, [ports.http]).spec).toEqual({
      selector: { app: "flights" },
      ports: [{ name: "p80", port: 80, targetPort: "http" }],
    });
  });
});
