/** How a bill of materials names things: package URLs, hashes, and its own number. */
import { createHash } from "node:crypto";
import type { Hash } from "./sbom-format.ts";

/** https://github.com/package-url/purl-spec/blob/main/types-doc/oci-definition.md: the last part is the name. */
export function ociPurl(repository: string, digest: string): string {
  const name = repository.split("/").at(-1)?.replace(/:.*$/, "") ?? repository;
  const query = `repository_url=${encodeURIComponent(repository.replace(/(?<=\/[^/]*):[^/]*$/, ""))}`;
  return `pkg:oci/${encodeURIComponent(name.toLowerCase())}@${encodeURIComponent(digest)}?${query}`;
}

export const npmPurl = (name: string, version: string) =>
  `pkg:npm/${name.replace("@", "%40")}@${encodeURIComponent(version)}`;

export const hexOf = (digest: string) => digest.replace(/^sha256:/, "");
export const sha256 = (digest: string): Hash => ({ alg: "SHA-256", content: hexOf(digest) });

/** RFC 9562 §5.8: a version 8 UUID made of a hash, so that the same bill has the same number and another bill another. */
export function uuidOf(text: string): string {
  const bytes = createHash("sha256").update("ml-actions/sbom/v1\n").update(text).digest().subarray(0, 16);
  bytes[6] = ((bytes[6] as number) & 0x0f) | 0x80;
  bytes[8] = ((bytes[8] as number) & 0x3f) | 0x80;
  return bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
