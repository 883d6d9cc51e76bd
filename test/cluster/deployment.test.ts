/** Target `deployment`: what a Deployment, a Service and a HorizontalPodAutoscaler do that a naive target trips over. */
import type { KubeObject } from "@ml-actions/cluster/types";
import { selectorBefore } from "@ml-actions/rollout/kubernetes/deployment-service";
import { deploymentRef } from "@ml-actions/rollout/kubernetes/workload";
import type { Entrance } from "@ml-actions/rollout/local/testing/load";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { lab } from "../lab/lab.ts";
import { createPlace, type Place, standIn, type WorkloadOptions, workload } from "./contract/place.ts";
import { begin, end, secondsUntilSilent, underLoad } from "./contract/rollout.ts";

vi.setConfig({ testTimeout: 480_000, maxConcurrency: 4 });
beforeAll(async () => {
  await (await lab()).need("cluster");
});

async function inPlace(
  options: WorkloadOptions,
  work: (place: Place) => Promise<void>,
  more: (objects: KubeObject[]) => KubeObject[] = (objects) => objects,
): Promise<void> {
  const place = await createPlace("deployment", false);
  try {
    await place.namespace.apply(more(await workload(options)));
    if ((options.replicas ?? 0) > 0) await place.namespace.rolledOut("flights");
    await work(place);
  } finally {
    await place.close();
  }
}

async function entranceOf({ namespace }: Place): Promise<Entrance> {
  const { spec } = (await namespace.get("service", "flights")) as KubeObject;
  return { url: `http://${(spec as { clusterIP: string }).clusterIP}`, keepAlive: false };
}

const specOf = async ({ namespace }: Place, kind: string, name: string) =>
  ((await namespace.get(kind, name)) as KubeObject).spec as Record<string, unknown>;

describe.concurrent("traffic", () => {
  it("moves off a stable that others deployed, and onto it again, without a failed request", async () => {
    const [old, next] = await Promise.all([standIn({ name: "old" }), standIn({ name: "next" })]);
    const strategy = { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 1, maxSurge: 2 } };
    await inPlace({ replicas: 2, image: old.image as string, spec: { strategy } }, async (place) => {
      const opened = await place.open();
      expect((await opened.target.read()).stable?.digest).toBe(old.digest);
      const entrance = await entranceOf(place);
      await underLoad(entrance, async (load) => {
        await begin(opened, "1", next);
        await opened.target.split(50);
        await opened.target.split(100);
        const at = performance.now();
        const restored = opened.target.restore();
        const seconds = await secondsUntilSilent(load, next, at);
        await restored;
        console.info(`deployment: ${seconds.toFixed(1)} s from restore to 100 % stable`);
        await opened.target.prepare(next);
        await opened.target.promote();
      });
      await end(opened, "1", "promoted");
      expect((await opened.target.read()).stable?.digest).toBe(next.digest);
      expect(await specOf(place, "deployment", "flights")).toMatchObject({ replicas: 2, strategy });
      expect(await place.namespace.get("deployment", "flights-candidate")).toBeNull();
      expect(await specOf(place, "service", "flights")).toMatchObject({ selector: { app: "flights" } });
    });
  });

  it("at 100 % goes to whichever pods the candidate has, also after all were replaced", async () => {
    const [old, next] = await Promise.all([standIn({ name: "old" }), standIn({ name: "next" })]);
    await inPlace({ replicas: 1, image: old.image as string }, async (place) => {
      const opened = await place.open();
      await begin(opened, "1", next);
      await opened.target.split(100);
      const candidate = ["-l", "ml-actions.github.io/side=candidate"];
      await place.namespace.kubectl(["delete", "pod", ...candidate, "--wait=true"]);
      await place.namespace.rolledOut("flights-candidate");
      await opened.target.split(100);
      const service = (await place.namespace.get("service", "flights")) as KubeObject;
      expect(service.metadata.annotations?.[selectorBefore]).toBe('{"app":"flights"}');
      await opened.target.restore();
      expect((await opened.target.read()).candidate).toBeNull();
      await end(opened, "1", "restored");
    });
  });
});

describe.concurrent("a candidate's pods behind stable's Service", () => {
  it("are not taken over by stable's ReplicaSet, which keeps its own", async () => {
    const [old, next] = await Promise.all([standIn({ name: "old" }), standIn({ name: "next" })]);
    await inPlace({ replicas: 3, image: old.image as string }, async (place) => {
      const opened = await place.open();
      await begin(opened, "1", next);
      await opened.target.split(50);
      const inside = await place.api.list(
        { apiVersion: "v1", kind: "Pod", namespace: place.namespace.name },
        { labelSelector: "app=flights" },
      );
      const owners = inside.map(({ metadata }) => metadata.ownerReferences?.[0]?.name.replace(/-[^-]*$/, ""));
      expect(owners.sort()).toEqual([...Array(3).fill("flights"), ...Array(3).fill("flights-candidate")]);
      const stable = (await place.namespace.get("deployment", "flights")) as KubeObject;
      expect(stable.status).toMatchObject({ replicas: 3, readyReplicas: 3 });
      await opened.target.restore();
      await end(opened, "1", "restored");
    });
  });
});

