/** Where KServe looks as if it did what it was told. In each case a naive implementation is fooled, and ours is not. */
import type { KubeObject } from "@ml-actions/cluster/types";
import { RolloutError } from "@ml-actions/rollout/error";
import { askMany } from "@ml-actions/rollout/local/testing/load";
import type { Release } from "@ml-actions/rollout/target";
import { kservePlatform } from "@ml-actions/rollout/targets/kserve";
import { beforeAll, describe, expect, test, vi } from "vitest";
import { labImages } from "../lab/images.ts";
import { lab } from "../lab/lab.ts";
import { knativeDomain } from "../lab/parts/knative.ts";
import { standIn } from "./contract/place.ts";
import { begin, end, underLoad } from "./contract/rollout.ts";
import { inPlaceOf, patched, type TrafficPlace } from "./contract/traffic-place.ts";
import {
  contextFor,
  gatewayUrl,
  hostOf,
  inferenceService,
  predictorOf,
  releaseOfImage,
  sharesOf,
  untilReady,
} from "./kserve-fixture.ts";
import { inNamespace } from "./namespace.ts";

vi.setConfig({ maxConcurrency: 4 });
beforeAll(async () => {
  await (await lab()).need("kserve");
});

const images = async () => {
  const { standIn } = await labImages();
  const [one, two] = await Promise.all([
    standIn({ name: "one", score: 0.1 }),
    standIn({ name: "two", score: 0.2 }),
  ]);
  return { one, two };
};

describe.concurrent("Standard mode", () => {
  test("canaryTrafficPercent does nothing: a canary of 10 % gets everything", async ({ expect }) => {
    const { one, two } = await images();
    await inNamespace(async (namespace) => {
      const host = hostOf("flights", namespace.name);
      const url = await gatewayUrl();
      await namespace.apply([inferenceService("flights", one)]);
      await untilReady(namespace, "flights");

      // Ours first, while stable is what it was.
      const platform = await kservePlatform(await contextFor(namespace, "flights"));
      await platform.prepare(releaseOfImage(two, "two"));
      await platform.capacity(10);
      await platform.route(10);
      await platform.prove(10);
      const ours = await sharesOf(url, host, 200);
      expect(ours.get(two.digest)).toBeGreaterThan(4);
      expect(ours.get(two.digest)).toBeLessThan(50);
      await platform.route(0);
      await platform.cleanUp();

      // As KServe's documentation has it for canaries.
      await namespace.apply([inferenceService("flights", two, { predictor: { canaryTrafficPercent: 10 } })]);
      await namespace.rolledOut("flights-predictor");
      await expect
        .poll(async () => (await sharesOf(url, host, 50)).get(two.digest), { timeout: 30_000 })
        .toBe(50);
      expect((await namespace.get("inferenceservice", "flights"))?.spec).toMatchObject({
        predictor: { canaryTrafficPercent: 10 },
      });
    });
  }, 180_000);

  test("a canary of spec.canary is said to be ready with its share, and gets no request", async ({
    expect,
  }) => {
    const { one, two } = await images();
    await inNamespace(async (namespace) => {
      const host = hostOf("flights", namespace.name);
      const url = await gatewayUrl();
      const { containers } = predictorOf(one);
      await namespace.apply([
        {
          apiVersion: "serving.kserve.io/v1alpha1",
          kind: "ServingRuntime",
          metadata: { name: "stand-in" },
          spec: { supportedModelFormats: [{ name: "stand-in", version: "1" }], containers },
        },
      ]);
      const model = (digest: string, image: string) => ({
        ...{ modelFormat: { name: "stand-in" }, runtime: "stand-in", image },
        env: [{ name: "ML_RELEASE", value: digest }],
      });
      const service = (canary: object) => ({
        apiVersion: "serving.kserve.io/v1beta1",
        kind: "InferenceService",
        metadata: { name: "flights" },
        spec: { predictor: { minReplicas: 1, model: model(one.digest, one.reference) }, ...canary },
      });
      await namespace.apply([service({})]);
      await untilReady(namespace, "flights");
      const named = { name: "kserve-container", ...model(two.digest, two.reference) };
      const next = { name: "two", minReplicas: 1, model: named };
      await namespace.apply([service({ canary: [{ trafficPercent: 20, predictor: next }] })]);
      const said = async () => {
        const found = await namespace.get("inferenceservice", "flights");
        const { canaryStatuses } = (found?.status ?? {}) as {
          canaryStatuses?: { name: string; ready: boolean; trafficPercent: number }[];
        };
        return canaryStatuses?.[0];
      };
      // All that a naive implementation asks.
      await expect.poll(said, { timeout: 60_000 }).toMatchObject({ ready: true, trafficPercent: 20 });
      const seen = await sharesOf(url, host, 200);
      expect(seen).toEqual(new Map([[one.digest, 200]]));

      const refusal = kservePlatform(await contextFor(namespace, "flights"));
      await expect(refusal).rejects.toBeInstanceOf(RolloutError);
      await expect(refusal).rejects.toThrow(/spec\.canary/);
    });
  }, 180_000);

  test("a stable that was shrunk while the candidate had the traffic is grown before it gets it back", async ({
    expect,
  }) => {
    const { one, two } = await images();
    await inNamespace(async (namespace) => {
      await namespace.apply([
        inferenceService("flights", one, { predictor: { minReplicas: 3, maxReplicas: 3 } }),
      ]);
      await untilReady(namespace, "flights");
      await namespace.rolledOut("flights-predictor");
      const platform = await kservePlatform(await contextFor(namespace, "flights"));
      await platform.prepare(releaseOfImage(two, "two"));
      await platform.capacity(100);
      await platform.route(100);
      await platform.prove(100);
      const stable = async () => {
        const found = await namespace.get("deployment", "flights-predictor");
        return ((found?.status ?? {}) as { readyReplicas?: number }).readyReplicas;
      };
      expect(await stable()).toBe(3);

      // Somebody, or an autoscaler, takes the idle pods.
      const shrunk = JSON.stringify({ spec: { predictor: { minReplicas: 1 } } });
      await namespace.kubectl(["patch", "inferenceservice", "flights", "--type=merge", "-p", shrunk]);
      await namespace.kubectl(["scale", "deployment", "flights-predictor", "--replicas=1"]);
      await expect.poll(stable, { timeout: 60_000 }).toBe(1);
      // A naive restore routes at once: all traffic to a third of the pods that it needs.
      await platform.route(0);
      await platform.prove(0);
      expect(await stable()).toBe(1);
      await platform.route(100);

      await platform.capacity(0);
      expect(await stable()).toBe(3);
      await platform.route(0);
      await platform.prove(0);
      await platform.cleanUp();
      expect((await namespace.get("inferenceservice", "flights"))?.spec).toMatchObject({
        predictor: { minReplicas: 3 },
      });
    });
  }, 240_000);
});

