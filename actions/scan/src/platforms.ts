/** The platforms of an image, each by what must come back in a report about it. */
import { readBlob } from "@ml-actions/oci/image/blobs";
import { ownNames } from "@ml-actions/oci/image/names";
import type { Descriptor, Manifest } from "@ml-actions/oci/manifest";
import type { Source } from "@ml-actions/oci/store";
import { z } from "zod";
import { ScanError, shown } from "./errors.ts";

export interface ImagePlatform {
  /** `linux/amd64`, `linux/arm/v7`. */
  platform: string;
  /** Of its manifest. */
  manifest: { mediaType: string; digest: string; size: number };
  /** Of its config, which image tools call the image's ID. */
  imageId: string;
  /** Of each layer's tar, from the base up. */
  diffIds: readonly string[];
  layers: readonly Descriptor[];
  /** What holds each of our own layers, as annotated: `server`; null for others. */
  kinds: readonly (string | null)[];
}

const configSchema = z.object({
  os: z.string().min(1).max(100),
  architecture: z.string().min(1).max(100),
  variant: z.string().max(100).optional(),
  rootfs: z.object({ diff_ids: z.array(z.string().regex(/^sha256:[0-9a-f]{64}$/)).min(1) }),
});

const mostPlatforms = 50;

/** Every image that somebody could pull by this digest. @throws ScanError `image`, OciError */
export async function platformsOf(source: Source, digest: string): Promise<ImagePlatform[]> {
  const { document, mediaType, bytes } = await source.manifest(digest);
  if (document.kind === "manifest") {
    const manifest = { mediaType, digest, size: bytes.byteLength };
    return [await platformOf(source, manifest, document.manifest)];
  }
  const listed = document.index.manifests.filter((entry) => !isAttestation(entry));
  if (listed.length === 0 || listed.length > mostPlatforms) {
    throw noImage(
      source,
      digest,
      `its index lists ${listed.length} images; from 1 to ${mostPlatforms} are scanned`,
    );
  }
  const platforms: ImagePlatform[] = [];
  for (const { mediaType: listedType, digest: of, size } of listed) {
    const pulled = await source.manifest(of);
    if (pulled.document.kind !== "manifest") throw noImage(source, digest, "its index lists another index");
    const manifest = { mediaType: listedType, digest: of, size };
    platforms.push(await platformOf(source, manifest, pulled.document.manifest));
  }
  return platforms;
}

/** What buildx lists beside the images: it cannot be run (docs.docker.com, "Image attestation storage"). */
function isAttestation({ annotations, platform }: Descriptor): boolean {
  return (
    annotations?.["vnd.docker.reference.type"] === "attestation-manifest" &&
    platform?.os === "unknown" &&
    platform.architecture === "unknown"
  );
}

async function platformOf(
  source: Source,
  manifest: ImagePlatform["manifest"],
  { config, layers }: Manifest,
): Promise<ImagePlatform> {
  const parsed = configSchema.safeParse(await jsonBlob(source, config));
  if (!parsed.success) {
    throw noImage(source, manifest.digest, "its config is not that of a container image");
  }
  const { os, architecture, variant, rootfs } = parsed.data;
  if (rootfs.diff_ids.length !== layers.length) {
    const said = `its config names ${rootfs.diff_ids.length} layers, its manifest ${layers.length}`;
    throw noImage(source, manifest.digest, said);
  }
  return {
    platform: shown([os, architecture, variant].filter((part) => part).join("/")),
    manifest,
    imageId: config.digest,
    diffIds: rootfs.diff_ids,
    layers,
    kinds: layers.map(({ annotations }) => annotations?.[ownNames.layer] ?? null),
  };
}

async function jsonBlob(source: Source, descriptor: Descriptor): Promise<unknown> {
  const bytes = await readBlob(source, descriptor);
  try {
    return JSON.parse(Buffer.from(bytes).toString("utf8"));
  } catch {
    return undefined;
  }
}

function noImage(source: Source, digest: string, why: string): ScanError {
  return new ScanError(
    "image",
    `${shown(source.name)}@${digest} cannot be scanned: ${why}`,
    "Give the digest of a container image, as the output `image` of build has it.",
  );
}
