/** The image that ours begins with: a tag becomes a digest once, and every platform asked for is there with its config. */
import { z } from "zod";
import { OciError } from "../errors.ts";
import { isLayoutReference } from "../layout-reference.ts";
import type { Descriptor, Manifest, Pulled } from "../manifest.ts";
import { openStore } from "../open-store.ts";
import type { RegistryOptions } from "../registry.ts";
import type { Source } from "../store.ts";
import { readBlob } from "./blobs.ts";
import { imageMediaTypes, type Platform } from "./names.ts";

export interface ResolvedBase {
  /** Registry and repository: what `org.opencontainers.image.base.name` gets. null for a layout, whose directory is this
   * machine's business and would make another image of it on every machine. */
  name: string | null;
  /** Of the index, or of the manifest where there is no index. */
  digest: string;
  /** The reference to write so that the next build takes the same base: `name[:tag]@sha256:…`. */
  pin: string;
  source: Source;
  platforms: ReadonlyMap<Platform, BasePlatform>;
}

export interface BasePlatform {
  layers: readonly Descriptor[];
  config: BaseConfig;
}

/** What of a base's config lives on in ours. The rest (its command, user, volumes, health check) lives on only where the
 * base brings a server of its own. */
const configSchema = z.object({
  architecture: z.string(),
  os: z.string(),
  variant: z.string().optional(),
  config: z
    .looseObject({
      Env: z.array(z.string()).nullish(),
      Labels: z.record(z.string(), z.string()).nullish(),
    })
    .nullish(),
  rootfs: z.object({
    type: z.literal("layers"),
    diff_ids: z.array(z.string().regex(/^sha256:[0-9a-f]{64}$/)),
  }),
  history: z
    .array(
      z.object({
        created: z.string().optional(),
        created_by: z.string().optional(),
        author: z.string().optional(),
        comment: z.string().optional(),
        empty_layer: z.boolean().optional(),
      }),
    )
    .nullish(),
});

export type BaseConfig = z.infer<typeof configSchema>;

/** Docker's twins become OCI's types, for the bytes are the same: no manifest of ours mixes the two. */
const layerTypes: Readonly<Record<string, string>> = {
  [imageMediaTypes.tar]: imageMediaTypes.tar,
  [imageMediaTypes.tarGzip]: imageMediaTypes.tarGzip,
  "application/vnd.oci.image.layer.v1.tar+zstd": "application/vnd.oci.image.layer.v1.tar+zstd",
  "application/vnd.docker.image.rootfs.diff.tar": imageMediaTypes.tar,
  "application/vnd.docker.image.rootfs.diff.tar.gzip": imageMediaTypes.tarGzip,
};

const configTypes: readonly string[] = [
  imageMediaTypes.config,
  "application/vnd.docker.container.image.v1+json",
];

/** Finds a base by `registry/repository[:tag][@sha256:…]` or `oci:DIR…`; the digest decides where there is one. Rejects with
 * `OciError`: `not-found`, `image` when a platform is missing or what lies there is no image. */
export async function resolveBase(
  reference: string,
  platforms: readonly Platform[],
  options: RegistryOptions = {},
): Promise<ResolvedBase> {
  const { store: source, ...named } = await openStore(reference, options);
  return readBase({ source, ...named }, platforms);
}

/** As `resolveBase`, in a source that is open. */
export async function readBase(
  { source, tag, digest }: { source: Source; tag?: string; digest?: string },
  platforms: readonly Platform[],
): Promise<ResolvedBase> {
  const pulled = await source.manifest(digest ?? tag ?? "latest");
  const manifests = await manifestsOf(pulled, source);
  const images = await Promise.all(
    manifests.map(async ({ platform, manifest }) => {
      if (platform !== null && !isWanted(platform, platforms)) return { platform, image: null };
      const image = await readPlatform(source, await manifest());
      const actual = `${image.config.os}/${image.config.architecture}`;
      if (platform === null || platform === actual) return { platform: actual, image };
      throw refused(source, `its index says ${platform} where the image says ${actual}`);
    }),
  );
  const there = images.map(({ platform }) => platform);
  const found = new Map<Platform, BasePlatform>();
  for (const { platform, image } of images) {
    // The first of several (variants of one architecture) is the one that container runtimes take, too.
    if (image !== null && isWanted(platform, platforms) && !found.has(platform)) found.set(platform, image);
  }
  const missing = platforms.filter((platform) => !found.has(platform));
  if (missing.length > 0) {
    throw new OciError(
      "image",
      `the base ${source.name} has no image for ${missing.join(" and ")}; it has ${there.join(", ") || "none"}`,
      { remedy: "Choose a base with these platforms, or build for fewer (input platforms)." },
    );
  }
  const pin = `${source.name}${tag === undefined ? "" : `:${tag}`}@${pulled.digest}`;
  const name = isLayoutReference(source.name) ? null : source.name;
  return { name, digest: pulled.digest, pin, source, platforms: found };
}

const isWanted = (platform: string, platforms: readonly Platform[]): platform is Platform =>
  (platforms as readonly string[]).includes(platform);

/** Each image of an index with its platform; a single manifest's is known from its config alone (null). Entries that
 * describe no platform are attestations, as BuildKit writes them. */
async function manifestsOf(
  { document }: Pulled,
  source: Source,
): Promise<{ platform: string | null; manifest: () => Promise<Manifest> }[]> {
  if (document.kind === "manifest") return [{ platform: null, manifest: async () => document.manifest }];
  return document.index.manifests.flatMap(({ digest, platform }) => {
    if (platform === undefined || platform.os === "unknown") return [];
    const manifest = async () => {
      const { document: inner } = await source.manifest(digest);
      if (inner.kind === "manifest") return inner.manifest;
      throw refused(source, `its index holds another index, ${digest}`);
    };
    return [{ platform: `${platform.os}/${platform.architecture}`, manifest }];
  });
}

async function readPlatform(source: Source, manifest: Manifest): Promise<BasePlatform> {
  if (!configTypes.includes(manifest.config.mediaType)) {
    throw refused(source, `its config is of the type ${manifest.config.mediaType}, so it is no image`);
  }
  const layers = manifest.layers.map(({ mediaType, digest, size }) => {
    const type = layerTypes[mediaType];
    if (type !== undefined) return { mediaType: type, digest, size };
    throw refused(source, `it has a layer of the type ${mediaType}`);
  });
  const config = parseConfig(await readBlob(source, manifest.config), source);
  if (config.rootfs.diff_ids.length !== layers.length) {
    throw refused(
      source,
      `its config speaks of ${config.rootfs.diff_ids.length} layers, its manifest of ${layers.length}`,
    );
  }
  return { layers, config };
}

function parseConfig(bytes: Uint8Array, source: Source): BaseConfig {
  try {
    return configSchema.parse(JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes)));
  } catch (cause) {
    const why = cause instanceof z.ZodError ? z.prettifyError(cause) : (cause as Error).message;
    throw refused(source, `its config cannot be read: ${why}`, cause);
  }
}

function refused(source: Source, why: string, cause?: unknown): OciError {
  return new OciError("image", `${source.name} cannot be a base: ${why}`, {
    cause,
    remedy: "Give an ordinary Linux image that holds Node at /nodejs/bin/node, such as distroless nodejs.",
  });
}
