import { ClusterError } from "@ml-actions/cluster/error";
import type { Api, KubeObject, ObjectRef } from "@ml-actions/cluster/types";
import { describe, expect, it } from "vitest";
import { autoscalerOf, floorBefore, giveFloorBack, problemsOfScaler, raiseFloor } from "./autoscaler.ts";
import { workloadOf } from "./workload.ts";

const stable = (replicas: number) =>
  workloadOf({
    ...{ apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "flights", namespace: "ml" } },
    spec: { replicas, selector: {}, template: { spec: { containers: [{ name: "server" }] } } },
  } as KubeObject);

type Found = {
  apiVersion: string;
  kind: string;
  metadata: KubeObject["metadata"];
  spec: Record<string, unknown>;
};
const target = { kind: "Deployment", name: "flights" };
const hpa = (spec: object, labels?: Record<string, string>): Found => ({
  ...{ apiVersion: "autoscaling/v2", kind: "HorizontalPodAutoscaler" },
  metadata: { name: "flights", namespace: "ml", ...(labels && { labels }) },
  spec: { scaleTargetRef: target, maxReplicas: 9, ...spec },
});
const scaled = (spec: object, annotations: Record<string, string> = {}): Found => ({
  ...{ apiVersion: "keda.sh/v1alpha1", kind: "ScaledObject" },
  metadata: { name: "flights", namespace: "ml", annotations },
  spec: { scaleTargetRef: { name: "flights" }, triggers: [], ...spec },
});

/** Keeps objects, and applies merge patches to them as the API does. */
function cluster(...objects: Found[]) {
  const patched: string[] = [];
  const api = {
    list: async ({ kind }: Omit<ObjectRef, "name">) => {
      const found = objects.filter((one) => one.kind === kind);
      if (kind === "ScaledObject" && found.length === 0)
        throw new ClusterError("no-kind", "no", { remedy: "" });
      return structuredClone(found) as KubeObject[];
    },
    merge: async ({ kind }: ObjectRef, patch: unknown) => {
      patched.push(kind);
      const object = objects.find((one) => one.kind === kind) as Found;
      merge(object as unknown as Record<string, unknown>, patch as Record<string, unknown>);
      return object as KubeObject;
    },
  } as unknown as Api;
  return { api, patched };
}

function merge(into: Record<string, unknown>, patch: Record<string, unknown>): void {
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete into[key];
    else if (typeof value === "object") {
      into[key] ??= {};
      merge(into[key] as Record<string, unknown>, value as Record<string, unknown>);
    } else into[key] = value;
  }
}

const fence = async () => {};
const troubles: string[] = [];
const onTrouble = (message: string) => troubles.push(message);

describe("the floor of what scales stable", () => {
  it.each([
    ["an autoscaler without one", hpa({}), { minReplicas: 4 }],
    ["an autoscaler", hpa({ minReplicas: 2 }), { minReplicas: 4 }],
    [
      "KEDA's, with its idle count",
      scaled({ minReplicaCount: 1, idleReplicaCount: 0 }),
      { minReplicaCount: 4 },
    ],
    ["KEDA's, scaling to 0", scaled({}), { minReplicaCount: 4 }],
    ["one with a ceiling below", scaled({ maxReplicaCount: 3 }), { minReplicaCount: 3 }],
  ])("of %s is lent and given back to the letter", async (_, object, raised) => {
    const before = structuredClone(object.spec);
    const { api } = cluster(object);
    for (let again = 0; again < 2; again++) {
      const scaler = await autoscalerOf(api, stable(4));
      if (scaler !== null) await raiseFloor({ api, fence, onTrouble }, scaler, 4);
      expect(object.spec).toMatchObject(raised);
      expect(object.spec.idleReplicaCount).toBeUndefined();
    }
    await giveFloorBack(api, fence, await autoscalerOf(api, stable(4)));
    expect(object.spec).toEqual(before);
    expect(object.metadata.annotations?.[floorBefore]).toBeUndefined();
  });

  it("is the ScaledObject's where KEDA made the autoscaler, which it would put back", async () => {
    const { api, patched } = cluster(
      hpa({ minReplicas: 1 }, { "scaledobject.keda.sh/name": "flights" }),
      scaled({ minReplicaCount: 1 }),
    );
    const scaler = await autoscalerOf(api, stable(3));
    if (scaler !== null) await raiseFloor({ api, fence, onTrouble }, scaler, 3);
    await giveFloorBack(api, fence, await autoscalerOf(api, stable(3)));
    expect(patched).toEqual(["ScaledObject", "ScaledObject"]);
  });

  it("is left alone where KEDA is paused: it holds the number, and waiting for more would be in vain", async () => {
    for (const annotations of [
      { "autoscaling.keda.sh/paused-replicas": "2" },
      { "autoscaling.keda.sh/paused": "true" },
    ]) {
      const { api, patched } = cluster(scaled({ minReplicaCount: 1 }, annotations));
      const scaler = await autoscalerOf(api, stable(2));
      expect(scaler).toMatchObject({ floor: 2, ceiling: 2, heldAt: 2 });
      if (scaler !== null) await raiseFloor({ api, fence, onTrouble }, scaler, 5);
      expect(patched).toEqual([]);
    }
  });

  it("is left to the repository that keeps it, which is told", async () => {
    const flux = {
      "kustomize.toolkit.fluxcd.io/name": "models",
      "kustomize.toolkit.fluxcd.io/namespace": "flux",
    };
    const { api, patched } = cluster(hpa({ minReplicas: 1 }, flux));
    const scaler = await autoscalerOf(api, stable(3));
    if (scaler !== null) await raiseFloor({ api, fence, onTrouble }, scaler, 3);
    expect(patched).toEqual([]);
    expect(troubles.join()).toMatch(/flights belongs to Flux.* floor of 1 back/);
  });

  it("is what an earlier version kept, and none where somebody changed what was kept", async () => {
    for (const [kept, back] of [
      ["2", 2],
      ['{"minReplicaCount":2}', 2],
      ['{"maxReplicaCount":1}', undefined],
      ["rubbish", undefined],
    ] as const) {
      const object = scaled({ minReplicaCount: 5 }, { [floorBefore]: kept });
      const { api } = cluster(object);
      await giveFloorBack(api, fence, await autoscalerOf(api, stable(5)));
      expect(object.spec.minReplicaCount).toBe(back);
    }
  });
});

it("a stable that is asleep is said before anything is made", async () => {
  const asleep = await autoscalerOf(cluster(scaled({})).api, stable(0));
  expect(problemsOfScaler(asleep, 0, false)).toEqual([
    expect.stringMatching(/ScaledObject flights has scaled it to 0/),
  ]);
  expect(problemsOfScaler(asleep, 0, true)).toEqual([]);
  const off = { "autoscaling.keda.sh/paused-replicas": "0" };
  const paused = await autoscalerOf(cluster(scaled({}, off)).api, stable(0));
  expect(problemsOfScaler(paused, 0, true)).toEqual([expect.stringMatching(/paused and keeps it at 0/)]);
  expect(problemsOfScaler(null, 0, false)).toEqual([]);
});
