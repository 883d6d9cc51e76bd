import { describe, expect, it } from "vitest";
import { testResult, verdict } from "./example.ts";
import { formatSbom, readBundleBom, type SbomInput, sbom, sbomStatement } from "./sbom.ts";
import { bundleBom } from "./sbom-format.ts";
import { cardOf } from "./sbom-model-card.ts";
import { testResultStatement } from "./statement.ts";
import { cyclonedxSchema } from "./testing/cyclonedx-schema.ts";

const validate = cyclonedxSchema();
const digest = (digit: string) => `sha256:${digit.repeat(64)}`;

const judged = () =>
  testResultStatement(
    testResult({
      verdicts: [
        verdict({
          gate: "auc >= 0.65",
          metric: "auc",
          observed: 0.686,
          baseline: null,
          interval: [0.67, Infinity],
        }),
        verdict({
          gate: "auc{origin=JFK} >= 0.6 [prove]",
          metric: "auc{origin=JFK}",
          observed: 0.6737,
          baseline: null,
          interval: [0.65, 0.7],
        }),
        // Its interval is that of the difference.
        verdict({
          gate: "f1 >= baseline - 0.02",
          metric: "f1",
          observed: 0.41,
          baseline: 0.4,
          interval: [-0.01, 0.03],
        }),
      ],
      metrics: { candidate: { auc: 0.686, "auc{origin=JFK}": 0.6737, f1: 0.41 }, baseline: null },
      dataset: { name: "dataset_v20131231.parquet", version: "20131231", digest: digest("9") },
    }),
  );

const server = bundleBom.parse({
  bomFormat: "CycloneDX",
  specVersion: "1.6",
  components: [
    {
      type: "library",
      name: "fastify",
      version: "5.6.2",
      purl: "pkg:npm/fastify@5.6.2",
      licenses: [{ license: { id: "MIT" } }],
    },
    {
      type: "library",
      group: "@fastify",
      name: "error",
      version: "4.2.0",
      purl: "pkg:npm/%40fastify/error@4.2.0",
    },
    {
      type: "library",
      name: "onnxruntime-common",
      version: "1.30.0",
      purl: "pkg:npm/onnxruntime-common@1.30.0",
    },
  ],
});

const full: SbomInput = {
  image: {
    name: "flights",
    digest: digest("a"),
    version: "1.4",
    repository: "ghcr.io/octo-org/flights",
    revision: "ffac537e6cbbf934b08745a378932722df287a53",
    url: "https://github.com/octo-org/flights",
  },
  model: { name: "flights", version: "2", task: "binary", digest: digest("b") },
  contract: { name: "flights-2.contract.json", digest: digest("c") },
  profile: { name: "profile.json", digest: digest("d") },
  evaluation: cardOf(judged()),
  contents: {
    base: { name: "gcr.io/distroless/nodejs24-debian13:nonroot", digest: digest("e") },
    nodeVersion: "24.11.0",
    runtime: [
      {
        name: "onnxruntime-node",
        version: "1.30.0",
        integrity: `sha512-${Buffer.alloc(64, 7).toString("base64")}`,
        license: "MIT",
      },
      {
        name: "onnxruntime-common",
        version: "1.30.0",
        integrity: `sha512-${Buffer.alloc(64, 8).toString("base64")}`,
        license: "MIT",
      },
    ],
    server,
  },
  tool: "ml-actions 0.1.0",
};
const bare: SbomInput = {
  ...full,
  image: { ...full.image, repository: null, url: null },
  profile: null,
  evaluation: null,
  contents: null,
};

const component = (input: SbomInput, type: string) =>
  sbom(input).components.find((found) => found.type === type);

