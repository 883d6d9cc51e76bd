/** The targets that there are: one factory for every name in `names.ts`. The contract tests run over this record. */
import type { TelemetrySource } from "@ml-actions/telemetry/source";
import { RolloutError } from "../error.ts";
import type { Ledger, Target } from "../target.ts";
import type { LocalOptions, LocalTarget } from "./local.ts";
import { type TargetName, targetNames } from "./names.ts";

export { type TargetName, targetNames } from "./names.ts";

/** One answered request of a release, as its server logged it; never the inputs. */
export interface Prediction {
  at: number;
  request_id: string;
  model: string;
  input: string;
  outputs: (number | number[] | null)[];
  ms: number;
}

/** A target with all that belongs to it. */
export interface OpenTarget {
  target: Target;
  ledger: Ledger;
  telemetry: TelemetrySource;
  /** What the release with this digest answered since `fromMs` (ms since 1970), oldest first; some before it may be
   * among them. */
  predictions(releaseDigest: string, fromMs?: number): AsyncIterable<Prediction>;
}

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
