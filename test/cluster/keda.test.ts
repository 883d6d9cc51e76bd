/** Stable scaled by KEDA. KEDA's kind is here with its own part for the autoscaler played: it makes one from the
 * ScaledObject, and puts back what others change in it. */
import { setTimeout as sleep } from "node:timers/promises";
import type { KubeObject } from "@ml-actions/cluster/types";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { lab } from "../lab/lab.ts";
import { openSite } from "../lab/site.ts";
import { createPlace, type Place, standIn, workload } from "./contract/place.ts";
import { begin, end } from "./contract/rollout.ts";

vi.setConfig({ testTimeout: 240_000 });

const kind = "scaledobjects.keda.sh";
/** As far as KEDA's own (config/crd/bases of kedacore/keda) goes for what is read and written here. */
const definition = {
  ...{ apiVersion: "apiextensions.k8s.io/v1", kind: "CustomResourceDefinition", metadata: { name: kind } },
  spec: {
    ...{ group: "keda.sh", scope: "Namespaced" },
    names: {
      kind: "ScaledObject",
      plural: "scaledobjects",
      singular: "scaledobject",
      listKind: "ScaledObjectList",
    },
    versions: [
      {
        ...{ name: "v1alpha1", served: true, storage: true },
        schema: { openAPIV3Schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true } },
      },
    ],
  },
} as KubeObject;
let made = false;

beforeAll(async () => {
  await (await lab()).need("cluster");
  const site = await openSite(() => {});
  const names = await site.kubectl(["get", "crd", "-o", "name"]);
  made = !names.includes(kind);
  if (!made) return;
  await site.apply([definition]);
});
afterAll(async () => {
  if (made) await (await openSite(() => {})).kubectl(["delete", "crd", kind, "--wait=false"]);
});

const scaled = {
  ...{ apiVersion: "keda.sh/v1alpha1", kind: "ScaledObject", metadata: { name: "flights" } },
  spec: {
    scaleTargetRef: { name: "flights" },
    ...{ minReplicaCount: 1, idleReplicaCount: 0, maxReplicaCount: 5 },
    triggers: [
      {
        type: "cron",
        metadata: { timezone: "UTC", start: "0 0 * * *", end: "1 0 * * *", desiredReplicas: "1" },
      },
    ],
  },
} as KubeObject;

const specOf = async ({ namespace }: Place, of: string, name: string) =>
  ((await namespace.get(of, name)) as KubeObject).spec as Record<string, unknown>;

/** Makes the autoscaler as the ScaledObject says, again and again; resolves with how often it had to be put back. */
async function keda(place: Place, signal: AbortSignal): Promise<number> {
  let putBack = 0;
  for (let written: unknown = null; !signal.aborted; await sleep(500)) {
    const minReplicas = Math.max(1, Number((await specOf(place, "scaledobject", "flights")).minReplicaCount));
    const present = (await place.namespace.get("hpa", "keda-hpa-flights")) as KubeObject | null;
    const has = (present?.spec as { minReplicas?: number } | undefined)?.minReplicas;
    if (has === minReplicas) continue;
    if (has !== undefined && has !== written) putBack++;
    written = minReplicas;
    await place.namespace.apply([
      {
        ...{ apiVersion: "autoscaling/v2", kind: "HorizontalPodAutoscaler" },
        metadata: { name: "keda-hpa-flights", labels: { "scaledobject.keda.sh/name": "flights" } },
        spec: {
          scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "flights" },
          ...{ minReplicas, maxReplicas: 5 },
          metrics: [
            {
              type: "Resource",
              resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 80 } },
            },
          ],
        },
      } as KubeObject,
    ]);
  }
  return putBack;
}

it("keeps its pods by the ScaledObject's own floor, which is given back to the letter, and nobody fights", async () => {
  const [old, next] = await Promise.all([standIn({ name: "old" }), standIn({ name: "next" })]);
  const place = await createPlace("deployment", false);
  const stopped = new AbortController();
  try {
    await place.namespace.apply([...(await workload({ replicas: 2, image: old.image as string })), scaled]);
    await place.namespace.rolledOut("flights");
    const operator = keda(place, stopped.signal);
    const opened = await place.open();
    await begin(opened, "1", next);
    await opened.target.split(50);
    const raised = await specOf(place, "scaledobject", "flights");
    expect(raised).toMatchObject({ minReplicaCount: 2, maxReplicaCount: 5 });
    expect(raised.idleReplicaCount).toBeUndefined();
    await opened.target.restore();
    await end(opened, "1", "restored");
    expect(await specOf(place, "scaledobject", "flights")).toEqual(scaled.spec);
    await sleep(1_500);
    stopped.abort();
    expect(await operator).toBe(0);
    expect((await specOf(place, "deployment", "flights")).replicas).toBe(2);
  } finally {
    stopped.abort();
    await place.close();
  }
});

it("is left alone while it is paused, and a stable that is kept at 0 is refused by name", async () => {
  const next = await standIn({ name: "next" });
  const place = await createPlace("deployment", false);
  try {
    const annotations = { "autoscaling.keda.sh/paused-replicas": "0" };
    const paused = { ...scaled, metadata: { name: "flights", annotations } };
    await place.namespace.apply([...(await workload({ replicas: 0 })), paused]);
    const opened = await place.open();
    await expect(begin(opened, "1", next)).rejects.toThrow(
      /ScaledObject flights is paused and keeps it at 0 replicas/,
    );
    expect(await place.namespace.get("deployment", "flights-candidate")).toBeNull();
    expect(await specOf(place, "scaledobject", "flights")).toEqual(scaled.spec);
  } finally {
    await place.close();
  }
});
