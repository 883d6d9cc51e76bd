import type { ActionDefinition } from "@ml-actions/action-kit/action";
import { text } from "@ml-actions/action-kit/fields";
import { z } from "zod";
import { resource, target } from "../../target-inputs.ts";

const inputs = z.object({
  target: target(),
  resource: resource(),
  to: text()
    .prefault("previous")
    .transform((to) => to.trim())
    .refine((to) => to === "previous" || /^sha256:[0-9a-f]{64}$/.test(to), {
      error: "expected `previous` or a digest such as `sha256:` and 64 hexadecimal digits",
    })
    .describe("`previous`, or the digest of a release that was stable here before"),
});

const outputs = {
  restored: "Digest of the release that serves now",
  report: "Path of the HTML report",
};

export type RollbackInputs = z.output<typeof inputs>;
export type RollbackOutputs = typeof outputs;

export const definition: ActionDefinition<typeof inputs, RollbackOutputs> = {
  name: "rollback",
  title: "Roll back to a release that was stable",
  description:
    "Gives all traffic back to a release that was in production before, at once; stops a rollout that is under way",
  inputs,
  outputs,
  permissions: {},
  safeOutputs: {},
  example: `- uses: org/ml-actions/rollback@v1
  with:
    resource: flights
    to: previous
`,
  branding: { icon: "rewind", color: "orange" },
  story: async () => ({ run: (await import("./rollback.ts")).rollback }),
};