describe("the bill of materials", () => {
  it.each([
    ["with everything", full],
    ["of a Dockerfile, in a layout, without evidence", bare],
  ])("is CycloneDX 1.6 by the published schema: %s", (_name, input) => {
    validate(JSON.parse(formatSbom(sbom(input))));
    expect(validate.errors).toBeNull();
  });

  it("fails that schema when it says what CycloneDX does not know", () => {
    expect(validate({ ...sbom(full), verdict: "pass" })).toBe(false);
    expect(validate({ ...sbom(full), serialNumber: "1" })).toBe(false);
  });

  it("names every thing by a reference of its own, and depends on nothing that is not there", () => {
    for (const input of [full, bare]) {
      const { metadata, components, dependencies, compositions } = sbom(input);
      const refs = [metadata.component, ...components].map((found) => found["bom-ref"]);
      expect(new Set(refs).size).toBe(refs.length);
      expect(dependencies.map(({ ref }) => ref).sort()).toEqual([...refs].sort());
      expect(refs).toEqual(expect.arrayContaining(dependencies.flatMap(({ dependsOn = [] }) => dependsOn)));
      expect(refs).toEqual(expect.arrayContaining(compositions.flatMap(({ assemblies }) => assemblies)));
    }
  });

  it("has the model with its digest, task, dataset and figures by slice", () => {
    const model = component(full, "machine-learning-model");
    expect(model?.hashes).toEqual([{ alg: "SHA-256", content: "b".repeat(64) }]);
    expect(model?.modelCard?.modelParameters).toEqual({ task: "binary", datasets: [{ ref: "dataset" }] });
    expect(model?.modelCard?.quantitativeAnalysis?.performanceMetrics).toEqual([
      { type: "auc", value: "0.686", confidenceInterval: { lowerBound: "0.67" } },
      {
        type: "auc",
        value: "0.6737",
        slice: "origin=JFK",
        confidenceInterval: { lowerBound: "0.65", upperBound: "0.7" },
      },
      { type: "f1", value: "0.41" },
    ]);
    expect(component(full, "data")).toMatchObject({
      name: "dataset_v20131231.parquet",
      version: "20131231",
      hashes: [{ content: "9".repeat(64) }],
    });
  });

  it("has the base by digest, node, both packages of onnxruntime once, and what is bundled", () => {
    const { components } = sbom(full);
    const purls = components.map(({ purl }) => purl).filter((purl) => purl !== undefined);
    expect(purls).toEqual([
      `pkg:oci/nodejs24-debian13@sha256%3A${"e".repeat(64)}?repository_url=gcr.io%2Fdistroless%2Fnodejs24-debian13`,
      "pkg:generic/node@24.11.0",
      "pkg:npm/onnxruntime-node@1.30.0",
      "pkg:npm/onnxruntime-common@1.30.0",
      "pkg:npm/fastify@5.6.2",
      "pkg:npm/%40fastify/error@4.2.0",
    ]);
    const runtime = components.find(({ name }) => name === "onnxruntime-node");
    expect(runtime?.hashes).toEqual([{ alg: "SHA-512", content: "07".repeat(64) }]);
  });

  it("says that it does not know what a Dockerfile put in", () => {
    expect(sbom(bare).compositions).toContainEqual({ aggregate: "incomplete", assemblies: ["image"] });
    expect(sbom(full).compositions).toContainEqual({ aggregate: "incomplete", assemblies: ["base"] });
  });

  it("has the same bytes for the same image, and another number for another", () => {
    expect(formatSbom(sbom(full))).toBe(formatSbom(sbom(structuredClone(full))));
    const other = sbom({ ...full, image: { ...full.image, digest: digest("f") } });
    expect(other.serialNumber).not.toBe(sbom(full).serialNumber);
    expect(formatSbom(sbom(full))).not.toMatch(/timestamp/);
  });

  it("is a statement about the image, for sign and cosign", () => {
    expect(sbomStatement(sbom(full), full.image)).toMatchObject({
      _type: "https://in-toto.io/Statement/v1",
      subject: [{ name: "flights", digest: { sha256: "a".repeat(64) } }],
      predicateType: "https://cyclonedx.org/bom",
    });
  });

  it("survives names that would break out", () => {
    const hostile = "x\n::set-output name=a::b \"'`$(id)` <b>|../../etc";
    const input = {
      ...full,
      model: { ...full.model, name: hostile },
      contract: { ...full.contract, name: hostile },
    };
    validate(JSON.parse(formatSbom(sbom(input))));
    expect(validate.errors).toBeNull();
    expect(component(input, "machine-learning-model")?.name).toBe(hostile);
  });
});

describe("the bill of the server's bundle", () => {
  it("is refused by place when it is none", () => {
    expect(() => readBundleBom("{}", "server.cdx.json")).toThrow(
      /^server\.cdx\.json is not a CycloneDX bill/,
    );
    expect(() => readBundleBom("nonsense", "server.cdx.json")).toThrow(/is not JSON/);
  });
});
