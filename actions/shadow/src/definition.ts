import type { ActionDefinition } from "@ml-actions/action-kit/action";
import { choice, duration, filePath, integer, number } from "@ml-actions/action-kit/fields";
import { findMetric } from "@ml-actions/gates/catalog";
import type { Gate } from "@ml-actions/gates/types";
import { z } from "zod";
import { judgementOutputs, safeJudgement } from "../../judgement-outputs.ts";
import { candidate, gates, resource, target, targetOf } from "../../target-inputs.ts";
import { requestFiles } from "./request-files.ts";

/** A request in a quarter of an hour: slower is no replay. */
const slowest = 0.001;

const inputs = z
  .object({
    target: target(),
    resource: resource(),
    candidate: candidate(),
    mode: choice(["mirror", "replay"])
      .prefault("mirror")
      .describe(
        "`mirror` copies live requests to the candidate, its answers reach nobody; `replay` sends the requests of files to both on this runner, and tests the API's contract field by field",
      ),
    requests: requestFiles()
      .optional()
      .describe(
        'For `replay`: JSON Lines, each `{"request_id": "…", "instances": [{…}]}`. Several files or a pattern (`requests-v*.jsonl`) are several versions of the API\'s contract, named by their files',
      ),
    rate: number({ min: slowest, max: 100_000 })
      .optional()
      .describe(
        "For `replay`: requests a second, each to both sides. Default: as fast as four at a time are answered",
      ),
    tolerance: number({ min: 0 })
      .optional()
      .describe(
        "For `replay`: the most by which a predicted number may differ from stable's. Default: any number is as good as another, and gates judge them",
      ),
    labels: filePath()
      .optional()
      .describe(
        "The truth as far as it is known: a file with the columns `request_id` and `label`. It may grow while the shadow runs",
      ),
    gates: gates("auc >= baseline - 0.01").describe(
      "What must hold for the candidate against stable on the same requests: metrics of the labelled ones, and, without labels, `agreement`, `score_drift`, `latency.pNN`, `nan_rate` and `error_rate`",
    ),
    "min-samples": integer({ min: 1 })
      .prefault(1000)
      .describe(
        "Requests that both sides must have answered (with a label, where a gate needs one) before there is a verdict",
      ),
    "min-coverage": number({ min: 0.5, max: 1 })
      .prefault(0.95)
      .describe(
        "The least share of the requests which stable answered that must be compared. With less there is no verdict: what is lost is not lost at random",
      ),
    duration: duration({ minMs: 1000 }).prefault("10m").describe("The longest that the shadow may take"),
  })
  .superRefine((given, context) => {
    const refuse = (path: string, message: string) =>
      context.addIssue({ code: "custom", path: [path], message });
    const at = targetOf(given);
    if (at !== "local")
      refuse(
        "resource",
        `is for the target \`${at}\`, and shadows in a cluster come later: give a name alone, such as \`flights\`, for \`target: local\``,
      );
    if (given.mode === "replay" && given.requests === undefined)
      refuse("requests", "is missing: `mode: replay` replays the requests of a file");
    for (const name of ["requests", "rate", "tolerance"] as const) {
      if (given.mode === "mirror" && given[name] !== undefined)
        refuse(name, "is only for `mode: replay`; `mirror` takes live requests as they come");
    }
    for (const gate of given.gates) {
      const why = whyNotInShadow(gate);
      if (why !== null) refuse("gates", `"${gate.text}": ${why}`);
    }
  });

/** What can never be judged is said before anything is started. */
function whyNotInShadow({ metric, slice }: Gate): string | null {
  if (slice !== undefined)
    return "a shadow has no slices, because predictions are logged without their inputs; judge slices with `eval-gate`";
  const places = findMetric(metric)?.places ?? [];
  return places.includes("offline") || places.includes("online")
    ? null
    : `${metric} is judged by another action: ${places.join(", ")}`;
}

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
