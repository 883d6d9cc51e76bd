import type { Api, KubeObject } from "@ml-actions/cluster/types";
import { describe, expect, it } from "vitest";
import { workloadOf } from "./workload.ts";
import { whyDown } from "./workload-down.ts";

const container = { name: "server", resources: { limits: { memory: "64Mi" } } };
const workload = (spec: Record<string, unknown>, status: Record<string, unknown> = {}) => {
  const selector = { matchLabels: { app: "flights" } };
  const managedFields = [
    {
      ...{ manager: "kubectl", operation: "Update", subresource: "scale", time: "2026-01-02T04:05:06Z" },
      fieldsV1: { "f:spec": { "f:replicas": {} } },
    },
  ];
  return workloadOf({
    ...{ apiVersion: "apps/v1", kind: "Deployment" },
    metadata: { name: "flights-candidate", namespace: "ml", managedFields },
    spec: { selector, template: { spec: { containers: [container] } }, ...spec },
    status,
  } as KubeObject);
};

const pod = (status: Record<string, unknown>): KubeObject => ({
  ...{ apiVersion: "v1", kind: "Pod", spec: { containers: [container] }, status },
  metadata: {
    name: "flights-candidate-7d4-x",
    labels: { "pod-template-hash": "7d4" },
    ownerReferences: [
      {
        apiVersion: "apps/v1",
        kind: "ReplicaSet",
        name: "flights-candidate-7d4",
        uid: "u",
        controller: true,
      },
    ],
  },
});
const said = (pods: KubeObject[], of = workload({ replicas: 1 })) =>
  whyDown({ list: async () => pods } as unknown as Api, of);

describe("why nothing of a workload is ready", () => {
  it("is who scaled it to zero, and when", async () => {
    expect(await said([], workload({ replicas: 0 }))).toBe(
      "Deployment flights-candidate in namespace ml was scaled to zero by kubectl at 04:05:06 UTC",
    );
  });

  it("is that its pods are gone, or may not come", async () => {
    expect(await said([])).toContain("has no pods: they were deleted");
    const conditions = [{ type: "ReplicaFailure", status: "True", message: "exceeded quota" }];
    expect(await said([], workload({ replicas: 1 }, { conditions }))).toBe(
      "its pods cannot be created: exceeded quota",
    );
  });

  it("is nothing while a pod is ready, though the controller has not counted it yet", async () => {
    const conditions = [{ type: "Ready", status: "True" }];
    expect(await said([pod({ conditions })])).toBeNull();
    expect(await said([pod({ conditions })], workload({ replicas: 0 }))).toContain("was scaled to zero");
  });

  it("is what its pod says, or that it is new", async () => {
    const lastState = { terminated: { exitCode: 137, reason: "OOMKilled" } };
    expect(
      await said([pod({ containerStatuses: [{ name: "server", restartCount: 1, lastState }] })]),
    ).toContain("pod flights-candidate-7d4-x: container server was OOMKilled");
    expect(await said([pod({})])).toBe(
      "pod flights-candidate-7d4-x, made after others were deleted, not ready yet",
    );
  });
});
