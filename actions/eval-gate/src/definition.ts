import type { ActionDefinition } from "@ml-actions/action-kit/action";
import { choice, config, filePath, list, number, text } from "@ml-actions/action-kit/fields";
import { decisionRules } from "@ml-actions/gates/types";
import { z } from "zod";
import { connectionInputs } from "../../cluster-inputs.ts";
import { judgementOutputs, safeJudgement } from "../../judgement-outputs.ts";
import { registryInputs, registryProblems } from "../../registry-inputs.ts";
import { isImage } from "../../release-source.ts";
import { gates, resource, type TargetInputs, target, targetOf, targetProblems } from "../../target-inputs.ts";
import { trustInputs } from "../../trust-inputs.ts";

const { identity, issuer, key } = trustInputs;

const inputs = z
  .object({
    gates: gates("f1 >= baseline - 0.02", "offline").describe(
      "What must hold, one gate a line: `<metric> <op> <bound>`, such as `auc{carrier=*} >= baseline - 0.01`, `accuracy >= 0.85` or `latency.p95 <= 50ms`. A rule in brackets, `[prove]`, is for that gate alone",
    ),
    "decision-rule": choice(decisionRules)
      .prefault("estimate")
      .describe(
        "How an interval becomes a verdict: `estimate` looks at the point estimate alone, `refute` fails only when the regression is proven, `prove` passes only when non-inferiority is proven",
      ),
    confidence: number({ min: 0.5, max: 0.9999 }).prefault(0.95).describe("Confidence of the intervals"),
    dataset: filePath()
      .optional()
      .describe(
        "Labelled rows to evaluate on: CSV, Parquet or JSON Lines, read as a stream. Named `dataset_vYYYYMMDD`, its version is in the evidence. It may lack labels when every gate can do without (`agreement`, `score_drift`, `nan_rate`, `latency.pNN`)",
      ),
    schema: filePath()
      .optional()
      .describe(
        "Schema of the dataset, to check it against. Default: `<dataset>.schema.json`, if it lies beside the dataset",
      ),
    label: text()
      .optional()
      .describe("The column that holds the truth. Default: the contract's, else the schema's, else `label`"),
    "positive-label": text()
      .optional()
      .describe(
        "The value that counts as positive, for a binary model. Default: the contract's, else `1` or `true`",
      ),
    weight: text()
      .optional()
      .describe(
        "The column of row weights, numbers from 0 on: a row of weight 2 counts as two. Default: every row counts once",
      ),
    group: text()
      .optional()
      .describe(
        "The column of query ids. Given, rows are ranked within their query by score, labels are relevances from 0 on, and the gates are those of a ranking (`ndcg@10`, `mrr`)",
      ),
    threshold: number({ min: 0, max: 1 })
      .optional()
      .describe("The score from which a binary prediction is positive. Default: the contract's, else 0.5"),
    model: filePath()
      .optional()
      .describe(
        "The candidate: an ONNX file with its contract file beside it (`model.onnx`, `model.contract.json`)",
      ),
    baseline: text()
      .optional()
      .describe(
        "What to compare with: an ONNX file, a metrics JSON of an earlier run, an image such as `ghcr.io/org/flights@sha256:…` (what runs elsewhere), or `deployed` (what is stable at `resource`). A release from an image is run on the same rows, which compares row by row; where it cannot be run (`predictions`, no model to be had) the metrics of its signed evidence are the baseline, verified by `key` or `identity`",
      ),
    target: target(),
    resource: resource()
      .optional()
      .describe(
        "For `baseline: deployed`: what serves the model, `flights` on `target: local`, `httproute/flights` in a cluster. Default: the only one that is deployed on `local`",
      ),
    ...connectionInputs,
    key: key.describe(
      "For a baseline from an image whose evidence is signed with a key: its public half, a path or the PEM text",
    ),
    identity: identity.describe(
      "For a baseline from an image whose evidence was signed without a key: the workflow that signed it, exact or with `*`, such as `https://github.com/OWNER/REPO/.github/workflows/deliver.yml@refs/heads/main`",
    ),
    issuer,
    "trusted-root": trustInputs["trusted-root"],
    "tuf-url": trustInputs["tuf-url"],
    ...registryInputs,
    predictions: filePath()
      .optional()
      .describe(
        "Instead of models: a file with the columns `label`, `candidate` and, where gates compare, `baseline`",
      ),
    slices: list()
      .optional()
      .describe("Columns to report the metrics by, each value a slice: `carrier, origin`"),
    config: config(),
  })
  .superRefine((given, context) => {
    const problem = (input: string, message: string) =>
      context.addIssue({ code: "custom", path: [input], message });
    for (const { input, message } of [
      ...registryProblems(given),
      ...signerProblems(given),
      ...deployedProblems(given),
    ])
      problem(input, message);
    if (given.predictions !== undefined) {
      for (const other of ["model", "dataset"] as const) {
        if (given[other] !== undefined) {
          problem(
            other,
            "is given beside `predictions`: give either `predictions`, or `model` and `dataset`",
          );
        }
      }
      return;
    }
    if (given.model === undefined)
      problem("model", "is missing: give `model` and `dataset`, or `predictions`");
    if (given.dataset === undefined)
      problem("dataset", "is missing: give `model` and `dataset`, or `predictions`");
  });