interface Status {
  components: {
    predictor: { traffic: { latestRevision?: boolean; revisionName: string; percent: number }[] };
  };
}

/** InferenceService `flights` in Knative mode, serving that release. */
async function inKnativeMode(stable: Release, work: (place: TrafficPlace) => Promise<void>): Promise<void> {
  const { url } = (await lab()).gateway;
  const annotations = {
    "serving.kserve.io/deploymentMode": "Knative",
    "ml-actions.github.io/entrance": url,
  };
  const image = { reference: stable.image as string, digest: stable.digest };
  const make = async (namespace: string) => ({
    objects: [inferenceService("flights", image, { annotations })],
    entrance: { url, host: `flights-predictor.${namespace}.${knativeDomain}`, keepAlive: true },
  });
  await inPlaceOf("kserve", make, async (place) => {
    await untilReady(place.namespace, "flights");
    await work(place);
  });
}

const seen = async ({ namespace }: TrafficPlace) =>
  (await namespace.get("inferenceservice", "flights")) as KubeObject & {
    spec: { predictor: { canaryTrafficPercent?: number; containers: { image: string }[] } };
    status: Status;
  };
const traffic = async (place: TrafficPlace) => {
  const { predictor } = (await seen(place)).status.components;
  return predictor.traffic.map(({ latestRevision = false, percent }) => [latestRevision, percent]);
};
const answersOf = async ({ entrance }: TrafficPlace) => {
  const { by, failures } = await askMany(entrance, 50);
  expect(failures).toEqual([]);
  return [...by];
};
/** As KServe's documentation has it. */
const naively = (place: TrafficPlace, release: Release | null, canaryTrafficPercent: number | null) => {
  const image = release && { reference: release.image as string, digest: release.digest };
  const containers = image && { containers: predictorOf(image).containers };
  return patched(place, "inferenceservice", { spec: { predictor: { ...containers, canaryTrafficPercent } } });
};
const patience = { timeout: 60_000, interval: 300 };

