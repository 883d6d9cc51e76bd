import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ClusterError } from "./error.ts";
import { pathOf } from "./kinds.ts";

describe("paths", () => {
  it.each([
    [{ apiVersion: "v1", kind: "Pod", name: "a" }, undefined, "/api/v1/namespaces/ml/pods/a"],
    [{ apiVersion: "v1", kind: "Pod", name: "a", namespace: "b" }, "log", "/api/v1/namespaces/b/pods/a/log"],
    [{ apiVersion: "apps/v1", kind: "Deployment" }, undefined, "/apis/apps/v1/namespaces/ml/deployments"],
    [{ apiVersion: "v1", kind: "Node", name: "n" }, undefined, "/api/v1/nodes/n"],
    [
      { apiVersion: "serving.knative.dev/v1", kind: "Service", name: "s" },
      undefined,
      "/apis/serving.knative.dev/v1/namespaces/ml/services/s",
    ],
  ])("of %o", (ref, subresource, path) => {
    expect(pathOf(ref, "ml", subresource)).toBe(path);
  });

  it.each([
    { apiVersion: "apps/v1", kind: "Deploymnet" },
    { apiVersion: "apps/v1", kind: "constructor" },
    { apiVersion: "", kind: "" },
  ])("of an unknown kind are an error: %o", (ref) => {
    expect(() => pathOf(ref, "ml")).toThrow(ClusterError);
  });

  it("never lead elsewhere, whatever the name", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.string(), (name, namespace) => {
        try {
          const path = pathOf({ apiVersion: "v1", kind: "Pod", name, namespace }, "ml");
          expect(new URL(path, "https://host").pathname).toBe(`/api/v1/namespaces/${namespace}/pods/${name}`);
          expect(path.split("/")).toHaveLength(7);
        } catch (error) {
          expect((error as ClusterError).code).toBe("invalid");
        }
      }),
    );
    for (const name of ["..", "a/../b", "a%2fb", "a?x", "a#x", "a b", "-a", "a".repeat(254), ""]) {
      expect(() => pathOf({ apiVersion: "v1", kind: "Pod", name }, "ml"), name).toThrow(ClusterError);
    }
  });
});
