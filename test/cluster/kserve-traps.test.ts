/** Where KServe looks as if it did what it was told. In each case a naive implementation is fooled, and ours is not. */
import { RolloutError } from "@ml-actions/rollout/error";
import { kservePlatform } from "@ml-actions/rollout/targets/kserve";
import { beforeAll, describe, expect, test } from "vitest";
import { labImages } from "../lab/images.ts";
import { lab } from "../lab/lab.ts";
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

describe("Standard mode", () => {
  test("canaryTrafficPercent does nothing: a canary of 10 % gets everything", async () => {
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

  test("a canary of spec.canary is said to be ready with its share, and gets no request", async () => {
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

  test("a stable that was shrunk while the candidate had the traffic is grown before it gets it back", async () => {
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
