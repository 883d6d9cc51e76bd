/** `oci:DIR[:tag][@sha256:…]`: an image layout in a directory. */
import { OciError } from "./errors.ts";
import { digestPattern } from "./reference.ts";
import { tagPattern } from "./tag.ts";

export interface LayoutReference {
  /** As written. */
  directory: string;
  tag?: string;
  digest?: string;
}

const prefix = "oci:";
const maxLength = 4000;

export function isLayoutReference(text: string): boolean {
  return text.startsWith(prefix);
}

/** A directory's own name may hold a colon only where no tag could stand after it. Throws `OciError` code `reference`. */
export function parseLayoutReference(text: string): LayoutReference {
  const rest = text.slice(prefix.length);
  if (!isLayoutReference(text)) throw noReference(text, "it does not begin with oci:");
  if (text.length > maxLength) throw noReference(text, `it is longer than ${maxLength} characters`);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused.
  if (/[\u0000-\u001f\u007f]/.test(rest)) throw noReference(text, "it holds control characters");
  if (rest.startsWith("//")) throw noReference(text, "oci:// is how a model in a registry is written");
  const at = rest.lastIndexOf("@");
  const digest = at === -1 ? undefined : rest.slice(at + 1);
  if (digest?.startsWith("sha256:") && !digestPattern.test(digest)) {
    throw noReference(text, "its digest is not sha256: and 64 hex digits");
  }
  const isDigest = digest !== undefined && digestPattern.test(digest);
  const named = isDigest ? rest.slice(0, at) : rest;
  const colon = named.lastIndexOf(":");
  const tag = colon === -1 ? undefined : named.slice(colon + 1);
  const isTag = tag !== undefined && tagPattern.test(tag);
  const directory = isTag ? named.slice(0, colon) : named;
  if (directory === "") throw noReference(text, "it names no directory");
  if (directory.endsWith(":")) throw noReference(text, "its tag is empty");
  return {
    directory,
    ...(isTag && { tag }),
    ...(isDigest && { digest }),
  };
}

export function formatLayoutReference({ directory, tag, digest }: LayoutReference): string {
  return `${prefix}${directory}${tag === undefined ? "" : `:${tag}`}${digest === undefined ? "" : `@${digest}`}`;
}

function noReference(text: string, why: string): OciError {
  return new OciError("reference", `${JSON.stringify(text.slice(0, 200))} is no image layout: ${why}`, {
    remedy: "Write oci:DIRECTORY:tag or oci:DIRECTORY@sha256:<64 hex digits>.",
  });
}
