/** The targets that there are: one factory for every name in `names.ts`. The contract tests run over this record. */
import { RolloutError } from "../error.ts";
import type { KubernetesOptions, KubernetesTarget } from "../kubernetes/open.ts";
import type { LocalOptions, LocalTarget } from "./local.ts";
import { type KubernetesTargetName, kubernetesTargetNames, type TargetName, targetNames } from "./names.ts";

export { type KubernetesTargetName, kubernetesTargetNames, type TargetName, targetNames } from "./names.ts";
export type { AnswerReader, MirroredTraffic, OpenTarget, Prediction } from "./open-target.ts";

export type TargetOptions = { local: LocalOptions } & Record<KubernetesTargetName, KubernetesOptions>;
export type OpenTargets = { local: LocalTarget } & Record<KubernetesTargetName, KubernetesTarget>;
export type TargetFactory<Name extends TargetName> = (
  options: TargetOptions[Name],
) => Promise<OpenTargets[Name]>;

const onKubernetes =
  (name: KubernetesTargetName) =>
  async (options: KubernetesOptions): Promise<KubernetesTarget> =>
    (await import("../kubernetes/open.ts")).openKubernetes(name, options);

export const targets: { [Name in TargetName]: TargetFactory<Name> } = {
  local: async (options) => (await import("./local.ts")).openLocal(options),
  ...(Object.fromEntries(kubernetesTargetNames.map((name) => [name, onKubernetes(name)])) as {
    [Name in KubernetesTargetName]: TargetFactory<Name>;
  }),
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
