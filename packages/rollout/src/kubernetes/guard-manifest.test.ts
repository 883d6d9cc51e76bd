import type { KubeObject } from "@ml-actions/cluster/types";
import { describe, expect, it } from "vitest";
import { isImageFault, podFault } from "./guard-faults.ts";
import { guardSettingsSchema, jobObject } from "./guard-manifest.ts";
import { guardLedgerRights, rightText } from "./guard-rights.ts";

const settings = guardSettingsSchema.parse({
  ...{
    namespace: "ml",
    resource: "deployment/flights",
    rights: [],
    probeHosts: ["flights.ml"],
    spec: "0123",
  },
  target: { name: "deployment", object: "flights", options: { readyTimeoutMs: 5 } },
});
const job = jobObject({
  metadata: { name: "ml-actions-guard-deployment-flights", namespace: "ml" },
  resource: "deployment/flights",
  settings,
  bundle: "ml-actions-guard-abc",
  image: { image: "ghcr.io/org/flights@sha256:1", pullSecrets: ["pull"] },
});

describe("the guard's Job", () => {
  it("runs the bundle with the image's own Node, under the one account, and gives it its settings", () => {
    const { template } = job.spec as { template: { spec: Record<string, unknown> } };
    const { containers, imagePullSecrets, serviceAccountName } = template.spec as {
      containers: { command: string[]; env: { name: string; value?: string }[] }[];
      imagePullSecrets: unknown;
      serviceAccountName: string;
    };
    expect(serviceAccountName).toBe("ml-actions-guard");
    expect(imagePullSecrets).toEqual([{ name: "pull" }]);
    expect(containers[0]?.command).toEqual(["/nodejs/bin/node", "--no-maglev", "/ml-actions/guard.mjs"]);
    const told = containers[0]?.env.find(({ name }) => name === "ML_GUARD")?.value;
    expect(guardSettingsSchema.parse(JSON.parse(told ?? ""))).toEqual(settings);
  });

  it("names rights by the objects of its resource", () => {
    expect(guardLedgerRights("ml", "deployment/flights").map(rightText)).toEqual([
      "get, create, update leases.coordination.k8s.io ml-actions-deployment-flights",
      "get, create, update configmaps ml-actions-deployment-flights",
      "patch leases.coordination.k8s.io ml-actions-deployment-flights",
      "delete jobs.batch ml-actions-guard-deployment-flights",
    ]);
  });
});

describe("a pod that does not start", () => {
  const pod = (status: unknown): KubeObject => ({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "p" },
    status,
  });
  const waiting = (reason: string, message = "") =>
    pod({ containerStatuses: [{ state: { waiting: { reason, message } } }] });

  it("is given up for what does not pass, in its own words, and waited for otherwise", () => {
    expect(podFault(waiting("ImagePullBackOff", "no such image\n  at all"))).toEqual({
      reason: "ImagePullBackOff: no such image at all",
      final: true,
    });
    expect(podFault(waiting("ErrImagePull", "timeout")).final).toBe(false);
    expect(podFault(waiting("ContainerCreating"))).toEqual({ reason: null, final: false });
    const unscheduled = {
      type: "PodScheduled",
      status: "False",
      reason: "Unschedulable",
      message: "0/1 nodes",
    };
    expect(podFault(pod({ conditions: [unscheduled] }))).toEqual({
      reason: "Unschedulable: 0/1 nodes",
      final: false,
    });
    for (const odd of [null, undefined, 7, { containerStatuses: "x" }]) {
      expect(podFault(pod(odd))).toEqual({ reason: null, final: false });
    }
  });

  it("tries another image for what another image may not have", () => {
    expect(isImageFault("ImagePullBackOff: x")).toBe(true);
    expect(isImageFault("its pod cannot be made: exceeded quota")).toBe(false);
  });

  it("that ends by itself says how", () => {
    const status = {
      containerStatuses: [
        {
          state: { waiting: { reason: "CrashLoopBackOff", message: "back-off" } },
          lastState: { terminated: { reason: "Error", exitCode: 1, message: "SyntaxError: no" } },
        },
      ],
    };
    expect(podFault(pod(status))).toEqual({ reason: "it ended with 1: SyntaxError: no", final: true });
  });
});
