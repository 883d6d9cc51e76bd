import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { fileOrImage, isImage } from "./release-source.ts";

const digest = `sha256:${"a".repeat(64)}`;

describe("a release's source", () => {
  it.for([
    `ghcr.io/org/flights@${digest}`,
    `127.0.0.1:5000/flights@${digest}`,
    "ghcr.io/org/flights:1.0.7-abc1234",
    "localhost/flights:latest",
    `oci:build/image@${digest}`,
    "oci:build/image:1.0",
    "oci:/srv/images",
    `flights@${digest}`,
    "ghcr.io/org/flights@sha256:zz",
  ])("is an image: %s", (written) => {
    expect(fileOrImage().parse(` ${written}\n`)).toEqual({ kind: "image", reference: written });
  });

  it.for([
    "models/flights-2.onnx",
    "./my.models/flights-2.onnx",
    "my.host:80/flights.onnx",
    "flights-2.onnx",
    "ghcr.io/org/flights",
    "/abs/ghcr.io/flights:2",
    "",
    "__proto__",
    "x".repeat(10_000),
    "a\n::set-output name=x::y",
  ])("is a file: %s", (written) => {
    expect(isImage(written)).toBe(false);
  });

  it("is the absolute path of a file that exists", () => {
    const path = join(mkdtempSync(join(tmpdir(), "ml-actions-test-")), "flights.onnx");
    writeFileSync(path, "");
    expect(fileOrImage().parse(path)).toEqual({ kind: "file", path });
  });

  it("that is no file and could be an image is told how to write one", () => {
    const problem = fileOrImage().safeParse("ghcr.io/org/flights").error?.issues[0]?.message;
    expect(problem).toContain("there is no such file");
    expect(problem).toContain("ghcr.io/org/flights@sha256:…");
    expect(fileOrImage().safeParse("models/none.onnx").error?.issues[0]?.message).not.toContain("@sha256");
  });
});
