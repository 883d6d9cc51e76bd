import { expect, it } from "vitest";
import { type Container, problemsOf, workloadOf } from "./workload.ts";
import { ownLifecycle } from "./workload-release.ts";

const container = (preStop?: unknown) =>
  ({ name: "server", ...(preStop === undefined ? {} : { lifecycle: { preStop } }) }) as Container;
const sleeps = (seconds: number) => ({ lifecycle: { preStop: { sleep: { seconds } } } });

it.each([
  // Kubernetes refuses a pause that is longer than the pod's time to end.
  [undefined, undefined, sleeps(5)],
  [undefined, 60, sleeps(5)],
  [undefined, 1, sleeps(1)],
  [undefined, 0, {}],
  [{ sleep: { seconds: 5 } }, 3, sleeps(3)],
  [{ sleep: { seconds: 3 } }, 3, sleeps(3)],
  [{ sleep: { seconds: 9 } }, 30, {}],
  [{ exec: { command: ["sleep", "9"] } }, 30, {}],
])("a container with preStop %j in a pod that may take %s s to end", (preStop, graceS, expected) => {
  expect(ownLifecycle(container(preStop), graceS)).toEqual(expected);
});

it("a paused Deployment is named: a promotion would not reach its pods", () => {
  const server = { name: "server", ports: [{ containerPort: 1 }], readinessProbe: {} };
  const resources = { requests: { cpu: 1, memory: 1 }, limits: { memory: 1 } };
  const object = (paused: boolean) => ({
    ...{ apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "flights" } },
    spec: {
      paused,
      selector: { matchLabels: { app: "flights" } },
      template: { spec: { containers: [{ ...server, resources }] } },
    },
  });
  const problems = (paused: boolean) => {
    const workload = workloadOf(object(paused));
    return problemsOf(workload, workload.spec.template.spec.containers[0] as Container);
  };
  expect(problems(false)).toEqual([]);
  expect(problems(true)).toEqual([expect.stringContaining("spec.paused")]);
});
