/** build as the runner runs it: built, without a network, into an image layout. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { readProvenance } from "@ml-actions/evidence";
import { readContents } from "@ml-actions/oci/image";
import { openStore } from "@ml-actions/oci/open-store";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { errorsOf } from "../runner/errors-of.ts";
import type { Job, PhaseResult } from "../runner/runner.ts";
import { tinyBase } from "./build-base.ts";
import { flights, models, newJob } from "./suite.ts";

let job: Job;
let base: Awaited<ReturnType<typeof tinyBase>>;
beforeAll(async () => {
  [job, base] = await Promise.all([newJob(), tinyBase()]);
});
afterAll(() => job?.end());

const run = (inputs: Record<string, string>, env: Record<string, string> = {}): Promise<PhaseResult> =>
  job.run({
    action: "build",
    inputs: {
      model: flights("flights-2.onnx"),
      name: "flights",
      version: "1.4",
      base: base.reference,
      ...inputs,
    },
    env,
  });
const digestOf = (path: string) => `sha256:${createHash("sha256").update(readFileSync(path)).digest("hex")}`;

describe("an image in a layout", () => {
  it("holds the model for both platforms, with papers about its digest, and is the same twice", async () => {
    const done = await run({ layout: "image" });
    expect(done.exitCode, done.raw).toBe(0);
    const { image = "", tag, digest = "", provenance = "", sbom = "", cyclonedx = "" } = done.outputs;
    const layout = join(job.workspace, "image");
    expect(image).toBe(`oci:${layout}@${digest}`);
    expect(tag).toBe(`oci:${layout}:1.4.3-ffac537e6cbb`);
    const { store } = await openStore(`oci:${layout}`);
    expect((await store.resolve("1.4.3-ffac537e6cbb"))?.digest).toBe(digest);
    const contents = await readContents(store, digest);
    expect(contents).toMatchObject({
      modelDigest: digestOf(flights("flights-2.onnx")),
      contractDigest: digestOf(flights("flights-2.contract.json")),
      labels: {
        "org.opencontainers.image.source": "https://github.com/octo-org/flights",
        "org.opencontainers.image.revision": "ffac537e6cbbf934b08745a378932722df287a53",
        "org.opencontainers.image.base.digest": base.digest,
      },
    });
    expect(done.outputs["model-digest"]).toBe(contents.modelDigest);
    const { subject, predicate } = readProvenance(readFileSync(provenance, "utf8"), provenance);
    expect(`sha256:${subject[0]?.digest.sha256}`).toBe(digest);
    expect(predicate.buildDefinition.resolvedDependencies.map(({ name }) => name)).toEqual([
      "source",
      "base",
      "model",
      "contract",
      "onnxruntime-node",
      "onnxruntime-common",
      "server",
    ]);
    const bill = JSON.parse(readFileSync(cyclonedx, "utf8"));
    expect(JSON.parse(readFileSync(sbom, "utf8")).predicate).toEqual(bill);
    expect(bill.components.map(({ name }: { name: string }) => name)).toEqual(
      expect.arrayContaining(["flights", "node", "onnxruntime-node", "fastify"]),
    );
    expect(done.summary).toMatch(/flights 1\.4\.3-ffac537e6cbb is built into an image layout/);
    expect(done.summary).toContain(`base: ${base.reference}@${base.digest}`);
    expect(done.refused).toEqual([]);

    const again = await run({ layout: "image" }, { GITHUB_RUN_ID: "9", TZ: "Asia/Tokyo" });
    expect(again.outputs.digest).toBe(digest);
    const next = await run({ layout: "image" }, { GITHUB_RUN_NUMBER: "4" });
    expect(next.outputs.digest).toBe(digest);
    const other = await run({ layout: "image", model: flights("flights-1.onnx") });
    expect(other.exitCode).toBe(1);
    expect(errorsOf(other)[0]).toMatch(/1\.4\.3-ffac537e6cbb is another image, sha256:/);
    expect((await store.resolve("1.4.3-ffac537e6cbb"))?.digest).toBe(digest);
  });
});

describe("what cannot become an image", () => {
  it.each([
    ["a model that is no ONNX", { model: models("truncated.onnx") }, /onnxruntime cannot load the model/],
    [
      "a contract of another model",
      { contract: flights("../models/delivery-1.contract.json") },
      /is not what its contract says/,
    ],
  ])("is refused: %s", async (_name, inputs, expected) => {
    const done = await run({ layout: "refused", ...inputs });
    expect(done.exitCode).toBe(1);
    expect(errorsOf(done)).toHaveLength(1);
    expect(errorsOf(done)[0]).toMatch(expected);
    expect(done.outputs.image).toBeUndefined();
  });

  it("is refused without the run's number and commit, with what to set", async () => {
    const done = await run({ layout: "refused" }, { GITHUB_RUN_NUMBER: "", GITHUB_SHA: "" });
    expect(errorsOf(done)[0]).toMatch(/GITHUB_RUN_NUMBER is not set.*\n.*GITHUB_SHA is not set/);
  });
});
