import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { candidateSource } from "./candidate-source.ts";

const digest = `sha256:${"a".repeat(64)}`;
const messageOf = (written: string) => candidateSource().safeParse(written).error?.issues[0]?.message ?? "";

describe("the source of a candidate", () => {
  it.each([
    "s3://models/flights/1.2/",
    "pvc://models/flights",
    "https://models.test/flights.onnx",
    "hf://org/name",
  ])("is a model at an address: %s", (storageUri) => {
    const source = candidateSource().parse(` ${storageUri}@${digest}\n`);
    expect(source).toEqual({ kind: "model", storageUri, digest });
  });

  it.each([
    "s3://models/flights/1.2/",
    "s3://models/flights/1.2/@sha256:zz",
    `s3://@${digest}`,
    `s3://models/a\n::set-output name=x::y@${digest}`,
    `s3://${"x".repeat(100_000)}`,
  ])("is no address without the digest of the file: %j", (written) => {
    expect(messageOf(written)).toMatch(/^expected a model's address with the digest of its file/);
    expect(messageOf(written).length).toBeLessThan(500);
  });

  it("is an InferenceService's file by its ending, else as other actions have it", () => {
    const path = join(mkdtempSync(join(tmpdir(), "ml-actions-test-")), "flights-v2.yaml");
    writeFileSync(path, "");
    expect(candidateSource().parse(path)).toEqual({ kind: "spec", path });
    expect(messageOf("infra/none.yaml")).toContain("none.yaml");
    const reference = `ghcr.io/org/flights@${digest}`;
    expect(candidateSource().parse(reference)).toEqual({ kind: "image", reference });
    expect(messageOf("models/none.onnx")).not.toBe("");
  });
});
