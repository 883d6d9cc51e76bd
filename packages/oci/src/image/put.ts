/** A planned image into a store: the tag asked first, then blobs, manifests, the index, and the tag last. */
import { contentOfBytes, contentOfSource } from "../content.ts";
import { OciError } from "../errors.ts";
import type { Descriptor } from "../manifest.ts";
import type { BlobContent, Source, Store } from "../store.ts";
import type { BasePlatform } from "./base.ts";
import { type ConfigFacts, imageConfig, imageIndex, imageManifest, type Made } from "./config.ts";
import type { Layer } from "./layers.ts";
import type { LayerKind, Platform } from "./names.ts";

export interface BuiltLayer {
  kind: LayerKind | "base";
  /** Where it is not the same for all. */
  platform?: Platform;
  digest: string;
  diffId: string;
  /** As it is stored. */
  sizeBytes: number;
  mediaType: string;
  /** What it took to have it in the store. */
  how: "present" | "mounted" | "sent";
}

export interface PlannedImage {
  platform: Platform;
  base: BasePlatform;
  layers: Layer[];
  config: Made;
  manifest: Made;
}

/** One platform's image: its base's layers below ours. */
export function planPlatform(
  platform: Platform,
  base: BasePlatform,
  layers: Layer[],
  facts: ConfigFacts,
): PlannedImage {
  const config = imageConfig(base, layers, facts);
  const descriptors = [...base.layers, ...layers.map(({ descriptor }) => descriptor)];
  return {
    platform,
    base,
    layers,
    config,
    manifest: imageManifest(config.descriptor, descriptors, facts.labels),
  };
}

export function planIndex(images: readonly PlannedImage[], names: Record<string, string>): Made {
  const entries = images.map(({ platform, base: { config }, manifest }) => ({
    platform,
    ...(config.variant !== undefined && { variant: config.variant }),
    descriptor: manifest.descriptor,
  }));
  return imageIndex(entries, names);
}

/** All that an image is, known before anything is sent. */
export interface ImagePlan {
  /** Where the layers of the base are. */
  base: { source: Source };
  images: readonly PlannedImage[];
  index: Made;
}

/** Nothing is sent when the tag names another image: `OciError` code `conflict`.
 * @returns every layer of every platform, and what it took to have it in the store */
export async function putImage(plan: ImagePlan, store: Store, tag?: string): Promise<BuiltLayer[]> {
  const { bytes, descriptor } = plan.index;
  if (tag !== undefined) await checkTag(store, tag, descriptor.digest);
  const how = await sendBlobs(plan, store);
  for (const { manifest } of plan.images)
    await store.pushManifest(manifest.bytes, manifest.descriptor.mediaType);
  await store.pushManifest(bytes, descriptor.mediaType, tag);
  return builtLayers(plan, how);
}

async function checkTag(store: Store, tag: string, digest: string): Promise<void> {
  const there = await store.resolve(tag);
  if (there === null || there.digest === digest) return;
  throw new OciError(
    "conflict",
    `${store.name}:${tag} is another image, ${there.digest}; this one is ${digest}`,
    {
      remedy: "Build under a tag of its own: a tag of a release is never moved.",
    },
  );
}

interface Blob {
  descriptor: Descriptor;
  content: BlobContent;
  from?: Source;
}

/** As many at once hide the waiting for a registry without crowding it. */
const atOnce = 4;

/** Sends each blob once, whatever the number of platforms; what came of each, by digest. */
async function sendBlobs({ images, base }: ImagePlan, store: Store): Promise<Map<string, BuiltLayer["how"]>> {
  const blobs = new Map<string, Blob>();
  for (const { base: platform, layers, config } of images) {
    for (const descriptor of platform.layers) {
      blobs.set(descriptor.digest, {
        descriptor,
        content: contentOfSource(base.source, descriptor),
        from: base.source,
      });
    }
    for (const { descriptor, content } of layers) blobs.set(descriptor.digest, { descriptor, content });
    blobs.set(config.descriptor.digest, {
      descriptor: config.descriptor,
      content: contentOfBytes(config.bytes),
    });
  }
  const how = new Map<string, BuiltLayer["how"]>();
  const waiting = [...blobs.values()];
  let failed = false;
  const worker = async () => {
    for (let blob = waiting.shift(); blob !== undefined && !failed; blob = waiting.shift()) {
      how.set(blob.descriptor.digest, await store.pushBlob(blob.descriptor, blob.content, blob.from));
    }
  };
  const workers = Array.from({ length: atOnce }, () =>
    worker().catch((error) => {
      failed = true;
      throw error;
    }),
  );
  const ended = await Promise.allSettled(workers);
  const failure = ended.find((result) => result.status === "rejected");
  if (failure !== undefined) throw failure.reason;
  return how;
}

function builtLayers({ images }: ImagePlan, how: Map<string, BuiltLayer["how"]>): BuiltLayer[] {
  const all = images.flatMap(({ platform, base, layers }) => [
    ...base.layers.map((descriptor, index) => ({
      kind: "base" as const,
      platform,
      descriptor,
      diffId: base.config.rootfs.diff_ids[index] as string,
    })),
    ...layers.map(({ kind, descriptor, diffId }) => ({
      kind,
      ...(kind === "onnxruntime" && { platform }),
      descriptor,
      diffId,
    })),
  ]);
  const once = new Map(all.map((layer) => [`${layer.platform ?? ""} ${layer.descriptor.digest}`, layer]));
  return [...once.values()].map(({ descriptor: { digest, size, mediaType }, ...layer }) => ({
    ...layer,
    digest,
    sizeBytes: size,
    mediaType,
    how: how.get(digest) as BuiltLayer["how"],
  }));
}
