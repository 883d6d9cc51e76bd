import { describe, expect, it } from "vitest";
import { gitopsOf } from "./gitops.ts";
import type { KubeObject, ObjectMeta } from "./types.ts";

const deployment = (metadata: Partial<ObjectMeta>): KubeObject => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "flights", namespace: "ml", ...metadata },
});
const managed = (manager: string) => [{ manager, operation: "Apply" as const }];

describe("who keeps an object as a repository has it", () => {
  it.each([
    [
      "Argo CD's tracking annotation",
      { annotations: { "argocd.argoproj.io/tracking-id": "shop:apps/Deployment:ml/flights" } },
      "Argo CD",
      "shop",
    ],
    ["its instance label", { labels: { "argocd.argoproj.io/instance": "shop" } }, "Argo CD", "shop"],
    [
      "its field manager, with the common label",
      { labels: { "app.kubernetes.io/instance": "shop" }, managedFields: managed("argocd-controller") },
      "Argo CD",
      "shop",
    ],
    [
      "a Flux Kustomization",
      {
        labels: {
          "kustomize.toolkit.fluxcd.io/name": "apps",
          "kustomize.toolkit.fluxcd.io/namespace": "flux-system",
        },
      },
      "Flux",
      "flux-system/apps",
    ],
    ["a Flux HelmRelease", { labels: { "helm.toolkit.fluxcd.io/name": "apps" } }, "Flux", "apps"],
    ["Flux's field manager", { managedFields: managed("kustomize-controller") }, "Flux", undefined],
  ])("sees %s", (_, metadata, tool, app) => {
    const found = gitopsOf(deployment(metadata));
    expect(found).toMatchObject({ tool, ...(app === undefined ? {} : { app }) });
    expect(found?.by).toMatch(/label|annotation|field manager/);
  });

  it.each([
    ["nobody's", {}],
    [
      "Helm's common label alone",
      { labels: { "app.kubernetes.io/instance": "shop", "app.kubernetes.io/managed-by": "Helm" } },
    ],
    [
      "a copy that still names its original",
      { annotations: { "argocd.argoproj.io/tracking-id": "shop:apps/Deployment:ml/other" } },
    ],
    [
      "Flux told not to heal it",
      {
        labels: { "kustomize.toolkit.fluxcd.io/name": "apps" },
        annotations: { "kustomize.toolkit.fluxcd.io/reconcile": "disabled" },
        managedFields: managed("kustomize-controller"),
      },
    ],
    ["managers named like properties of every object", { managedFields: managed("constructor") }],
  ])("sees nobody: %s", (_, metadata) => {
    expect(gitopsOf(deployment(metadata))).toBeNull();
  });

  it("tells names of others on one line", () => {
    const found = gitopsOf(deployment({ labels: { "argocd.argoproj.io/instance": "a\n::set-output::b" } }));
    expect(found?.app).toBe("a ::set-output::b");
  });
});
