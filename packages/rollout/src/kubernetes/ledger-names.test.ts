import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { objectName } from "./ledger-names.ts";

describe("the name of an object of ours", () => {
  it("is the resource's as long as it may be one", () => {
    expect(objectName("ml-actions", "deployment/flights")).toBe("ml-actions-deployment-flights");
    expect(objectName("ml-actions-guard", "flights")).toBe("ml-actions-guard-flights");
  });

  it("is shortened, and told apart from others, where it may not", () => {
    const long = `inferenceservice/${"a".repeat(60)}`;
    for (const resource of [
      long,
      `${long}b`,
      "deployment/a.b",
      "deployment/a/b",
      "Deployment/flights",
      "",
      "-/-",
    ]) {
      expect(objectName("ml-actions-guard", resource)).toMatch(/^[a-z0-9-]+-[0-9a-f]{10}$/);
    }
    expect(objectName("ml-actions", "deployment/a.b")).not.toBe(objectName("ml-actions", "deployment/a-b"));
  });

  it("is one that an object and a label may have, and one resource's alone, whatever the resource is called", () => {
    const text = fc.oneof(fc.string({ maxLength: 300 }), fc.stringMatching(/^[a-z]{1,9}\/[a-z.-]{1,60}$/));
    fc.assert(
      fc.property(text, text, (one, other) => {
        const name = objectName("ml-actions-guard", one);
        expect(name).toMatch(/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/);
        expect(name.length).toBeLessThanOrEqual(63);
        if (one !== other) expect(objectName("ml-actions-guard", other)).not.toBe(name);
      }),
    );
  });
});