describe.concurrent("Knative mode", () => {
  test("a candidate that never gets ready looks like a healthy canary; ours refuses it and puts stable's text back", async ({
    expect,
  }) => {
    const [one, broken] = [
      await standIn({ name: "one" }),
      await standIn({ name: "broken", crashAtStart: true }),
    ];
    await inKnativeMode(one, async (place) => {
      await naively(place, broken, 20);
      // All that a naive implementation asks: the share is there, and no request fails.
      await expect.poll(() => traffic(place), patience).toContainEqual([true, 20]);
      expect(await answersOf(place)).toEqual([[one.digest, 50]]);
      await naively(place, one, null);
      await expect.poll(() => traffic(place), patience).toEqual([[true, 100]]);

      const context = {
        ...(await contextFor(place.namespace, "flights")),
        options: { readyTimeoutMs: 15_000 },
      };
      const platform = await kservePlatform(context);
      await expect(platform.prepare(broken)).rejects.toMatchObject({ code: "not-ready" });
      await expect(platform.route(20)).rejects.toMatchObject({ code: "not-ready" });
      await platform.cleanUp();
      expect((await seen(place)).spec.predictor).toMatchObject({ containers: [{ image: one.image }] });
      expect((await seen(place)).spec.predictor.canaryTrafficPercent).toBeUndefined();
      expect(await answersOf(place)).toEqual([[one.digest, 50]]);
    });
  }, 240_000);

  test("0 and then no percent promotes the bad one; ours leaves stable's text, and fails no request", async ({
    expect,
  }) => {
    const [one, two] = [await standIn({ name: "one" }), await standIn({ name: "two" })];
    await inKnativeMode(one, async (place) => {
      const opened = await place.openRestricted();
      await underLoad(place.entrance, async ({ by }) => {
        await begin(opened, "1", two);
        expect(by.get(two.digest) ?? 0).toBe(0);
        await opened.target.split(20);
        const counted = async () => {
          const counts = await opened.telemetry.observe(one.digest, two.digest);
          return counts.ok && counts.candidate.requests > 0 && counts.stable.requests > 0;
        };
        await expect.poll(counted, patience).toBe(true);
        await opened.target.restore();
      });
      await end(opened, "1", "restored");
      expect((await seen(place)).spec.predictor).toMatchObject({ containers: [{ image: one.image }] });
      expect((await seen(place)).spec.predictor.canaryTrafficPercent).toBeUndefined();
      expect(await answersOf(place)).toEqual([[one.digest, 50]]);
      expect(place.troubles).toEqual([]);

      await naively(place, two, 20);
      await expect.poll(() => traffic(place), patience).toContainEqual([true, 20]);
      await naively(place, null, 0);
      await expect.poll(() => traffic(place), patience).toContainEqual([false, 100]);
      expect(await answersOf(place)).toEqual([[one.digest, 50]]);
      // "Rolled back"; the field is not needed any more.
      await naively(place, null, null);
      await expect.poll(() => answersOf(place), patience).toEqual([[two.digest, 50]]);
    });
  }, 240_000);

  test("a revision that others made of our candidate's text is not the candidate", async ({ expect }) => {
    const [one, two, theirs] = [
      await standIn({ name: "one" }),
      await standIn({ name: "two" }),
      await standIn({ name: "theirs" }),
    ];
    await inKnativeMode(one, async (place) => {
      const opened = await place.open();
      await begin(opened, "1", two);
      await opened.target.split(30);
      // Its name, its environment and its share are still the candidate's.
      const image = { op: "replace", path: "/spec/predictor/containers/0/image", value: theirs.image };
      await patched(place, "inferenceservice", [image]);
      const made = async () => {
        const { predictor } = (await seen(place)).status.components;
        return predictor.traffic.find(({ latestRevision }) => latestRevision)?.revisionName;
      };
      await expect.poll(made, patience).toBe("flights-predictor-00003");
      const named = async () => (await askMany(place.entrance, 100)).by.get(two.digest);
      await expect.poll(named, patience).toBeGreaterThan(10);
      const { candidate, ready } = await opened.target.read();
      expect([candidate?.digest, ready.candidate]).toEqual([two.digest, false]);
      await expect(opened.target.split(50)).rejects.toMatchObject({ code: "not-ready" });
      await opened.target.restore();
      await end(opened, "1", "restored");
      expect(await answersOf(place)).toEqual([[one.digest, 50]]);
    });
  }, 240_000);

  test("a good release is promoted without a failed request, with the Role's rights alone", async ({
    expect,
  }) => {
    const [one, two] = [await standIn({ name: "one" }), await standIn({ name: "two" })];
    await inKnativeMode(one, async (place) => {
      const opened = await place.openRestricted();
      await underLoad(place.entrance, async () => {
        await begin(opened, "1", two);
        await opened.target.split(10);
        await opened.target.promote();
      });
      await end(opened, "1", "promoted");
      expect(await opened.target.read()).toMatchObject({ stable: { digest: two.digest }, candidate: null });
      expect(await traffic(place)).toEqual([[true, 100]]);
      expect(await answersOf(place)).toEqual([[two.digest, 50]]);
      expect(place.troubles).toEqual([]);
    });
  }, 240_000);
});
