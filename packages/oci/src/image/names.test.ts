import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { contractPath, modelPath, safeName } from "./names.ts";

describe("a model's name in the image", () => {
  it.each([
    ["flights", "flights"],
    ["flights 2.1_b", "flights-2.1_b"],
    ["../../etc/passwd", "etc-passwd"],
    ["..", "model"],
    ["", "model"],
    ["✈", "model"],
    ["a\n::set-output name=x::y", "a-set-output-name-x-y"],
    ["$(reboot)", "reboot"],
  ])("is made of %j so that it is a file's name anywhere: %s", (name, safe) => {
    expect(safeName(name)).toBe(safe);
  });

  it("is plain whatever people call a model, and stays as it is once it is", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (name) => {
        const safe = safeName(name);
        expect(safe).toMatch(/^[A-Za-z0-9_][A-Za-z0-9._-]{0,59}$/);
        expect(safeName(safe)).toBe(safe);
        expect(contractPath(name)).toBe(modelPath(name).replace(/\.onnx$/, ".contract.json"));
      }),
    );
  });
});
