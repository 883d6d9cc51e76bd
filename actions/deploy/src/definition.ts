import type { ActionDefinition } from "@ml-actions/action-kit/action";
import { choice, duration, integer, percentList, text } from "@ml-actions/action-kit/fields";
import { z } from "zod";
import { judgementOutputs } from "../../judgement-outputs.ts";
import { registryInputs, registryProblems } from "../../registry-inputs.ts";
import { fileOrImage } from "../../release-source.ts";
import { gates, resource, target } from "../../target-inputs.ts";
import { givenOf, trustInputs, trustProblems } from "../../trust-inputs.ts";

const fields = z.object({
  target: target(),
  resource: resource(),
  candidate: fileOrImage().describe(
    "The release that wants to serve. An image (`ghcr.io/org/flights@sha256:…`, `oci:build/image@sha256:…`; a tag is resolved once and its digest printed): its evidence is verified before anything is touched, and what was not proven is not deployed. Or an ONNX file with its contract file beside it (`model.onnx`, `model.contract.json`), which carries no evidence",
  ),
  ...trustInputs,
  ...registryInputs,
  "local-port": integer({ min: 0, max: 65535 })
    .prefault(8080)
    .describe("For `target: local`: the port that traffic comes in on; `0` takes a free one"),
  "local-state": text()
    .optional()
    .describe(
      "For `target: local`: the directory that holds its state. Default: `ml-actions-local` under `RUNNER_TEMP`",
    ),
  steps: percentList()
    .prefault("10, 25, 50, 100")
    .describe("The candidate's share of traffic, step by step, in percent"),
  gates: gates(
    "error_rate <= baseline + 0.01, latency.p99 <= baseline * 1.5, nan_rate <= baseline + 0.005",
    "online",
  ).describe(
    "What must be proven for the candidate at each step before its share grows. A rule in brackets is for that gate alone: with `[refute]` the share grows unless the gate is proven broken",
  ),
  interval: duration({ minMs: 100 }).prefault("10s").describe("How often both sides are looked at"),
  "min-samples": integer({ min: 1 })
    .optional()
    .describe("Requests that each side must have answered at each step, beyond what the gates ask for"),
  "step-timeout": duration({ minMs: 1000 })
    .prefault("10m")
    .describe("The longest that a step may take to come to a verdict"),
  "on-inconclusive": choice(["restore", "hold"])
    .prefault("restore")
    .describe(
      "What happens when a step comes to no verdict in time: `restore` gives stable all traffic, `hold` leaves the share as it is",
    ),
  bake: duration()
    .prefault("0s")
    .describe("How long the candidate is watched at 100 % before stable is given up"),
});

/** An image is believed for what somebody signed; a file is signed by nobody, and to ask who did would promise more. */
const inputs = fields.superRefine((given, context) => {
  const problems: { input: string; message: string }[] = [...registryProblems(given)];
  if (given.candidate.kind === "image") problems.push(...trustProblems(given));
  else {
    const asked = [...givenOf(given), ...(given.username === undefined ? [] : ["username"])];
    for (const input of asked) {
      problems.push({
        input,
        message:
          "is given, but `candidate` is a file, which carries no evidence: give the image that `build` made, or remove it",
      });
    }
  }
  for (const { input, message } of problems) {
    context.addIssue({ code: "custom", path: [input], message });
  }
});

const { verdict, metrics, report, evidence, configuration } = judgementOutputs;
const outputs = {
  verdict,
  stage:
    "`promoted`, `restored` or `held`; `refused` when the image's evidence was not what is asked for: then nothing was touched",
  image: "The image by digest, when the candidate is one",
  verification:
    "Path of the verification summary of that image (SLSA VSA); the state of the target keeps its digest",
  stable: "Digest of the release that serves now",
  metrics,
  report,
  evidence,
  configuration,
};

export type DeployInputs = z.output<typeof inputs>;
export type DeployOutputs = typeof outputs;

export const definition: ActionDefinition<typeof inputs, DeployOutputs> = {
  name: "deploy",
  title: "Deploy a model step by step",
  description:
    "Shifts traffic to a candidate step by step, and gives it all back to stable by itself when the candidate is worse",
  inputs,
  outputs,
  permissions: {
    packages:
      "`read`, to pull from GitHub's registry (ghcr.io) with `GITHUB_TOKEN` as `password`; only with an image as `candidate`",
  },
  safeOutputs: { verdict: "inconclusive" },
  example: `- uses: org/ml-actions/deploy@v1
  with:
    resource: flights
    candidate: \${{ steps.build.outputs.image }}
    identity: https://github.com/octo-org/flights/.github/workflows/deliver.yml@refs/heads/main
    steps: 10, 25, 50, 100
    gates: |
      error_rate <= baseline + 0.01
      latency.p99 <= baseline * 1.5
      nan_rate <= baseline + 0.005
`,
  branding: { icon: "trending-up", color: "blue" },
  story: async () => {
    const { deploy, cleanUp } = await import("./deploy.ts");
    return { run: deploy, cleanUp };
  },
};
