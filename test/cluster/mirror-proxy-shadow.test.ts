/** The built shadow beside a Deployment that has no route before it: by the mirroring proxy, with users' requests on the
 * way, a guard, and exactly the rights of docs/rbac. */
import type { KubeObject } from "@ml-actions/cluster/types";
import { startLoad } from "@ml-actions/rollout/local/testing/load";
import { beforeAll, expect, it, vi } from "vitest";
import { filesOf, newJob } from "../actions/suite.ts";
import { lab } from "../lab/lab.ts";
import { workload } from "./contract/place.ts";
import { inNamespace, type TestNamespace } from "./namespace.ts";
import { asRole } from "./role-account.ts";
import { shadowImage } from "./shadow-fixture.ts";

vi.setConfig({ testTimeout: 300_000 });
beforeAll(async () => {
  await (await lab()).need("cluster");
});

it("joins both sides' predictions of requests to a Service, and leaves it as it was", () =>
  inNamespace(async (namespace) => {
    const [image, candidate] = await Promise.all([
      shadowImage({ name: "stable" }),
      shadowImage({ name: "same" }),
    ]);
    const env = [{ name: "PREDICTION_LOG", value: "/dev/stdout" }];
    await namespace.apply(await workload({ replicas: 2, image, container: { env } }));
    await namespace.rolledOut("flights");
    const before = await specOf(namespace);
    const url = `http://${before.clusterIP}`;
    const job = await newJob();
    // Connections that users keep from before stay with stable's pods until they end, and nobody copies what comes on them.
    const load = startLoad({ url, keepAlive: false }, 2);
    try {
      const done = await asRole(namespace, "deployment", (kubeconfig) =>
        job.run({
          ...{ action: "shadow", timeoutMs: 240_000 },
          inputs: {
            ...{ kubeconfig, namespace: namespace.name, resource: "deployment/flights", candidate },
            ...{ duration: "60s", gates: "agreement >= 0.5", "min-samples": "200", "min-coverage": "0.9" },
          },
        }),
      );
      expect(done.outputs, done.raw).toMatchObject({ verdict: "pass", passed: "true" });
      expect(filesOf(done).metrics.candidate.coverage).toBeGreaterThan(0.9);
    } finally {
      await load.stop();
      await job.end();
    }
    expect(load.failures).toEqual([]);
    expect(load.answered).toBeGreaterThan(200);
    expect([...load.by.keys()].filter((digest) => candidate.endsWith(digest))).toEqual([]);
    expect(await specOf(namespace)).toEqual(before);
    expect(await namespace.get("deployment", "flights-candidate")).toBeNull();
  }));

async function specOf(namespace: TestNamespace): Promise<{ clusterIP: string }> {
  return ((await namespace.get("service", "flights")) as KubeObject).spec as { clusterIP: string };
}
