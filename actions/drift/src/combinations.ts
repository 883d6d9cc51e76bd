/** Which inputs go together: said before anything is read, so that no alert is found to lead nowhere on the day of need. */
import { assertDriftGates } from "@ml-actions/gates/drift";
import { GatesError } from "@ml-actions/gates/error";
import type { Gate } from "@ml-actions/gates/types";
import type { ReleaseSource } from "../../release-source.ts";
import type { Resource } from "../../resource.ts";
import { type TargetName, targetOf } from "../../target-inputs.ts";
import type { Response } from "./responses.ts";
import type { RetrainAddress } from "./retrain-address.ts";

/** What of the inputs is looked at; a field is undefined where it was left out or is wrong by itself. */
interface Given {
  gates: readonly Gate[];
  columns?: readonly string[] | undefined;
  predictions?: string | undefined;
  "on-drift": readonly Response[];
  "slack-webhook"?: string | undefined;
  "pagerduty-routing-key"?: string | undefined;
  "retrain-workflow"?: RetrainAddress | undefined;
  target?: TargetName | undefined;
  fallback?: ReleaseSource | undefined;
  resource?: Resource | undefined;
}

export interface Problem {
  input: string;
  message: string;
}

export function problemsOf(given: Given): Problem[] {
  return [...problemsOfResponses(given), ...problemsOfGates(given)];
}

function problemsOfResponses(given: Given): Problem[] {
  const asked = (response: Response) => given["on-drift"].includes(response);
  const problems: Problem[] = [];
  const problem = (input: string, message: string) => void problems.push({ input, message });
  const missing = (response: Response, what: string) =>
    problem("on-drift", `\`${response}\` needs ${what}, which is not given`);
  const idle = (input: keyof Given, response: Response) => {
    if (given[input] !== undefined && !asked(response))
      problem("on-drift", `has no \`${response}\`, but \`${input}\` is given: it would never be used`);
  };

  if (asked("alert")) {
    if (given["slack-webhook"] === undefined && given["pagerduty-routing-key"] === undefined)
      missing("alert", "a receiver: `slack-webhook` or `pagerduty-routing-key`");
  }
  if (asked("retrain") && given["retrain-workflow"] === undefined) missing("retrain", "`retrain-workflow`");
  if (asked("degrade")) {
    if (given.fallback === undefined) missing("degrade", "`fallback`");
    if (given.resource === undefined) missing("degrade", "`resource`");
    problems.push(...problemsOfFallback(given));
  }
  idle("slack-webhook", "alert");
  idle("pagerduty-routing-key", "alert");
  idle("retrain-workflow", "retrain");
  idle("fallback", "degrade");
  return problems;
}

function problemsOfFallback({ target, resource, fallback }: Given): Problem[] {
  const problems: Problem[] = [];
  if (resource?.form === "selected")
    problems.push({ input: "resource", message: "selects many, and `degrade` degrades one: name it" });
  const isLocal = targetOf({ target, resource }) === "local";
  if (fallback?.kind === "image" && isLocal)
    problems.push({
      input: "fallback",
      message:
        "is an image, and `degrade` on `target: local` takes an ONNX file with its contract file beside it",
    });
  if (fallback?.kind === "file" && !isLocal)
    problems.push({
      input: "fallback",
      message: "is a file, and a cluster runs images: give one by digest that was stable there before",
    });
  return problems;
}

function problemsOfGates({ gates, columns, predictions }: Given): Problem[] {
  const problems: Problem[] = [];
  const problem = (input: string, message: string) => void problems.push({ input, message });
  const estimated = gates.filter(isEstimated);
  if (predictions === undefined && estimated.length > 0) {
    problem("gates", `${texts(estimated)} needs \`predictions\`, which are not given`);
  }
  if (predictions !== undefined && estimated.length === 0) {
    problem(
      "predictions",
      "is given, but no gate asks for `estimated_f1`, `estimated_auc` or `estimated_accuracy`",
    );
  }
  try {
    assertDriftGates(gates);
  } catch (error) {
    if (!(error instanceof GatesError)) throw error;
    problem("gates", `${error.message}\n${error.remedy}`);
  }
  const known = columns === undefined ? null : new Set(columns);
  for (const { slice, text } of gates) {
    if (slice?.column === "feature" && !slice.every && known?.has(slice.value) === false)
      problem("gates", `\`${text}\`: \`${slice.value}\` is not among \`columns\``);
  }
  return problems;
}

export const isEstimated = ({ metric }: Pick<Gate, "metric">): boolean => metric.startsWith("estimated_");

const texts = (gates: readonly Gate[]) => gates.map(({ text }) => `\`${text}\``).join(", ");
