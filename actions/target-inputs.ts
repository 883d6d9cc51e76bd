/** The inputs that every action on a target has: said once, so that they mean the same everywhere. */
import { choice, filePath, integer, lines, orProblem, text } from "@ml-actions/action-kit/fields";
import { assertGatesApply, type Place } from "@ml-actions/gates/catalog";
import { parseGates } from "@ml-actions/gates/language";
import type { z } from "zod";
import { changeInputs, connectionInputs, gitopsInput, telemetryInputs } from "./cluster-inputs.ts";
import { clusterTargets, kinds, parseResource, type Resource } from "./resource.ts";

const targetNames = ["local", ...clusterTargets] as const;
export type TargetName = (typeof targetNames)[number];

export const target = () =>
  choice(targetNames)
    .optional()
    .describe(
      "Where releases run. Default: what the kind in `resource` says, and `local` for a name alone, which runs them as processes on this machine behind a weighted, mirroring proxy",
    );

export const resource = () =>
  text()
    .transform(orProblem(parseResource))
    .describe(
      "What serves the model: a name such as `flights` for `target: local`; in a cluster a kind and a name, `httproute/flights` (`deployment`, `httproute`, `virtualservice`, `ksvc`, `inferenceservice`, and kubectl's short names)",
    );

/** For the action that may be the first on `local`. */
export const localInputs = {
  "local-port": integer({ min: 0, max: 65535 })
    .prefault(8080)
    .describe("For `target: local`: the port that traffic comes in on; `0` takes a free one"),
  "local-state": text()
    .optional()
    .describe(
      "For `target: local`: the directory that holds its state. Default: `ml-actions-local` under `RUNNER_TEMP`",
    ),
};

export const candidate = () =>
  filePath().describe(
    "The release that wants to serve: an ONNX file with its contract file beside it (`model.onnx`, `model.contract.json`)",
  );

/**
 * A gate a line, or separated by commas.
 *
 * @param place where its metrics must be had; left out, any place will do
 */
export const gates = (defaults: string, place?: Place) =>
  lines()
    .transform(
      orProblem((written) => {
        const parsed = parseGates(written.join("\n"));
        if (place !== undefined) assertGatesApply(parsed, { place });
        return parsed;
      }),
    )
    .prefault(defaults);

/** What is asked of these inputs together; those that an action does not have are left out. */
export interface TargetInputs {
  target?: TargetName | undefined;
  resource?: Resource | undefined;
}

/** Where it is meant: what the resource's kind says, else `target`, else `local`. */
export function targetOf({ target: given, resource: named }: TargetInputs): TargetName {
  return named === undefined || named.form === "plain" ? (given ?? "local") : named.target;
}

/** Of these inputs those that were given something else than the default: the runner hands the defaults of action.yml
 * over as if they had been given. */
function givenAmong(
  inputs: Readonly<Record<string, z.ZodType>>,
  given: Readonly<Record<string, unknown>>,
): string[] {
  return Object.entries(inputs).flatMap(([input, field]) => {
    const value = given[input];
    const isDefault = JSON.stringify(value) === JSON.stringify(field.safeParse(undefined).data);
    return value === undefined || isDefault ? [] : [input];
  });
}

const clusterInputs: Readonly<Record<string, z.ZodType>> = {
  ...connectionInputs,
  ...changeInputs,
  ...gitopsInput,
  ...telemetryInputs,
};

interface Problem {
  input: string;
  message: string;
}

/** What is wrong with the inputs of a target together; for `superRefine`. */
export function targetProblems(given: TargetInputs & Readonly<Record<string, unknown>>): Problem[] {
  const { target: said, resource: named } = given;
  const meant = targetOf(given);
  const problems: Problem[] = [];
  if (named !== undefined && named.form !== "plain" && said !== undefined && said !== named.target) {
    problems.push({
      input: "target",
      message: `is \`${said}\`, but ${kinds[named.target].kind}s such as \`${named.text}\` are for \`${named.target}\`: correct one of them, or leave \`target\` out`,
    });
  }
  return [...problems, ...(meant === "local" ? localProblems(given) : clusterProblems(given))];
}

function localProblems(given: Readonly<Record<string, unknown>>): Problem[] {
  return givenAmong(clusterInputs, given).map((input) => ({
    input,
    message:
      "is for a cluster, and the target is `local`: name the resource with its kind (`httproute/flights`), or remove it",
  }));
}

function clusterProblems(given: TargetInputs & Readonly<Record<string, unknown>>): Problem[] {
  const problems: Problem[] = givenAmong(localInputs, given).map((input) => ({
    input,
    message: `is for \`target: local\`, and the target is \`${targetOf(given)}\`: remove it`,
  }));
  const { telemetry, prometheus, queries, guard } = given;
  if (telemetry === "prometheus" && prometheus === undefined)
    problems.push({
      input: "prometheus",
      message: "is missing: `telemetry: prometheus` needs to know which",
    });
  if (telemetry === "pods" && prometheus !== undefined)
    problems.push({
      input: "prometheus",
      message: "is given beside `telemetry: pods`, which asks none: remove one of them",
    });
  if (queries !== undefined && prometheus === undefined)
    problems.push({ input: "queries", message: "is given without `prometheus`, which would answer it" });
  if (guard === "off" && given["guard-image"] !== undefined)
    problems.push({ input: "guard-image", message: "is given beside `guard: off`: remove one of them" });
  return problems;
}
