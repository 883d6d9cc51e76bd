/** Which figures of an image become a baseline: measured ones, else those that were signed for, never any others. */
import { rmSync } from "node:fs";
import { join } from "node:path";
import type { ActionContext } from "@ml-actions/action-kit/action";
import { openStore } from "@ml-actions/oci/open-store";
import { releaseFromModel } from "@ml-actions/rollout/release";
import { describe, expect, it } from "vitest";
import {
  type FlightsImage,
  imageOf,
  newSigning,
  scratch,
  smallBase,
} from "../../../test/actions/image-fixture.ts";
import { flights } from "../../../test/actions/suite.ts";
import { definition, type EvalGateInputs, type EvalGateOutputs } from "./definition.ts";
import { imageBaseline } from "./image-baseline.ts";

const signing = newSigning();
const dataset = { name: "dataset_v20131231.parquet", digest: `sha256:${"d".repeat(64)}` };
const figures = { auc: 0.6778, f1: 0.3 };
const good = { metrics: { ...figures, "latency.p95": 3, agreement: 0.9 }, dataset };

/** Signed, and with this evidence. */
async function signedImage(facts?: Parameters<typeof signing.evaluation>[1]): Promise<FlightsImage> {
  const image = await imageOf("flights-1");
  await signing.image(image);
  if (facts !== undefined) await signing.evaluation(image, facts);
  return image;
}

function inputsFor(
  image: FlightsImage,
  given: Record<string, string> = { key: signing.key },
): EvalGateInputs {
  return definition.inputs.parse({
    predictions: flights("predictions_v20131231.csv"),
    baseline: image.reference,
    ...given,
  });
}

function contextWith(warnings: string[] = []): ActionContext<EvalGateOutputs> {
  const log = { info: () => {}, notice: () => {}, warning: (line: string) => warnings.push(line) };
  return { log, directory: scratch() } as unknown as ActionContext<EvalGateOutputs>;
}

const elsewhere = (image: FlightsImage) => ({ reference: image.reference, kept: null });

describe("an image whose model is not run", () => {
  it("is compared by the figures that were signed for, which say whose and of what", async () => {
    const image = await signedImage(good);
    const warnings: string[] = [];
    const found = await imageBaseline(elsewhere(image), inputsFor(image), contextWith(warnings), "metrics");
    expect(found).toMatchObject({
      kind: "metrics",
      label: "flights-1",
      signed: { image: image.reference, digest: image.digest, dataset },
    });
    // Not the times of another machine, and not what it had in common with yet another model.
    expect(found.kind === "metrics" && found.metrics).toEqual(figures);
    expect(warnings.join()).toMatch(/signed by key sha256:.*measured on dataset_v20131231\.parquet/);
  });

  it.for<[string, () => Promise<FlightsImage>, RegExp]>([
    ["without a signature", () => imageOf("flights-1"), /signature: The image is not signed/],
    ["without an evaluation", () => signedImage(), /eval: No evidence of eval/],
    [
      "whose evaluation failed",
      () => signedImage({ ...good, verdict: "fail" }),
      /eval: Its verdict is FAILED/,
    ],
    [
      "with the evaluation of another image",
      async () => signedImage({ ...good, about: await imageOf("flights-2") }),
      /eval: It is about sha256/,
    ],
    [
      "whose evaluation a stranger signed",
      async () => {
        const image = await signedImage();
        await newSigning().evaluation(image, good);
        return image;
      },
      /eval: /,
    ],
    [
      "with a later evaluation that failed",
      async () => {
        const image = await signedImage({ ...good, finishedAt: 1.7e12 });
        await signing.evaluation(image, { ...good, verdict: "fail", finishedAt: 1.71e12 });
        return image;
      },
      /FAILED.*an older one that passed counts no more/,
    ],
  ])("is no baseline %s", async ([, make, reason]) => {
    const image = await make();
    const refused = imageBaseline(elsewhere(image), inputsFor(image), contextWith(), "metrics");
    await expect(refused).rejects.toMatchObject({
      message: expect.stringMatching(reason),
      remedy: expect.stringMatching(/\S/),
    });
  });

  it("is no baseline when nobody is named who signs", async () => {
    const image = await signedImage(good);
    const refused = imageBaseline(elsewhere(image), inputsFor(image, {}), contextWith(), "metrics");
    await expect(refused).rejects.toMatchObject({
      message: expect.stringContaining("neither `key` nor `identity` says who signs it"),
      remedy: expect.stringContaining("Give `key` or `identity`"),
    });
  });
});

