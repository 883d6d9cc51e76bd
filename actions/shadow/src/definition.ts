import type { ActionDefinition } from "@ml-actions/action-kit/action";
import { choice, duration, filePath, integer } from "@ml-actions/action-kit/fields";
import { z } from "zod";
import { judgementOutputs, safeJudgement } from "../../judgement-outputs.ts";
import { candidate, gates, resource, target } from "../../target-inputs.ts";

const inputs = z
  .object({
    target: target(),
    resource: resource(),
    candidate: candidate(),
    mode: choice(["mirror", "replay"])
      .prefault("mirror")
      .describe(
        "`mirror` copies live requests to the candidate, its answers reach nobody; `replay` sends the requests of a file to both",
      ),
    requests: filePath()
      .optional()
      .describe('For `replay`: JSON Lines, each `{"request_id": "…", "instances": [{…}]}`'),
    labels: filePath()
      .optional()
      .describe(
        "The truth as far as it is known: a file with the columns `request_id` and `label`. It may grow while the shadow runs",
      ),
    gates: gates("auc >= baseline - 0.01").describe(
      "What must hold for the candidate against stable on the same requests: metrics of the labelled ones, and `error_rate`, `nan_rate`, `latency.pNN`",
    ),
    "min-samples": integer({ min: 1 })
      .prefault(1000)
      .describe(
        "Requests that both sides must have answered (with a label, where a gate needs one) before there is a verdict",
      ),
    duration: duration({ minMs: 1000 }).prefault("10m").describe("The longest that the shadow may take"),
  })
  .superRefine((given, context) => {
    if (given.mode === "replay" && given.requests === undefined) {
      context.addIssue({
        code: "custom",
        path: ["requests"],
        message: "is missing: `mode: replay` replays the requests of a file",
      });
    }
    if (given.mode === "mirror" && given.requests !== undefined) {
      context.addIssue({
        code: "custom",
        path: ["requests"],
        message: "is only for `mode: replay`; `mirror` takes live requests",
      });
    }
  });

export type ShadowInputs = z.output<typeof inputs>;
export type ShadowOutputs = typeof judgementOutputs;

export const definition: ActionDefinition<typeof inputs, ShadowOutputs> = {
  name: "shadow",
  title: "Compare a model in the shadow of production",
  description:
    "Lets a candidate answer the requests that stable answers, with nobody seeing its answers, and gates on the difference",
  inputs,
  outputs: judgementOutputs,
  permissions: {},
  safeOutputs: safeJudgement,
  example: `- uses: org/ml-actions/shadow@v1
  with:
    resource: flights
    candidate: models/flights-2.onnx
    labels: labels.csv
    gates: |
      auc >= baseline - 0.02
      nan_rate <= 0.001
`,
  branding: { icon: "copy", color: "gray-dark" },
  story: async () => ({ run: (await import("./shadow.ts")).shadow }),
};
