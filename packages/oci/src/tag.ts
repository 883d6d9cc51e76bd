/** Tags of releases: what may be one, and that none is ever moved. */
import { OciError } from "./errors.ts";
import { digestPattern } from "./reference.ts";

/** OCI Distribution Specification 1.1, "Pulling manifests". */
export const tagPattern = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;

/** Throws `OciError` code `reference`. */
export function assertTag(text: string): string {
  if (tagPattern.test(text)) return text;
  throw new OciError("reference", `${JSON.stringify(text.slice(0, 200))} is neither a tag nor a digest`, {
    remedy: "A tag has up to 128 letters, digits, _ . and -; a digest is sha256: and 64 hex digits.",
  });
}

/** What becomes part of a URL's or a file's path. Throws `OciError` code `reference`. */
export function assertName(tagOrDigest: string): string {
  return digestPattern.test(tagOrDigest) ? tagOrDigest : assertTag(tagOrDigest);
}

export function tagConflict(place: string, standing: string, wanted: string): OciError {
  return new OciError("conflict", `${place} is ${standing}, not ${wanted}, and a tag is never moved`, {
    remedy: "Push under another tag, or delete this one if nothing uses it.",
  });
}
