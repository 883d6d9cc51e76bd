/** Workloads as users have them, with requests that take two seconds and connections that are kept: none fails. */
import type { KubeObject } from "@ml-actions/cluster/types";
import type { Entrance } from "@ml-actions/rollout/local/testing/load";
import { startLoad } from "@ml-actions/rollout/local/testing/load";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { lab } from "../lab/lab.ts";
import { route } from "./contract/fixtures.ts";
import { createPlace, type Place, standIn, workload } from "./contract/place.ts";
import { begin, end } from "./contract/rollout.ts";

vi.setConfig({ testTimeout: 300_000 });
beforeAll(async () => {
  await (await lab()).need("cluster", "gateway");
});

/** A budget, a second Service over the same pods and one that names its port. */
const beside = (labels: Record<string, string>): KubeObject[] =>
  [
    {
      ...{ apiVersion: "policy/v1", kind: "PodDisruptionBudget", metadata: { name: "flights" } },
      spec: { maxUnavailable: 0, selector: { matchLabels: labels } },
    },
    {
      ...{ apiVersion: "v1", kind: "Service", metadata: { name: "flights" } },
      spec: { selector: labels, ports: [{ name: "web", port: 80, targetPort: "web" }] },
    },
  ] as KubeObject[];

const metrics = {
  ...{ apiVersion: "v1", kind: "Service", metadata: { name: "flights-metrics" } },
  spec: { clusterIP: "None", selector: { app: "flights" }, ports: [{ name: "web", port: 8080 }] },
} as KubeObject;

interface Variant {
  target: "deployment" | "gateway";
  spec: Record<string, unknown>;
  graceS: number;
  more: KubeObject[];
  entrance(place: Place): Promise<Entrance>;
}

const variants: Variant[] = [
  {
    target: "gateway",
    spec: { strategy: { type: "Recreate" } },
    graceS: 1,
    more: [metrics],
    entrance: async ({ namespace }) => {
      const { url } = (await lab()).gateway;
      return { url, host: `${namespace.name}.test`, keepAlive: true };
    },
  },
  {
    target: "deployment",
    spec: { minReadySeconds: 3 },
    graceS: 30,
    more: [],
    entrance: async ({ namespace }) => {
      const service = (await namespace.get("service", "flights")) as KubeObject;
      return { url: `http://${(service.spec as { clusterIP: string }).clusterIP}`, keepAlive: true };
    },
  },
];

async function objectsOf({ spec, graceS, more }: Variant, namespace: string): Promise<KubeObject[]> {
  const image = (await standIn({ name: "old", delayMs: 2_000 })).image as string;
  const ports = [{ name: "web", containerPort: 8080 }];
  const [deployment] = await workload({ replicas: 2, image, spec, container: { ports } });
  const { template } = (deployment as KubeObject).spec as {
    template: {
      metadata: Record<string, unknown>;
      spec: { containers: unknown[] } & Record<string, unknown>;
    };
  };
  template.metadata.annotations = { "kubectl.kubernetes.io/default-container": "server" };
  template.spec.terminationGracePeriodSeconds = graceS;
  const command = ["/nodejs/bin/node", "-e", "setInterval(() => {}, 1e6)"];
  template.spec.containers.push({ name: "beside", image, command });
  const { app } = { app: "flights" };
  return [deployment as KubeObject, ...beside({ app }), ...more, await route(`${namespace}.test`)];
}

describe.concurrent.each(variants)("target $target", (variant) => {
  it("moves long requests on kept connections off stable and back, and promotes, without a failed one", async () => {
    const next = await standIn({ name: "next", delayMs: 2_000 });
    const place = await createPlace(variant.target, false);
    try {
      await place.namespace.apply(await objectsOf(variant, place.namespace.name));
      await place.namespace.rolledOut("flights");
      const opened = await place.open();
      const load = startLoad(await variant.entrance(place), 12);
      await begin(opened, "1", next);
      await opened.target.split(50);
      await opened.target.restore();
      await opened.target.prepare(next);
      await opened.target.split(50);
      await opened.target.promote();
      await end(opened, "1", "promoted");
      await load.stop();
      expect(load.failures).toEqual([]);
      expect(load.answered).toBeGreaterThan(50);
      expect([...load.by.keys()]).toContain(next.digest);
    } finally {
      await place.close();
    }
  });
});
