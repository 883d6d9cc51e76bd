/** A planned image into a store: the tag asked first, then blobs, manifests, the index, and the tag last. */
import { contentOfBytes, contentOfSource } from "../content.ts";
import { OciError } from "../errors.ts";
import type { Descriptor } from "../manifest.ts";
import type { BlobContent, Source, Store } from "../store.ts";
import type { BasePlatform, ResolvedBase } from "./base.ts";
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

export interface PutOptions {
  tag?: string;
  /** Awaited before the first manifest; when it rejects, so does this, and what is being sent stops. */
  approval?: Promise<unknown>;
  /** Digests of blobs that the store has. */
  present?: ReadonlySet<string>;
}

/** Which layers of a base the store has: what can be asked while the model is still read, so that the model's sending waits
 * for no question. */
export async function presentLayers(
  { platforms }: Pick<ResolvedBase, "platforms">,
  store: Store,
): Promise<ReadonlySet<string>> {
  const all = [...platforms.values()].flatMap(({ layers }) => layers);
  const waiting = [...new Map(all.map((layer) => [layer.digest, layer])).values()];
  const present = new Set<string>();
  const worker = async () => {
    for (let layer = waiting.shift(); layer !== undefined; layer = waiting.shift())
      if (await store.hasBlob(layer)) present.add(layer.digest);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return present;
}

/** Nothing is sent when the tag names another image: `OciError` code `conflict`.
 * @returns every layer of every platform, and what it took to have it in the store */
export async function putImage(plan: ImagePlan, store: Store, options: PutOptions): Promise<BuiltLayer[]> {
  const { tag, approval } = options;
  const { bytes, descriptor } = plan.index;
  if (tag !== undefined) await checkTag(store, tag, descriptor.digest);
  const how = await sendBlobs(plan, store, options);
  await approval;
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

/** Sends each blob once, whatever the number of platforms; what came of each, by digest. The first failure, or a refused
 * approval, stops what is under way, and is the one error. */
async function sendBlobs(
  plan: ImagePlan,
  store: Store,
  { approval = Promise.resolve(), present = new Set() }: PutOptions,
): Promise<Map<string, BuiltLayer["how"]>> {
  const how = new Map<string, BuiltLayer["how"]>([...present].map((digest) => [digest, "present"]));
  const waiting = blobsOf(plan).filter(({ descriptor }) => !present.has(descriptor.digest));
  let failure: { reason: unknown } | null = null;
  const stop = (reason: unknown) => {
    failure ??= { reason };
  };
  const stoppable = (content: BlobContent): BlobContent =>
    async function* (offset) {
      for await (const chunk of content(offset)) {
        if (failure !== null) throw new Error("stopped");
        yield chunk;
      }
    };
  approval.catch(stop);
  const worker = async () => {
    for (let blob = waiting.shift(); blob !== undefined && failure === null; blob = waiting.shift()) {
      const { descriptor, content, from } = blob;
      how.set(descriptor.digest, await store.pushBlob(descriptor, stoppable(content), from));
    }
  };
  await Promise.all(Array.from({ length: atOnce }, () => worker().catch(stop)));
  if (failure !== null) throw (failure as { reason: unknown }).reason;
  return how;
}

/** Ours before the base's: the model is what takes time, and the base is asked for meanwhile. */
function blobsOf({ images, base }: ImagePlan): Blob[] {
  const own = images.flatMap(({ layers, config }) => [
    ...layers.map(({ descriptor, content }) => ({ descriptor, content })),
    { descriptor: config.descriptor, content: contentOfBytes(config.bytes) },
  ]);
  const below = images.flatMap(({ base: platform }) =>
    platform.layers.map((descriptor) => ({
      descriptor,
      content: contentOfSource(base.source, descriptor),
      from: base.source,
    })),
  );
  return [...new Map([...own, ...below].map((blob) => [blob.descriptor.digest, blob])).values()];
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
