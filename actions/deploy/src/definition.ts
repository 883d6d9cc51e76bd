import type { ActionDefinition } from "@ml-actions/action-kit/action";
import { choice, duration, integer, percentList, text } from "@ml-actions/action-kit/fields";
import { z } from "zod";
import { changeInputs, connectionInputs, gitopsInput, telemetryInputs } from "../../cluster-inputs.ts";
import { judgementOutputs } from "../../judgement-outputs.ts";
import { registryInputs, registryProblems } from "../../registry-inputs.ts";
import { gates, localInputs, resource, target, targetOf, targetProblems } from "../../target-inputs.ts";
import { givenOf, trustInputs, trustProblems } from "../../trust-inputs.ts";
import { candidateSource, isForKserve } from "./candidate-source.ts";

const fields = z.object({
  target: target(),
  resource: resource().describe(
    "What serves the model: a name such as `flights` for `target: local`; in a cluster a kind and a name, `httproute/flights` (`deployment`, `httproute`, `virtualservice`, `ksvc`, `inferenceservice`, and kubectl's short names), or many at once, a kind and a label selector, `httproute -l team=search`",
  ),
  candidate: candidateSource().describe(
    "The release that wants to serve. An image (`ghcr.io/org/flights@sha256:…`, `oci:build/image@sha256:…`; a tag is resolved once and its digest printed): its evidence is verified before anything is touched, and what was not proven is not deployed. Or an ONNX file with its contract file beside it (`model.onnx`, `model.contract.json`), which carries no evidence. For KServe also a model that a runtime loads (`s3://models/flights/1.2/@sha256:…`, its address and the digest of its file), or the InferenceService's file that names model or image (`infra/kserve/flights-v2.yaml`; a model's digest in its annotation `ml-actions.github.io/model-digest`): its evidence is verified by the model's digest",
  ),
  "evidence-repository": text()
    .optional()
    .describe(
      "For a model that no image holds: the repository in which `sign` put its evidence, `ghcr.io/org/flights` or `oci:DIR`. Of such a model `require` is `eval` unless told otherwise",
    ),
  ...trustInputs,
  ...registryInputs,
  ...connectionInputs,
  ...changeInputs,
  ...gitopsInput,
  token: text()
    .meta({ secret: true })
    // biome-ignore lint/suspicious/noTemplateCurlyInString: an expression of GitHub's
    .prefault("${{ github.token }}")
    .describe(
      "For `gitops: pull-request`: what opens it. For another repository, that of a GitHub App or person",
    ),
  ...telemetryInputs,
  "max-parallel": integer({ min: 1, max: 100 })
    .prefault(5)
    .describe(
      "For many resources: how many are rolled out at once. The first goes alone, then 2, 4, 8 …; after one that is not promoted nothing more is begun",
    ),
  ...localInputs,
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
    .prefault("5h")
    .describe(
      "The longest that a step may take to come to a verdict. It ends at once where a gate can never be proven by what is counted (buckets too coarse, NaN not counted), and after 10 minutes it goes on only while both sides can be counted and every gate may still be proven in this time; a job on GitHub's runners ends after 6 hours",
    ),
  "on-inconclusive": choice(["restore", "hold"])
    .prefault("restore")
    .describe(
      "What happens when a step comes to no verdict in time: `restore` gives stable all traffic, `hold` leaves the share as it is",
    ),
  bake: duration()
    .prefault("0s")
    .describe("How long the candidate is watched at 100 % before stable is given up"),
});

/** A cluster pulls what it runs. */
function candidateProblems(given: z.output<typeof fields>): { input: string; message: string }[] {
  const { candidate, resource } = given;
  const problem = (message: string) => [{ input: "candidate", message }];
  if (isForKserve(candidate)) {
    if (targetOf(given) !== "kserve" || resource.form === "selected")
      return problem(
        `is for one InferenceService, and \`${resource.text}\` is none: name it (\`inferenceservice/flights\`)`,
      );
    const isModel = candidate.kind === "model" && given["evidence-repository"] === undefined;
    return isModel
      ? [
          {
            input: "evidence-repository",
            message: "is missing: nothing says where the model's evidence lies",
          },
        ]
      : [];
  }
  if (given["evidence-repository"] !== undefined)
    return [
      {
        input: "evidence-repository",
        message: "is for a model that no image holds, and `candidate` is none",
      },
    ];
  if (targetOf(given) === "local") return [];
  if (candidate.kind === "file") {
    return problem(
      `is a file, and \`${resource.text}\` is in a cluster, which runs images: give the digest of the image that \`build\` makes of it (\`ghcr.io/org/flights@sha256:…\`)`,
    );
  }
  return candidate.kind === "image" && candidate.reference.startsWith("oci:")
    ? problem(
        "is an image in a directory, which no cluster can pull from: push it to a registry (`build` does)",
      )
    : [];
}

/** An image is believed for what somebody signed; a file is signed by nobody, and to ask who did would promise more. */
const inputs = fields.superRefine((given, context) => {
  const problems: { input: string; message: string }[] = [
    ...registryProblems(given),
    ...targetProblems(given),
    ...candidateProblems(given),
  ];
  if (given.candidate.kind !== "file") problems.push(...trustProblems(given));
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
    "`promoted`, `restored` or `held`; `refused` when the image's evidence was not what is asked for: then nothing was touched. Of many resources the worst, where also `failed` (it ended with an error) and `not-begun` are possible. `committed` with `gitops: commit` or `pull-request`, where it is in a commit and nothing was moved or judged",
  branch: "With `gitops: commit` or `pull-request`: the branch that holds the release, to be merged",
  "pull-request": "With `gitops: pull-request`: its page",
  image: "The image by digest, when the candidate is one",
  verification:
    "Path of the verification summary of that image (SLSA VSA); the state of the target keeps its digest",
  stable: "Digest of the release that serves now",
  results:
    "Of many resources: JSON, in the order of the waves, `[{resource, wave, stage, verdict, reason, tookMs, settledMs, guard, stable, metrics, report, evidence, configuration}]`; those four files are set there, one for each, and `verdict` and `stage` are the worst",
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
    contents: "`write`, to push the branch; only with `gitops: commit` or `pull-request`",
    "pull-requests": "`write`, to open it; only with `gitops: pull-request`",
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
