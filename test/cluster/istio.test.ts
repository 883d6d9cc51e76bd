/** Target `istio`: istiod and its gateway, with what a VirtualService of a user's has beside weights. */
import type { KubeObject } from "@ml-actions/cluster/types";
import { askMany } from "@ml-actions/rollout/local/testing/load";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { lab } from "../lab/lab.ts";
import { standIn, workload } from "./contract/place.ts";
import { begin, end, mirrorHalf, secondsUntilSilent, underLoad } from "./contract/rollout.ts";
import { inPlaceOf, patched, type TrafficPlace } from "./contract/traffic-place.ts";
import { istioUrl, virtualService } from "./istio-fixture.ts";

vi.setConfig({ testTimeout: 480_000, maxConcurrency: 4 });
beforeAll(async () => {
  await (await lab()).need("cluster", "istio");
});

interface Given {
  http?: unknown[];
  annotations?: Record<string, string>;
  others?: KubeObject[];
  labels?: Record<string, string>;
}

async function inPlace(
  { http, annotations, others = [] }: Given,
  work: (place: TrafficPlace) => Promise<void>,
) {
  const { image } = await standIn({ name: "old" });
  const make = async (namespace: string) => {
    const [host, url] = [`${namespace}.test`, await istioUrl()];
    const objects = await workload({ replicas: 1, image: image as string });
    return {
      objects: [...objects, virtualService(host, http, annotations), ...others],
      entrance: { url, host, keepAlive: true },
    };
  };
  await inPlaceOf("istio", make, async (place) => {
    await place.namespace.rolledOut("flights");
    await work(place);
  });
}

const specOf = async ({ namespace }: TrafficPlace) =>
  ((await namespace.get("virtualservice", "flights")) as KubeObject).spec;
const destination = { host: "flights", port: { number: 80 } };

describe.concurrent("traffic", () => {
  it("moves by subsets and policies of the user's own, and back, without a failed request", async () => {
    const next = await standIn({ name: "next" });
    const http = [
      { name: "docs", match: [{ uri: { prefix: "/docs" } }], redirect: { uri: "/elsewhere" } },
      {
        ...{ name: "predict", timeout: "10s", retries: { attempts: 0 } },
        headers: { response: { set: { "x-kept": "1" } } },
        route: [{ destination: { ...destination, subset: "main" } }],
      },
    ];
    const rule = {
      ...{ apiVersion: "networking.istio.io/v1", kind: "DestinationRule", metadata: { name: "users-own" } },
      spec: {
        host: "flights",
        trafficPolicy: { connectionPool: { http: { http2MaxRequests: 500 } } },
        subsets: [{ name: "main", labels: { app: "flights" } }],
      },
    };
    const annotations = { "ml-actions.github.io/http-route": "predict" };
    await inPlace({ http, annotations, others: [rule] }, async (place) => {
      const before = await specOf(place);
      const opened = await place.open();
      await underLoad(place.entrance, async (load) => {
        await begin(opened, "1", next);
        const policy = await place.namespace.get("destinationrule", "flights-candidate");
        expect(policy?.spec).toEqual({ host: "flights-candidate", trafficPolicy: rule.spec.trafficPolicy });
        await opened.target.split(1);
        await opened.target.split(50);
        const at = performance.now();
        const restored = opened.target.restore();
        const seconds = await secondsUntilSilent(load, next, at);
        await restored;
        console.info(`istio: ${seconds.toFixed(1)} s from restore to 100 % stable`);
        expect(await specOf(place)).toEqual(before);
        await opened.target.prepare(next);
        await opened.target.promote();
      });
      await end(opened, "1", "promoted");
      expect(await specOf(place)).toEqual(before);
      expect([...(await askMany(place.entrance, 20)).by]).toEqual([[next.digest, 20]]);
      for (const kind of ["deployment", "service", "destinationrule"]) {
        expect(await place.namespace.get(kind, "flights-candidate")).toBeNull();
      }
    });
  });

  it("is mirrored in that share, and the copies' answers reach nobody", async () => {
    const next = await standIn({ name: "next" });
    await inPlace({}, async (place) => {
      const opened = await place.open();
      await mirrorHalf(place, opened, next);
      await opened.target.restore();
      expect(await specOf(place)).not.toHaveProperty("http.0.mirror");
      await end(opened, "1", "restored");
    });
  });
});

describe.concurrent("the VirtualService", () => {
  it("that others change in the middle of a rollout keeps their change; rights of the Role alone do for all of it", async () => {
    const next = await standIn({ name: "next" });
    const annotations = { "ml-actions.github.io/entrance": await istioUrl() };
    await inPlace({ annotations }, async (place) => {
      const opened = await place.openRestricted();
      await begin(opened, "1", next);
      await opened.target.split(50);
      await patched(place, "virtualservice", [{ op: "add", path: "/spec/http/0/timeout", value: "7s" }]);
      await opened.target.split(25);
      expect(await specOf(place)).toMatchObject({ http: [{ timeout: "7s" }] });
      await opened.target.promote();
      expect(await specOf(place)).toMatchObject({ http: [{ timeout: "7s", route: [{ destination }] }] });
      await end(opened, "1", "promoted");
      expect(place.troubles).toEqual([]);
    });
  });

  it("is held by istiod's webhook, which takes every split and refuses what cannot be routed", async () => {
    const next = await standIn({ name: "next" });
    await inPlace({}, async (place) => {
      const opened = await place.open();
      await begin(opened, "1", next);
      const none = { route: [1, 2].map(() => ({ destination, weight: 0 })) };
      const broken = { spec: { http: [none] } };
      await expect(patched(place, "virtualservice", broken)).rejects.toThrow(/total destination weight/);
      await opened.target.split(50);
      await opened.target.restore();
      await end(opened, "1", "restored");
    });
  });

  it("with several http routes, or one that GitOps keeps, is refused before anything is made", async () => {
    const next = await standIn({ name: "next" });
    const two = [
      { match: [{ uri: { prefix: "/a" } }], route: [{ destination }] },
      { route: [{ destination }] },
    ];
    await inPlace({ http: two }, async (place) => {
      const work = async () => (await place.open()).target.read();
      await expect(work()).rejects.toThrow(/has 2 http routes/);
      await place.namespace.kubectl([
        "annotate",
        "virtualservice",
        "flights",
        "ml-actions.github.io/http-route=1",
      ]);
      await expect(work()).resolves.toMatchObject({ candidate: null });
      const app = `argocd.argoproj.io/tracking-id=shop:networking.istio.io/VirtualService:${place.namespace.name}/flights`;
      await place.namespace.kubectl(["annotate", "virtualservice", "flights", app]);
      const opened = await place.open();
      await expect(begin(opened, "1", next)).rejects.toThrow(/Argo CD/);
      expect(await place.namespace.get("deployment", "flights-candidate")).toBeNull();
    });
  });
});
