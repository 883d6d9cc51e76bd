import { describe, expect, it } from "vitest";
import { podOf } from "./workload-pods.ts";
import { troubleOf } from "./workload-reasons.ts";

function pod(status: Record<string, unknown>) {
  const spec = {
    containers: [{ name: "server", image: "flights", resources: { limits: { memory: "64Mi" } } }],
  };
  return podOf({ apiVersion: "v1", kind: "Pod", metadata: { name: "p" }, spec, status });
}
const container = (more: Record<string, unknown>) =>
  pod({ containerStatuses: [{ name: "server", ...more }] });

describe("what a pod says", () => {
  it.each([
    ["ImagePullBackOff", true],
    ["ErrImagePull", false],
    ["InvalidImageName", true],
    ["CreateContainerConfigError", true],
  ])("of an image or a container that cannot be: %s", (reason, hopeless) => {
    const trouble = troubleOf(container({ state: { waiting: { reason, message: "not\nfound" } } }));
    expect(trouble).toMatchObject({ hopeless, text: `container server: ${reason}: not found` });
  });

  it("of a container that ends again and again, which is hopeless after the second restart", () => {
    const state = { waiting: { reason: "CrashLoopBackOff" } };
    const lastState = { terminated: { exitCode: 1, reason: "Error" } };
    const after = (restartCount: number) => troubleOf(container({ state, lastState, restartCount }));
    expect(after(1)).toMatchObject({ hopeless: false, log: "server" });
    expect(after(2)).toMatchObject({
      hopeless: true,
      text: "container server ends with exit code 1 (CrashLoopBackOff, 2 times restarted)",
    });
  });

  it("of one that needs more memory than it may have", () => {
    const lastState = { terminated: { exitCode: 137, reason: "OOMKilled" } };
    expect(troubleOf(container({ state: { running: {} }, lastState, restartCount: 1 }))).toMatchObject({
      hopeless: true,
      text: "container server was OOMKilled 2 times: it needs more than its memory limit of 64Mi",
    });
  });

  it("of the scheduler", () => {
    const message = "0/3 nodes are available: 3 Insufficient cpu.";
    const conditions = [{ type: "PodScheduled", status: "False", reason: "Unschedulable", message }];
    expect(troubleOf(pod({ conditions }))).toEqual({ text: `Unschedulable: ${message}`, hopeless: false });
  });

  it("of a readiness probe", () => {
    expect(troubleOf(container({ ready: false, state: { running: {} } }))).toEqual({
      text: "container server runs, and its readiness probe fails",
      hopeless: false,
      log: "server",
    });
  });

  it("of a readiness gate that nobody opens", () => {
    const message = 'corresponding condition of pod readiness gate "balancer" does not exist.';
    const conditions = [{ type: "Ready", status: "False", reason: "ReadinessGatesNotReady", message }];
    expect(troubleOf(pod({ conditions }))?.text).toMatch(/a readiness gate is not: .*"balancer"/);
  });

  it("nothing while it is on its way", () => {
    expect(troubleOf(container({ state: { waiting: { reason: "ContainerCreating" } } }))).toBeNull();
    expect(troubleOf(pod({}))).toBeNull();
  });
});
