import type { ActionDefinition } from "@ml-actions/action-kit/action";
import { choice, duration, integer, percentList, text } from "@ml-actions/action-kit/fields";
import { z } from "zod";
import { judgementOutputs } from "../../judgement-outputs.ts";
import { candidate, gates, resource, target } from "../../target-inputs.ts";

const inputs = z.object({
  target: target(),
  resource: resource(),
  candidate: candidate(),
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

const { verdict, metrics, report, evidence } = judgementOutputs;
const outputs = {
  verdict,
  stage: "`promoted`, `restored` or `held`",
  stable: "Digest of the release that serves now",
  metrics,
  report,
  evidence,
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
  permissions: {},
  safeOutputs: { verdict: "inconclusive" },
  example: `- uses: org/ml-actions/deploy@v1
  with:
    resource: flights
    candidate: models/flights-2.onnx
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
