import { describe, expect, it } from "vitest";
import { authorOf, shownAuthor } from "./authors.ts";

const time = "2026-01-02T04:05:06Z";
const route = (...managedFields: { manager: string; time?: string; fieldsV1?: unknown }[]) => ({
  ...{ apiVersion: "v1", kind: "Service" },
  metadata: {
    name: "flights",
    managedFields: managedFields.map((each) => ({ operation: "Update" as const, ...each })),
  },
});
const rules = { "f:spec": { "f:rules": {} } };

describe("who wrote a field", () => {
  it("is the manager that owns it, the newest of several", () => {
    const others = { manager: "controller", time: "2027-01-01T00:00:00Z", fieldsV1: { "f:status": {} } };
    const older = { manager: "ml-actions", time: "2026-01-02T04:05:05Z", fieldsV1: rules };
    const author = authorOf(route(others, older, { manager: "kubectl-patch", time, fieldsV1: rules }), [
      "spec",
      "rules",
    ]);
    expect(author).toEqual({ who: "kubectl-patch", at: Date.parse(time), ours: false });
    expect(author && shownAuthor(author)).toBe("kubectl-patch at 04:05:06 UTC");
  });

  it("is ours by our manager's name, and may have no time", () => {
    const author = authorOf(route({ manager: "ml-actions", fieldsV1: rules }), ["spec", "rules"]);
    expect(author).toEqual({ who: "ml-actions", at: null, ours: true });
  });

  it("is not known where no manager owns it", () => {
    for (const fieldsV1 of [undefined, null, "rules", { "f:spec": {} }, { "f:spec": null }]) {
      expect(authorOf(route({ manager: "x", fieldsV1 }), ["spec", "rules"])).toBeUndefined();
    }
    expect(authorOf(route(), ["spec"])).toBeUndefined();
  });
});
