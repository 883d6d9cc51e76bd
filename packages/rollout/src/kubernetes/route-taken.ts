/** Whether those that a route is attached to have taken it. Pure. */
import type { KubeObject } from "@ml-actions/cluster/types";
import type { ParentRef, Route } from "./route.ts";

/** What every parent says of the route at its present generation: null when all have taken it; else what is missing, and
 * whether they have refused it. */
export function notTaken({ object, parentRefs, parents }: Route): { why: string; refused: boolean } | null {
  const generation = object.metadata.generation ?? 0;
  for (const parent of parentRefs) {
    const answers = parents.filter(({ parentRef }) => isSame(parentRef, parent, object));
    const who = `Gateway ${parent.namespace ?? object.metadata.namespace}/${parent.name}`;
    if (answers.length === 0) return { why: `${who} has not answered`, refused: false };
    for (const { conditions } of answers) {
      for (const type of ["Accepted", "ResolvedRefs"]) {
        const found = conditions.find((each) => each.type === type);
        if (found === undefined || found.observedGeneration < generation) {
          return { why: `${who} has not said ${type} of generation ${generation}`, refused: false };
        }
        if (found.status !== "True") {
          return { why: `${who} says ${type} is ${found.status}: ${found.message}`, refused: true };
        }
      }
    }
  }
  return parentRefs.length === 0 ? { why: "the route has no parentRefs", refused: true } : null;
}

function isSame(left: ParentRef, right: ParentRef, { metadata }: KubeObject): boolean {
  const key = ({ namespace = metadata.namespace, name, sectionName, port }: ParentRef) =>
    JSON.stringify([namespace, name, sectionName, port]);
  return key(left) === key(right);
}
