/** An action that does what the tests of the wrapper and the runner ask of it, and nothing of the suite's business. */
import type { ActionDefinition } from "@ml-actions/action-kit/action";
import {
  bool,
  choice,
  config,
  duration,
  filePath,
  integer,
  lines,
  list,
  number,
  percentList,
  text,
} from "@ml-actions/action-kit/fields";
import { z } from "zod";
import { behaviours } from "./behaviours.ts";

const inputs = z
  .object({
    behaviour: choice(behaviours).describe("What the action shall do"),
    value: text().optional().describe("A text to do it with"),
    token: text().meta({ secret: true }).optional().describe("A secret"),
    confidence: number({ min: 0.5, max: 1 }).prefault(0.95).describe("A number"),
    count: integer({ min: 0 }).prefault(3).describe("How often"),
    wait: duration({ maxMs: 3_600_000 }).prefault("10m").describe("How long"),
    steps: percentList().prefault("10, 25, 50, 100").describe("Shares"),
    columns: list().optional().describe("Words"),
    rules: lines().prefault("a <= 1").describe("Lines | with a bar"),
    loud: bool().prefault(false).describe("Louder"),
    file: filePath({ inside: "workspace" }).optional().describe("A file of the checkout"),
    config: config(),
  })
  .superRefine((given, context) => {
    if (given.loud && given.value === undefined) {
      context.addIssue({ code: "custom", path: ["value"], message: "is missing: `loud` needs one" });
    }
  });

const outputs = { answer: "What came of it", early: "Known before" };

export type SampleInputs = z.output<typeof inputs>;
export type SampleOutputs = typeof outputs;

export const definition: ActionDefinition<typeof inputs, SampleOutputs> = {
  name: "sample",
  title: "Sample",
  description: "Does what a test asks of it",
  inputs,
  outputs,
  permissions: { contents: "read the checkout" },
  safeOutputs: { early: "unknown" },
  readsConfig: true,
  example: "- uses: org/ml-actions/sample@v1\n  with:\n    behaviour: succeed\n",
  branding: { icon: "box", color: "blue" },
  story: () => import("./sample.ts"),
};
