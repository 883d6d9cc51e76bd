/**
 * An image from a base, a server and a model. Its digest follows from its parts alone and is known before anything is
 * sent, so that a tag that is taken is found out first, and an image that is there is not built again.
 */
import { readFile, stat } from "node:fs/promises";
import { contentOfBytes, contentOfSource } from "../content.ts";
import { OciError } from "../errors.ts";
import type { Descriptor } from "../manifest.ts";
import type { BlobContent, Source, Store } from "../store.ts";
import type { BasePlatform, ResolvedBase } from "./base.ts";
import {
  type ContentDigests,
  type ImageFacts,
  imageConfig,
  imageIndex,
  imageManifest,
  type Made,
  namesOf,
} from "./config.ts";
import { checkFacts } from "./facts.ts";
import {
  contractLayer,
  type Layer,
  modelLayer,
  recordedLayers,
  runtimeLayer,
  serverLayer,
} from "./layers.ts";
import { digestOfBytes, type LayerKind, type Platform, platforms, releaseDigest } from "./names.ts";

export interface ImageRequest {
  base: ResolvedBase;
  platforms: readonly Platform[];
  /** The release tree's `image/`: `Programs.image`. */
  server: string;
  /** Gives the folder of the package onnxruntime-node with the platform's binaries; asked only when the store has not
   * got the layer yet. */
  runtime: (platform: Platform) => Promise<string>;
  /** An ONNX file; `digest` is what it must be, `sha256:<hex>`. */
  model: { path: string; digest: string };
  /** Path of the contract. */
  contract: string;
  /** Path of the reference profile. */
  profile?: string;
  facts: ImageFacts;
  store: Store;
  tag?: string;
}

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

export interface BuiltImage extends ContentDigests {
  /** Of the index. */
  digest: string;
  mediaType: string;
  /** Of the index document. */
  size: number;
  /** What evidence made before the image speaks of. */
  releaseDigest: string;
  base: { reference: string; digest: string };
  platforms: { platform: Platform; digest: string }[];
  layers: BuiltLayer[];
}

/** Builds the image and puts it into the store: blobs, manifests, index, and the tag last. Nothing is sent when the tag
 * names another image (`OciError` code `conflict`). Rejects with `image` or `file` when an input is not what it should
 * be. Memory does not grow with the model. */
export async function buildImage(request: ImageRequest): Promise<BuiltImage> {
  checkFacts(request.facts);
  const plan = await planImage(request);
  const { store, tag } = request;
  if (tag !== undefined) await checkTag(store, tag, plan.index.descriptor.digest);
  const how = await sendBlobs(plan, store);
  for (const { manifest } of plan.images)
    await store.pushManifest(manifest.bytes, manifest.descriptor.mediaType);
  const { bytes, descriptor } = plan.index;
  await store.pushManifest(bytes, descriptor.mediaType, tag);
  return { ...summaryOf(plan, request.base), layers: builtLayers(plan, how) };
}

interface PlannedImage {
  platform: Platform;
  base: BasePlatform;
  layers: Layer[];
  config: Made;
  manifest: Made;
}

interface Plan extends ContentDigests {
  base: ResolvedBase;
  images: PlannedImage[];
  index: Made;
}

async function planImage(request: ImageRequest): Promise<Plan> {
  const { base, facts } = request;
  const contract = await document(request.contract, "contract");
  const profile = request.profile === undefined ? null : await document(request.profile, "profile");
  const { layer: model, modelDigest } = await modelLayer(request.model.path, facts.name);
  if (modelDigest !== request.model.digest) {
    throw new OciError(
      "image",
      `${request.model.path} has the digest ${modelDigest}, not ${request.model.digest}`,
      {
        remedy: "Give the file that was evaluated; do not change it while its image is built.",
      },
    );
  }
  const recorded = await recordedLayers(request.server);
  const server = serverLayer(request.server, recorded.server);
  const contents = await contractLayer(facts.name, contract, profile);
  const digests = {
    modelDigest,
    contractDigest: digestOfBytes(contract),
    profileDigest: profile === null ? null : digestOfBytes(profile),
  };
  const names = namesOf(facts, digests, base);
  const images = wanted(request).map((platform) => {
    const runtime = runtimeLayer(platform, recorded.onnxruntime.platforms[platform], request.runtime);
    const layers = [runtime, server, model, contents];
    const basePlatform = base.platforms.get(platform) as BasePlatform;
    const config = imageConfig(basePlatform, layers, { name: facts.name, modelDigest, labels: names });
    const descriptors = [...basePlatform.layers, ...layers.map(({ descriptor }) => descriptor)];
    const manifest = imageManifest(config.descriptor, descriptors, names);
    return { platform, base: basePlatform, layers, config, manifest };
  });
  const entries = images.map(({ platform, base: { config }, manifest }) => ({
    platform,
    ...(config.variant !== undefined && { variant: config.variant }),
    descriptor: manifest.descriptor,
  }));
  return { ...digests, base, images, index: imageIndex(entries, names) };
}

/** In the order of the index, whatever the order of the input. */
function wanted({ platforms: asked, base }: ImageRequest): Platform[] {
  const found = platforms.filter((platform) => asked.includes(platform) && base.platforms.has(platform));
  if (found.length > 0 && found.length === new Set(asked).size) return found;
  throw new OciError("image", `the base was not resolved for the platforms ${asked.join(", ") || "(none)"}`, {
    remedy: `Ask for some of ${platforms.join(", ")}.`,
  });
}

const mostDocumentBytes = 64 * 1024 * 1024;

async function document(path: string, what: string): Promise<Uint8Array> {
  try {
    const { size } = await stat(path);
    if (size > mostDocumentBytes)
      throw new Error(`it has ${size} bytes; at most ${mostDocumentBytes} are taken`);
    return await readFile(path);
  } catch (cause) {
    throw new OciError("file", `cannot read the ${what} ${path}: ${(cause as Error).message}`, {
      cause,
      remedy: `Give the path of the model's ${what}.`,
    });
  }
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
async function sendBlobs({ images, base }: Plan, store: Store): Promise<Map<string, BuiltLayer["how"]>> {
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

function summaryOf(plan: Plan, base: ResolvedBase): Omit<BuiltImage, "layers"> {
  const { modelDigest, contractDigest, profileDigest, index, images } = plan;
  return {
    ...index.descriptor,
    modelDigest,
    contractDigest,
    profileDigest,
    releaseDigest: releaseDigest(modelDigest, contractDigest),
    base: { reference: base.pin, digest: base.digest },
    platforms: images.map(({ platform, manifest }) => ({ platform, digest: manifest.descriptor.digest })),
  };
}

function builtLayers({ images }: Plan, how: Map<string, BuiltLayer["how"]>): BuiltLayer[] {
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
