import type { ActionDefinition } from "@ml-actions/action-kit/action";
import { choice, duration, filePath, integer, number } from "@ml-actions/action-kit/fields";
import { findMetric } from "@ml-actions/gates/catalog";
import type { Gate } from "@ml-actions/gates/types";
import { z } from "zod";
import { changeInputs, connectionInputs, telemetryInputs } from "../../cluster-inputs.ts";
import { judgementOutputs, safeJudgement } from "../../judgement-outputs.ts";
import { registryInputs, registryProblems } from "../../registry-inputs.ts";
import { fileOrImage } from "../../release-source.ts";
import { gates, resource, target, targetOf, targetProblems } from "../../target-inputs.ts";
import { requestFiles } from "./request-files.ts";

/** A request in a quarter of an hour: slower is no replay. */
const slowest = 0.001;

const { guard, "guard-image": guardImage, container } = changeInputs;

const inputs = z
  .object({
    target: target(),
    resource: resource(),
    candidate: fileOrImage().describe(
      "The release that wants to serve: an image (`ghcr.io/org/flights@sha256:…`; a tag is resolved once and its digest printed), which a cluster needs to mirror, or an ONNX file with its contract file beside it (`model.onnx`, `model.contract.json`)",
    ),
    ...registryInputs,
    ...connectionInputs,
    guard,
    "guard-image": guardImage,
    container,
    ...telemetryInputs,
    mode: choice(["mirror", "replay"])
      .prefault("mirror")
      .describe(
        "`mirror` copies live requests to the candidate, its answers reach nobody; `replay` sends the requests of files to both on this runner, and tests the API's contract field by field",
      ),
    percent: integer({ min: 1, max: 100 })
      .prefault(100)
      .describe("For `mirror`: the share of stable's requests that is copied to the candidate, in percent"),
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
    for (const { input, message } of [...registryProblems(given), ...targetProblems(given)])
      refuse(input, message);
    if (given.resource.form === "selected")
      refuse("resource", "selects many, and a shadow compares one release with one: name a resource");
    const why = whyNoMirror(given);
    if (given.mode === "mirror" && why !== null) refuse(...why);
    if (given.mode === "replay" && given.percent !== 100)
      refuse("percent", "is only for `mode: mirror`; `replay` sends every request to both sides");
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

/** Where requests cannot be copied, and what can be done there: the rest shows when the target is opened. */
function whyNoMirror(
  given: Pick<z.output<typeof inputs>, "target" | "resource" | "candidate">,
): ["resource" | "candidate", string] | null {
  const at = targetOf(given);
  if (at === "knative")
    return [
      "resource",
      "is a Knative Service, and Knative sends each request to one Revision, so that none can be copied: use `mode: replay`, which sends recorded requests to both releases on this runner",
    ];
  if (at === "local" || given.candidate.kind === "image") return null;
  return [
    "candidate",
    `is a file, and \`${given.resource.text}\` is in a cluster, which runs images: give the digest of the image that \`build\` makes of it (\`ghcr.io/org/flights@sha256:…\`), or use \`mode: replay\``,
  ];
}

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
  permissions: {
    packages:
      "`read`, to pull from GitHub's registry (ghcr.io) with `GITHUB_TOKEN` as `password`; only with an image as `candidate`",
  },
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
