import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { externalDataOf } from "./external-data.ts";
import { modelPath } from "./testing/models.ts";

const bytes = (text: string) => Buffer.from(text, "latin1");

describe("weights in another file", () => {
  it("are found in a model that onnx saved so, with their path", async () => {
    expect(externalDataOf(await readFile(modelPath("external")))).toBe("external.bin");
  });

  it("are not found in models that hold their own", async () => {
    for (const model of ["moody", "mixed", "classes"] as const) {
      expect(externalDataOf(await readFile(modelPath(model)))).toBeNull();
    }
  });

  it("are found with a path longer than a length byte counts", () => {
    const path = "../".repeat(60);
    const entry = bytes(`\x6a\xc4\x01\x0a\x08location\x12\xb4\x01${path}`);
    expect(externalDataOf(entry)).not.toBeNull();
  });

  it("are not mistaken for a model's own note of a location (metadata_props, field 14)", () => {
    expect(externalDataOf(bytes("\x72\x0f\x0a\x08location\x12\x03ams"))).toBeNull();
    expect(externalDataOf(bytes("location"))).toBeNull();
  });
});
