/** The inputs that every action on a target has: said once, so that they mean the same everywhere. */
import { choice, filePath, lines, orProblem, text } from "@ml-actions/action-kit/fields";
import { assertGatesApply, type Place } from "@ml-actions/gates/catalog";
import { parseGates } from "@ml-actions/gates/language";
import { targetNames } from "@ml-actions/rollout/targets/names";

export const target = () =>
  choice(targetNames)
    .prefault("local")
    .describe(
      "Where releases run. `local` runs them as processes on this machine behind a weighted, mirroring proxy",
    );

export const resource = () =>
  text()
    .transform((name) => name.trim())
    .refine((name) => /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(name), {
      error: "expected a name of lower-case letters, digits and `-`, at most 63 long, such as `flights`",
    })
    .describe("The name of what serves the model there, such as `flights`");

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
