import type { ActionDefinition } from "@ml-actions/action-kit/action";
import { integer, text } from "@ml-actions/action-kit/fields";
import { z } from "zod";
import { changeInputs, connectionInputs } from "../../cluster-inputs.ts";
import { registryInputs, registryProblems } from "../../registry-inputs.ts";
import { resource, target, targetProblems } from "../../target-inputs.ts";
import { givenOf, trustInputs, trustProblems } from "../../trust-inputs.ts";

const inputs = z
  .object({
    target: target(),
    resource: resource().describe(
      "What serves the model: a name such as `flights` for `target: local`; in a cluster a kind and a name, `httproute/flights`, or many at once, a kind and a label selector, `httproute -l team=search`",
    ),
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
    ...connectionInputs,
    ...changeInputs,
    "max-parallel": integer({ min: 1, max: 100 })
      .prefault(5)
      .describe("For many resources: how many are rolled back at once"),
    ...trustInputs,
    require: trustInputs.require.describe(
      "Where `key`, `identity` or a `policy` says who signs: the evidence that the image gone back to must carry. Without them nothing is asked: it was in production before",
    ),
    ...registryInputs,
  })
  .superRefine((given, context) => {
    const problems = [
      ...targetProblems(given),
      ...registryProblems(given),
      ...(givenOf(given).length === 0 ? [] : trustProblems(given)),
    ];
    for (const { input, message } of problems) {
      context.addIssue({ code: "custom", path: [input], message });
    }
  });

const outputs = {
  restored: "Digest of the release that serves now",
  report: "Path of the HTML report",
  results: "Of many resources: JSON, `[{resource, restored, report, error}]`, the first two above left unset",
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
    resource: httproute/flights
    namespace: search
    to: previous
`,
  branding: { icon: "rewind", color: "orange" },
  story: async () => ({ run: (await import("./rollback.ts")).rollback }),
};
