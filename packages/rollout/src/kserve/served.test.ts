import { describe, expect, test } from "vitest";
import type { Release } from "../target.ts";
import { assertServes, change, merged, type Predictor, servedBy } from "./served.ts";

const at = { where: "inferenceservice/flights", pausing: true };
const digest = `sha256:${"2".repeat(64)}`;
const ofModel: Release = {
  ...{ digest, label: "flights-1.2" },
  model: { digest, uri: "s3://models/flights/1.2/", contract: "contract.json" },
};
const ofImage: Release = { ...ofModel, image: `registry.test/flights@${digest}` };
const onRuntime: Predictor = {
  minReplicas: 2,
  model: {
    modelFormat: { name: "onnx" },
    storageUri: "s3://models/flights/1.1/",
    env: [{ name: "THREADS", value: "2" }],
    resources: { limits: { memory: "1Gi" } },
  },
};
const custom: Predictor = {
  containers: [
    { name: "agent", image: "registry.test/agent:1" },
    { name: "kserve-container", image: "registry.test/flights:1", resources: { limits: { memory: "1Gi" } } },
  ],
};

describe("a model on a runtime", () => {
  test("gets the new address, the release's name, a pause before it ends, and nothing else", () => {
    const patch = change(onRuntime, ofModel, at);
    expect(patch).toEqual({
      annotations: { "ml-actions.github.io/release": JSON.stringify(ofModel) },
      model: {
        storageUri: "s3://models/flights/1.2/",
        env: [
          { name: "THREADS", value: "2" },
          { name: "ML_RELEASE", value: digest },
        ],
        lifecycle: { preStop: { sleep: { seconds: 5 } } },
      },
    });
    const result = merged(onRuntime, patch);
    expect(result).toMatchObject({ minReplicas: 2, model: { resources: { limits: { memory: "1Gi" } } } });
    expect(change(result, ofModel, at)).toEqual(patch);
  });

  test.each([
    ["an image", ofImage],
    ["a file", { ...ofModel, model: { ...ofModel.model, uri: "./model.onnx" } }],
  ])("is not changed into %s", (_, release) => {
    expect(() => change(onRuntime, release, at)).toThrow(/serves a model by its storageUri/);
  });
});

describe("a custom predictor", () => {
  test("gets the image in the container that serves, and keeps the rest of the list", () => {
    const { containers = [] } = change(custom, ofImage, at);
    expect(containers[0]).toEqual(custom.containers?.[0]);
    expect(containers[1]).toMatchObject({ image: ofImage.image, resources: { limits: { memory: "1Gi" } } });
    expect(containers[1]?.env).toContainEqual({ name: "ML_RELEASE", value: digest });
    expect(containers[1]?.lifecycle).toBeDefined();
  });

  test("pauses no longer than its pods may take to end", () => {
    const { containers } = change({ ...custom, terminationGracePeriodSeconds: 2 }, ofImage, at);
    expect(containers?.[1]?.lifecycle).toEqual({ preStop: { sleep: { seconds: 2 } } });
  });

  test("has no pause before its end where Knative refuses one", () => {
    expect(change(custom, ofImage, { ...at, pausing: false }).containers?.[1]?.lifecycle).toBeUndefined();
  });

  test("is not changed into a model", () => {
    expect(() => change(custom, ofModel, at)).toThrow(/serves an image/);
  });
});

test("what serves in another way is refused with a remedy", () => {
  expect(() => servedBy({ model: { modelFormat: { name: "onnx" } } }, at.where)).toThrow(/neither one model/);
});

test("the container that the input names is the one that KServe serves with, or refused by name", () => {
  const [model, image] = [onRuntime, custom].map((predictor) => ({
    predictor,
    where: "inferenceservice/flights",
  }));
  for (const service of [model, image])
    for (const asked of [undefined, "kserve-container"])
      expect(() => assertServes(service as never, asked)).not.toThrow();
  expect(() => assertServes(image as never, "agent")).toThrow(
    /"agent" is not the one .* requests to kserve-container/,
  );
});
