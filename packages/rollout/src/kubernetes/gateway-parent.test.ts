import type { Api, KubeObject } from "@ml-actions/cluster/types";
import { describe, expect, it } from "vitest";
import { problemsOf } from "./gateway-objects.ts";
import { entrancesOf, featuresOf } from "./gateway-parent.ts";
import { routeOf } from "./route.ts";

const gateway = (name: string, value: string, gatewayClassName = "envoy") => ({
  kind: "Gateway",
  metadata: { name },
  spec: {
    gatewayClassName,
    listeners: [
      { name: "grpc", protocol: "TLS", port: 9000 },
      { name: "web", protocol: "HTTP", port: 80 },
      { name: "inner", protocol: "HTTP", port: 8080, hostname: "*.inner.test" },
    ],
  },
  status: { addresses: [{ value }] },
});
const gatewayClass = (name: string, features: string[]) => ({
  kind: "GatewayClass",
  metadata: { name },
  status: { supportedFeatures: features.map((feature) => ({ name: feature })) },
});

function api(...objects: unknown[]): Api {
  const all = objects as KubeObject[];
  const get: Api["get"] = async ({ kind, name }) =>
    all.find((one) => one.kind === kind && one.metadata.name === name) ?? null;
  return { get } as Api;
}

const backend = { name: "flights", port: 80 };
const route = (parentRefs: object[], rule: object = {}, hostnames?: string[]) =>
  routeOf({
    apiVersion: "gateway.networking.k8s.io/v1",
    kind: "HTTPRoute",
    metadata: { name: "flights", namespace: "ml" },
    spec: { parentRefs, hostnames, rules: [{ backendRefs: [backend], ...rule }] },
  } as KubeObject);

describe("a route on several Gateways", () => {
  const both = api(gateway("outer", "10.0.0.1"), gateway("inner", "fd00::1"));
  it("is entered by each of them, at the listener that it names", async () => {
    const found = route([
      { name: "outer" },
      { name: "inner", sectionName: "inner" },
      { kind: "Service", name: "mesh" },
    ]);
    expect(await entrancesOf(both, found)).toEqual({
      entrances: [
        { url: "http://10.0.0.1:80" },
        { url: "http://[fd00::1]:8080", host: "ml-actions.inner.test" },
      ],
      missed: [],
    });
  });

  it("is measured by those that can be seen, and is unreachable without any", async () => {
    const { entrances, missed } = await entrancesOf(
      both,
      route([{ name: "gone" }, { name: "outer", port: 8080 }]),
    );
    expect(entrances).toEqual([{ url: "http://10.0.0.1:8080", host: "ml-actions.inner.test" }]);
    expect(missed).toEqual([expect.stringContaining("ml/gone")]);
    await expect(entrancesOf(both, route([{ name: "gone" }]))).rejects.toMatchObject({ code: "unreachable" });
    await expect(entrancesOf(both, route([]))).rejects.toMatchObject({ code: "unreachable" });
  });

  it("can do what all their classes can", async () => {
    const classes = [gatewayClass("envoy", ["HTTPRouteRequestMirror", "A"]), gatewayClass("other", ["A"])];
    const parents = route([{ name: "outer" }, { name: "inner" }]);
    const mixed = [gateway("outer", "10.0.0.1"), gateway("inner", "10.0.0.2", "other")];
    expect(await featuresOf(api(...mixed, ...classes), parents)).toEqual(new Set(["A"]));
    expect(await featuresOf(api(...mixed, classes[0]), parents)).toBeNull();
  });
});

it("sticky sessions and filters of one backend are named before anything is made", () => {
  const filters = [{ type: "RequestHeaderModifier", requestHeaderModifier: {} }];
  expect(problemsOf(route([], {}), "flights")).toEqual([]);
  expect(problemsOf(route([], { filters }), "flights")).toEqual([]);
  expect(problemsOf(route([], { backendRefs: [{ ...backend, filters: [] }] }), "flights")).toEqual([]);
  const rule = { sessionPersistence: {}, backendRefs: [{ ...backend, filters }] };
  expect(problemsOf(route([], rule), "flights")).toEqual([
    expect.stringContaining("sessionPersistence"),
    expect.stringContaining("backend flights has filters of its own (RequestHeaderModifier)"),
  ]);
});
