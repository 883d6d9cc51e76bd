/** What `image` may be: an image by digest, in a registry or in an OCI image layout. */
import { resolve } from "node:path";
import { isLayoutReference, parseLayoutReference } from "@ml-actions/oci/layout-reference";
import { parseReference } from "@ml-actions/oci/reference";
import { ScanError, shown } from "./errors.ts";

export interface ImageInput {
  /** As given. */
  reference: string;
  /** `sha256:<hex>`. */
  digest: string;
  place: { kind: "registry"; registry: string } | { kind: "layout"; directory: string };
}

/** @throws OciError `reference`; ScanError `image` without a digest: a tag can mean another image tomorrow, and evidence
 * is about bytes. */
export function imageInput(reference: string): ImageInput {
  if (isLayoutReference(reference)) {
    const { directory, digest } = parseLayoutReference(reference);
    if (digest === undefined) throw noDigest(reference, `oci:${directory}`);
    return { reference, digest, place: { kind: "layout", directory: resolve(directory) } };
  }
  const { registry, repository, digest } = parseReference(reference);
  if (digest === undefined) throw noDigest(reference, `${registry}/${repository}`);
  return { reference, digest, place: { kind: "registry", registry } };
}

function noDigest(reference: string, name: string): ScanError {
  return new ScanError(
    "image",
    `${shown(reference)} names an image by a tag alone, which may be another image tomorrow`,
    `Write ${shown(name)}@sha256:<digest>: the output \`image\` of build has it, and \`crane digest ${shown(reference)}\` prints it.`,
  );
}