describe("an image whose model can be run", () => {
  it("is run, with or without evidence; refused evidence is a warning", async () => {
    const image = await signedImage(good);
    const found = await imageBaseline(elsewhere(image), inputsFor(image), contextWith(), "run");
    const files = await releaseFromModel(flights("flights-1.onnx"));
    expect(found).toMatchObject({
      kind: "model",
      model: { release: { digest: image.digest, model: { digest: files.model.digest } } },
      signed: { metrics: good.metrics },
      notes: [],
    });
    const unsigned = await imageOf("flights-1");
    const quiet = await imageBaseline(elsewhere(unsigned), inputsFor(unsigned, {}), contextWith(), "run");
    expect(quiet).toMatchObject({ kind: "model", signed: null, notes: [] });
    const warnings: string[] = [];
    const told = await imageBaseline(elsewhere(unsigned), inputsFor(unsigned), contextWith(warnings), "run");
    expect(told).toMatchObject({ kind: "model", signed: null, notes: warnings });
    expect(warnings.join()).toMatch(/not signed/);
  });

  it("is run from what the target keeps, also when the image is gone; else from the image", async () => {
    const image = await signedImage(good);
    const files = await releaseFromModel(flights("flights-1.onnx"));
    const kept = { ...files, digest: image.digest, label: "kept", image: image.reference };
    const subject = { reference: image.reference, kept };
    const lost = { ...kept, model: { ...kept.model, uri: "/nowhere/model.onnx" } };
    const again = await imageBaseline({ ...subject, kept: lost }, inputsFor(image), contextWith(), "run");
    expect(again).toMatchObject({ model: { release: { label: "flights-1.0.7" } } });
    rmSync(image.store.name.slice("oci:".length), { recursive: true });
    const found = await imageBaseline(subject, inputsFor(image), contextWith(), "run");
    expect(found).toMatchObject({ model: { release: { label: "kept" } }, signed: null });
    const refused = imageBaseline({ ...subject, kept: lost }, inputsFor(image), contextWith(), "run");
    await expect(refused).rejects.toMatchObject({
      message: expect.stringContaining("nothing to compare with"),
    });
  });
});

describe("an image that holds no model of ours", () => {
  it("is compared by signed figures with a word on why, or not at all", async () => {
    const { store } = await openStore(`oci:${await smallBase()}`);
    const digest = (await store.resolve("base"))?.digest as string;
    const image = { store, digest, releaseDigest: digest, reference: `${store.name}@${digest}` };
    await signing.image(image);
    await signing.evaluation(image, good);
    const found = await imageBaseline(elsewhere(image), inputsFor(image), contextWith(), "run");
    expect(found).toMatchObject({ kind: "metrics", metrics: figures });
    expect(found.notes.join()).toMatch(/Its model could not be run: .*MODEL_URI/);
    const refused = imageBaseline(elsewhere(image), inputsFor(image, {}), contextWith(), "run");
    await expect(refused).rejects.toMatchObject({
      message: expect.stringMatching(/its model cannot be run: [\s\S]*neither `key` nor `identity`/),
    });
  });
});

describe("the inputs", () => {
  const problems = (given: Record<string, string>) =>
    definition.inputs
      .safeParse({ predictions: flights("predictions_v20131231.csv"), ...given })
      .error?.issues.map(({ path, message }) => `${path.join()}: ${message}`) ?? [];

  it("name who signs for an image alone, and one of the two ways", () => {
    const image = `ghcr.io/org/flights@sha256:${"a".repeat(64)}`;
    expect(problems({ baseline: image, key: signing.key })).toEqual([]);
    expect(problems({ baseline: "deployed", key: signing.key })).toEqual([]);
    expect(problems({ baseline: join("models", "flights-1.onnx"), key: signing.key })).toEqual([
      expect.stringMatching(/^key: .*baseline from an image/),
    ]);
    expect(
      problems({ identity: "https://github.com/org/repo/.github/workflows/x.yml@refs/heads/main" }),
    ).toEqual([expect.stringMatching(/^identity: /)]);
    const both = {
      key: signing.key,
      identity: "https://github.com/org/repo/.github/workflows/x.yml@refs/heads/main",
    };
    expect(problems({ baseline: image, ...both })).toEqual([
      expect.stringMatching(/^key: .*beside `identity`/),
    ]);
    expect(problems({ baseline: image, username: "me" })).toEqual([
      expect.stringMatching(/^password: is missing/),
    ]);
    expect(problems({ baseline: image, password: "x" })).toEqual([
      expect.stringMatching(/^username: is missing/),
    ]);
  });
});
