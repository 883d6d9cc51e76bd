import type { Api, KubeObject } from "@ml-actions/cluster/types";
import { describe, expect, it } from "vitest";
import { guardBundle } from "./guard-bundle.ts";

/** One ConfigMap, as the API keeps it. */
function apiWith(present: KubeObject | null) {
  let kept = present;
  const api = {
    get: async () => kept,
    create: async (object: KubeObject) => {
      kept = object;
      return object;
    },
  };
  return { api: api as unknown as Api, kept: () => kept };
}

describe("the guard's program in the cluster", () => {
  it("is put there once, and taken as it is when it is ours", async () => {
    const { api, kept } = apiWith(null);
    await guardBundle(api, "search", "// a guard").ensure();
    const first = kept();
    await guardBundle(api, "search", "// a guard").ensure();
    expect(kept()).toBe(first);
    expect(JSON.stringify(first)).toContain("// a guard");
  });

  it.for(["another program", "one that can be changed"])(
    "is not run when somebody has put %s there",
    async (what) => {
      const made = apiWith(null);
      await guardBundle(made.api, "search", "// a guard").ensure();
      const planted = structuredClone(made.kept()) as KubeObject & { immutable?: boolean };
      if (what === "another program") planted.data = { "guard.mjs": "// steals" };
      else delete planted.immutable;
      const bundle = guardBundle(apiWith(planted).api, "search", "// a guard");
      await expect(bundle.ensure()).rejects.toMatchObject({
        code: "conflict",
        remedy: expect.stringMatching(/managedFields/),
      });
      const job = { apiVersion: "batch/v1", kind: "Job", metadata: { name: "guard", uid: "1" } };
      await expect(bundle.own(job)).rejects.toMatchObject({ code: "conflict" });
    },
  );
});
