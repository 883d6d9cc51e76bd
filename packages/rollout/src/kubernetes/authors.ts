/** Who wrote a field, as the API server keeps it: no person, but the manager that the person's tool names itself. Pure. */
import { fieldManager, type KubeObject, type ManagedFields } from "@ml-actions/cluster/types";
import type { Author } from "../target.ts";

/** Of the one who last changed anything at that path, such as `["spec", "rules"]`; left out where nobody is named. A field
 * that several have applied with the same value is the newest one's. */
export function authorOf(object: KubeObject, path: readonly string[]): Author | undefined {
  const owners = (object.metadata.managedFields ?? []).filter((entry) => owns(entry, path));
  const [last] = owners.sort((left, right) => timeOf(right) - timeOf(left));
  if (last === undefined) return undefined;
  const at = timeOf(last);
  return { who: last.manager, at: at === 0 ? null : at, ours: last.manager === fieldManager };
}

function owns({ fieldsV1 }: ManagedFields, path: readonly string[]): boolean {
  let at: unknown = fieldsV1;
  for (const name of path) {
    if (typeof at !== "object" || at === null) return false;
    at = (at as Record<string, unknown>)[`f:${name}`];
  }
  return at !== undefined;
}

const timeOf = ({ time }: ManagedFields): number => Date.parse(time ?? "") || 0;

/** `kubectl at 04:05:06 UTC`. */
export function shownAuthor({ who, at }: Author): string {
  return at === null ? who : `${who} at ${new Date(at).toISOString().slice(11, 19)} UTC`;
}
