/** The targets that there are: one factory for every name in `names.ts`. The contract tests run over this record. */
import { RolloutError } from "../error.ts";
import type { LocalOptions, LocalTarget } from "./local.ts";
import { type TargetName, targetNames } from "./names.ts";

export { type TargetName, targetNames } from "./names.ts";
export type { OpenTarget, Prediction } from "./open-target.ts";

export interface TargetOptions {
  local: LocalOptions;
}
export interface OpenTargets {
  local: LocalTarget;
}
export type TargetFactory<Name extends TargetName> = (
  options: TargetOptions[Name],
) => Promise<OpenTargets[Name]>;

export const targets: { [Name in TargetName]: TargetFactory<Name> } = {
  local: async (options) => (await import("./local.ts")).openLocal(options),
};

/** Rejects with `unknown-target` naming those that there are. */
export async function openTarget<Name extends TargetName>(
  name: Name,
  options: TargetOptions[Name],
): Promise<OpenTargets[Name]> {
  if (Object.hasOwn(targets, name)) return targets[name](options);
  throw new RolloutError(
    "unknown-target",
    `There is no target ${JSON.stringify(String(name).slice(0, 100))}.`,
    `Use one of: ${targetNames.join(", ")}.`,
  );
}
