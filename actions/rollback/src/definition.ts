import type { ActionDefinition } from "@ml-actions/action-kit/action";
import { text } from "@ml-actions/action-kit/fields";
import { z } from "zod";
import { resource, target } from "../../target-inputs.ts";

const inputs = z.object({
  target: target(),
  resource: resource(),
  to: text()
    .prefault("previous")
    // Of an image only the digest counts: what it names was kept here when it was deployed.
    .transform((to) => to.trim().replace(/^\S+@(?=sha256:)/, ""))
    .refine((to) => to === "previous" || /^sha256:[0-9a-f]{64}$/.test(to), {
      error:
        "expected `previous`, a digest such as `sha256:` and 64 hexadecimal digits, or an image by digest",
    })
    .describe(
      "`previous`, or a release that was stable here before: its digest, or its image by digest (`ghcr.io/org/flights@sha256:…`). Neither registry nor evidence is needed; what never was stable here is for `deploy`",
    ),
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
