/** Every digest that an image's content may be known by: evidence about anything else does not belong to it. */
import type { SignedStatement } from "@ml-actions/evidence/signing";
import type { Source } from "@ml-actions/oci";

/**
 * The image itself, its platforms, and, when some evidence speaks of none of these, what is inside: model and release,
 * computed from the image's bytes.
 *
 * @throws OciError when the image cannot be read, or contradicts itself
 */
export async function knownDigests(
  source: Source,
  digest: string,
  statements: readonly SignedStatement[],
): Promise<string[]> {
  const { document } = await source.manifest(digest);
  const platforms =
    document.kind === "manifest"
      ? []
      : document.index.manifests
          // buildx keeps papers of its own beside the platforms.
          .filter(({ platform }) => platform !== undefined && platform.os !== "unknown")
          .map((manifest) => manifest.digest);
  const known = [digest, ...platforms];
  const spokenOf = statements.flatMap(({ subject }) =>
    subject.map((each) => `sha256:${each.digest.sha256 ?? ""}`),
  );
  if (spokenOf.every((each) => known.includes(each))) return known;
  const { readContents } = await import("@ml-actions/oci/image");
  const { modelDigest, releaseDigest } = await readContents(source, digest);
  return [...known, modelDigest, releaseDigest];
}