type Signers = Partial<
  Record<"baseline" | "key" | "identity" | "trusted-root" | "tuf-url", string | undefined>
>;

/** Who signs is asked for one thing alone; where it cannot be asked, its being given is a mistake. */
function signerProblems(given: Signers): { input: keyof Signers; message: string }[] {
  const { baseline, key, identity } = given;
  if (baseline === undefined || (baseline !== "deployed" && !isImage(baseline))) {
    return (["key", "identity"] as const)
      .filter((input) => given[input] !== undefined)
      .map((input) => ({
        input,
        message: "is for a baseline from an image: give `baseline: deployed` or an image, or remove it",
      }));
  }
  const both = (input: keyof Signers, other: string) => ({
    input,
    message: `is given beside \`${other}\`: remove one of them`,
  });
  return [
    ...(key !== undefined && identity !== undefined ? [both("key", "identity")] : []),
    ...(given["trusted-root"] !== undefined && given["tuf-url"] !== undefined
      ? [both("trusted-root", "tuf-url")]
      : []),
  ];
}

/** Which place is meant, is asked for one thing alone as well. */
function deployedProblems(
  given: TargetInputs & { baseline?: string | undefined },
): { input: string; message: string }[] {
  if (given.baseline !== "deployed") {
    return (["target", "resource"] as const)
      .filter((input) => given[input] !== undefined)
      .map((input) => ({ input, message: "is for `baseline: deployed`: give that, or remove it" }));
  }
  const problems = targetProblems({ ...given });
  if (given.resource?.form === "selected")
    problems.push({ input: "resource", message: "selects many, and a baseline is one: name it" });
  if (given.resource === undefined && targetOf(given) !== "local")
    problems.push({
      input: "resource",
      message: "is missing: `target` is a cluster, where many may be deployed",
    });
  return problems;
}

export type EvalGateInputs = z.output<typeof inputs>;
export type EvalGateOutputs = typeof judgementOutputs;

export const definition: ActionDefinition<typeof inputs, EvalGateOutputs> = {
  name: "eval-gate",
  title: "Evaluate a model and gate on it",
  description:
    "Compares a candidate model with a baseline on labelled data and fails the job when a gate does not hold",
  inputs,
  outputs: judgementOutputs,
  permissions: {
    packages:
      "`read`, to pull from GitHub's registry (ghcr.io) with `GITHUB_TOKEN` as `password`; only with an image as `baseline`, or one that is deployed",
  },
  safeOutputs: safeJudgement,
  readsConfig: true,
  example: `- uses: org/ml-actions/eval-gate@v1
  with:
    model: models/flights-2.onnx
    baseline: models/flights-1.onnx
    dataset: data/dataset_v20131231.parquet
    threshold: 0.25
    slices: carrier, origin
    gates: |
      auc >= baseline - 0.01
      f1 >= baseline - 0.02
      latency.p95 <= 50ms
`,
  branding: { icon: "check-circle", color: "green" },
  story: async () => ({ run: (await import("./eval-gate.ts")).evalGate }),
};