describe.concurrent("what is refused before anything is made", () => {
  const refused = (
    options: WorkloadOptions,
    message: RegExp,
    more?: (objects: KubeObject[]) => KubeObject[],
  ) =>
    inPlace(
      { replicas: 0, ...options },
      async (place) => {
        const next = await standIn({ name: "next" });
        const work = async () => begin(await place.open(), "1", next);
        await expect(work()).rejects.toThrow(message);
        expect(await place.namespace.get("deployment", "flights-candidate")).toBeNull();
      },
      more,
    );

  it("a workload without annotation, requests, limits and probe: all at once", () =>
    refused(
      { annotations: { "rollout-plan": "blue" }, container: { resources: {}, readinessProbe: undefined } },
      /requests\.cpu, requests\.memory, limits\.memory[\s\S]*no readinessProbe[\s\S]*rollout-plan: canary/,
    ));

  it("one that Flux keeps as its repository has it", () =>
    refused({}, /belongs to Flux \(shop\)/, ([deployment, service]) => {
      const { metadata, ...rest } = deployment as KubeObject;
      const labels = { "kustomize.toolkit.fluxcd.io/name": "shop" };
      return [{ ...rest, metadata: { ...metadata, labels } }, service as KubeObject];
    }));

  it("a Service that sends each client to one pod", () =>
    refused({}, /sessionAffinity ClientIP/, ([deployment, service]) => [
      deployment as KubeObject,
      { ...(service as KubeObject), spec: { ...(service?.spec as object), sessionAffinity: "ClientIP" } },
    ]));

  it("a second Service over the same pods", () =>
    refused({}, /Several Services select the pods of Deployment flights .*: also, flights/, (objects) => [
      ...objects,
      {
        ...{ apiVersion: "v1", kind: "Service", metadata: { name: "also" } },
        spec: { selector: { app: "flights" }, ports: [{ port: 80 }] },
      },
    ]));
});

describe.concurrent("a share that the counts cannot give", () => {
  it("is refused with those that they can, and nothing moves", async () => {
    const [old, next] = await Promise.all([standIn({ name: "old" }), standIn({ name: "next" })]);
    await inPlace({ replicas: 1, image: old.image as string }, async (place) => {
      const opened = await place.open();
      await begin(opened, "1", next);
      await expect(opened.target.split(20)).rejects.toThrow(/1 of 2 pods give 50 %/);
      expect((await opened.target.read()).candidatePercent).toBe(0);
      await opened.target.restore();
      await end(opened, "1", "restored");
    });
  });
});

describe.concurrent("an autoscaler of stable", () => {
  it("keeps the number of replicas; its floor is lent for the rollout and given back", async () => {
    const [old, next] = await Promise.all([standIn({ name: "old" }), standIn({ name: "next" })]);
    const hpa = {
      apiVersion: "autoscaling/v2",
      kind: "HorizontalPodAutoscaler",
      metadata: { name: "flights" },
      spec: {
        scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "flights" },
        ...{ minReplicas: 1, maxReplicas: 5 },
        metrics: [
          {
            type: "Resource",
            resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 80 } },
          },
        ],
      },
    } as KubeObject;
    const more = (objects: KubeObject[]) => [...objects, hpa];
    await inPlace(
      { replicas: 2, image: old.image as string },
      async (place) => {
        const opened = await place.open();
        await begin(opened, "1", next);
        await opened.target.split(50);
        expect(await specOf(place, "hpa", "flights")).toMatchObject({ minReplicas: 2, maxReplicas: 5 });
        await opened.target.restore();
        expect(await specOf(place, "hpa", "flights")).toMatchObject({ minReplicas: 1 });
        const ref = deploymentRef(place.namespace.name, "flights");
        const stable = (await place.api.get(ref)) as KubeObject;
        const owners = stable.metadata.managedFields?.filter((each) =>
          JSON.stringify(each.fieldsV1).includes("f:replicas"),
        );
        expect(
          owners?.some(({ manager, subresource }) => manager === "ml-actions" && subresource === "scale"),
        ).toBe(false);
        await end(opened, "1", "restored");
      },
      more,
    );
  });
});

describe.concurrent("a candidate that is not ready says what its pods say, early", () => {
  const notReady = (release: () => ReturnType<typeof standIn>, options: WorkloadOptions, message: RegExp) =>
    inPlace(options, async (place) => {
      const opened = await place.open();
      const begun = performance.now();
      await expect(begin(opened, "1", await release())).rejects.toMatchObject({
        code: "not-ready",
        message: expect.stringMatching(message),
      });
      expect(performance.now() - begun).toBeLessThan(80_000);
      expect(await place.namespace.get("deployment", "flights-candidate")).toBeNull();
      await end(opened, "1", "restored");
    });

  it("an image that is not there", () =>
    notReady(
      async () => {
        const release = await standIn({ name: "gone" });
        const digest = `sha256:${"0".repeat(64)}`;
        return { ...release, digest, image: (release.image as string).replace(/sha256:.*/, digest) };
      },
      {},
      /ImagePullBackOff.*lab\/stand-in@sha256:000/,
    ));

  it("a server that ends, with the last lines of its log", () =>
    notReady(
      () => standIn({ name: "ends", crashAtStart: true }),
      {},
      /exit code 1.*FATAL the stand-in cannot load its model/,
    ));

  it("more memory than its limit", () =>
    notReady(
      () => standIn({ name: "next" }),
      { container: { resources: { requests: { cpu: "5m", memory: "8Mi" }, limits: { memory: "12Mi" } } } },
      /OOMKilled|exit code 137|signal 9|StartError|exit code 128/,
    ));
});
