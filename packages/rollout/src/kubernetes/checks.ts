/** What is looked at before anything is touched. */
import { gitopsOf } from "@ml-actions/cluster/gitops";
import type { KubeObject } from "@ml-actions/cluster/types";
import { conflict, invalid } from "./refusals.ts";
import { shown } from "./workload.ts";

/** Throws one `invalid` with all problems of an object; nothing when there are none. */
export function assertSound(who: string, problems: readonly string[], remedy: string): void {
  if (problems.length === 0) return;
  const lines = problems.map((problem) => `  - ${problem}`).join("\n");
  throw invalid(`${who} cannot take part in a rollout as it is:\n${lines}`, remedy);
}

/** Stops before an object that a GitOps controller would put back as its repository has it: it would undo the rollout's
 * every step, or, worse, some of them. */
export function assertNotHealed(...objects: readonly KubeObject[]): void {
  for (const object of objects) {
    const found = gitopsOf(object);
    if (found === null) continue;
    const { name, namespace } = object.metadata;
    const who = shown({ ...object, name, ...(namespace !== undefined && { namespace }) });
    const app = found.app === undefined ? "" : ` (${found.app})`;
    throw conflict(
      `${who} belongs to ${found.tool}${app}, as ${found.by} says: what a rollout changes there would be put back.`,
      "Let the change go through its repository (`gitops: commit`), or take this object out of what the controller keeps in step.",
    );
  }
}
