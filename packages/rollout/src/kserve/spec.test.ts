import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { RolloutError } from "../error.ts";
import { readKserveSpec } from "./spec.ts";

const onRuntime = `# Owned by the flights team.
apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata: {name: flights, namespace: models}
spec:
  predictor:
    minReplicas: 2
    model:
      modelFormat: {name: onnx}
      storageUri: s3://models/flights/1.1/ # the release
`;
const image = `apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata:
  name: flights
spec:
  predictor:
    containers:
      - name: agent
        image: registry.test/agent:1
      - name: kserve-container
        image: registry.test/flights@sha256:${"1".repeat(64)}
`;
const problems = (text: string): string => {
  try {
    readKserveSpec(text, "infra/kserve/flights-v2.yaml");
  } catch (error) {
    expect(error).toBeInstanceOf(RolloutError);
    expect(error).toMatchObject({ code: "invalid" });
    return (error as Error).message;
  }
  return "";
};

describe("what a file says is served", () => {
  test("a model on a runtime", () => {
    expect(readKserveSpec(onRuntime, "flights.yaml")).toEqual({
      name: "flights",
      namespace: "models",
      serves: { kind: "model", storageUri: "s3://models/flights/1.1/", format: "onnx", runtime: null },
      modelDigest: null,
    });
  });

  test("which model that is, by its digest", () => {
    const says = (digest: string) =>
      onRuntime.replace(
        "namespace: models}",
        `namespace: models, annotations: {"ml-actions.github.io/model-digest": "${digest}"}}`,
      );
    const digest = `sha256:${"a".repeat(64)}`;
    expect(readKserveSpec(says(digest), "flights.yaml").modelDigest).toBe(digest);
    expect(problems(says("1.2"))).toContain("expected sha256: and 64 hex digits");
  });

  test("an image, of the container that KServe takes for the server", () => {
    expect(readKserveSpec(image, "flights.yaml")).toEqual({
      name: "flights",
      namespace: null,
      serves: {
        kind: "image",
        container: "kserve-container",
        image: `registry.test/flights@sha256:${"1".repeat(64)}`,
      },
      modelDigest: null,
    });
  });
});

describe("what is wrong with a file", () => {
  test("is told all at once, each with its place", () => {
    const told = problems(`apiVersion: serving.kserve.io/v1alpha2
kind: Deployment
metadata: {name: Flights_2}
spec:
  canary: []
  predictor:
    canaryTrafficPercent: 10
    model: {modelFormat: {}, storageUri: ./model, storage: {path: x}}
`);
    for (const place of [
      "apiVersion: expected serving.kserve.io/v1beta1",
      "kind: expected InferenceService",
      "metadata.name: expected lower-case",
      "spec.canary: is written by the rollout itself",
      "spec.predictor.canaryTrafficPercent: is written by the rollout itself",
      "spec.predictor.model.modelFormat.name: expected",
      "spec.predictor.model.storageUri: expected an address",
      "spec.predictor.model.storage: is not rolled out",
    ])
      expect(told).toContain(place);
    expect(told).toContain("infra/kserve/flights-v2.yaml");
  });

  test.each([
    ["nothing", "", "expected one YAML document, found 0"],
    ["two documents", `${onRuntime}---\n${image}`, "expected one YAML document, found 2"],
    ["a list", "- 1\n- 2\n", "the document"],
    ["a broken document", "spec: [", "end with a ]"],
    ["a name given twice", `${onRuntime}kind: Deployment\n`, "unique"],
    ["no predictor", onRuntime.replace("predictor:", "transformer:"), "spec.predictor"],
    ["neither model nor container", onRuntime.replace(/ {4}model:[\s\S]*/, ""), "expected model"],
    ["the old way to name a format", image.replace("containers:", "sklearn: {}\n    containers:"), "sklearn"],
    ["two containers of other names", image.replace("kserve-container", "server"), "none is named"],
    ["aliases of aliases", bomb(), "alias"],
    ["a megabyte", `${onRuntime}#${"x".repeat(1 << 20)}`, "larger than"],
  ])("%s", (_, text, told) => {
    expect(problems(text)).toContain(told);
  });

  test("is an error with a remedy for any text whatever", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json(), mangled(onRuntime), mangled(image)), (text) => {
        try {
          readKserveSpec(text, "file.yaml");
        } catch (error) {
          expect(error).toMatchObject({ name: "RolloutError", code: "invalid" });
        }
      }),
      { numRuns: 300 },
    );
  });
});

function bomb(): string {
  const rows = [...Array(12).keys()].map((i) => `a${i + 1}: &a${i + 1} [${Array(12).fill(`*a${i}`)}]`);
  return ["a0: &a0 x", ...rows].join("\n");
}

function mangled(text: string) {
  return fc
    .tuple(fc.nat(text.length), fc.nat(30), fc.string({ maxLength: 10 }))
    .map(([at, length, put]) => text.slice(0, at) + put + text.slice(at + length));
}
