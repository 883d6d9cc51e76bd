/** Objects → the text of a file: a head of comments, then YAML. The same request gives the same bytes. */
import { stringify } from "yaml";
import type { KubernetesObject } from "./types.ts";

/** @param head lines of the comment; what looks like a line break inside one becomes a space */
export function fileText(head: readonly string[], objects: readonly KubernetesObject[]): string {
  const comment = head.map((line) => `# ${line.replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, " ")}`.trimEnd());
  const documents = objects.map((object) =>
    stringify(object, { lineWidth: 0, aliasDuplicateObjects: false }),
  );
  // No `---` behind the comment: policy-controller's reader would take what is before it for an object.
  return `${comment.join("\n")}\n${documents.join("---\n")}`;
}
