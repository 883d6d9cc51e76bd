/**
 * An image from a base, a server and a model. Its digest follows from its parts alone and is known before anything is
 * sent, so that a tag that is taken is found out first, and an image that is there is not built again.
 */
import { digestOfBytes } from "../digest.ts";
import { OciError } from "../errors.ts";
import type { Store } from "../store.ts";
import type { BasePlatform, ResolvedBase } from "./base.ts";
import { type ContentDigests, type ImageFacts, namesOf } from "./config.ts";
import { checkFacts } from "./facts.ts";
import { contractLayer, type Layer, type MeasuredModel } from "./layers.ts";
import { contractPath, modelPath, type Platform, platforms, releaseDigest } from "./names.ts";
import { type BuiltLayer, type ImagePlan, planIndex, planPlatform, putImage } from "./put.ts";
import { recordedLayers, runtimeLayer, serverLayer } from "./served-layers.ts";

export interface ImageRequest {
  base: ResolvedBase;
  platforms: readonly Platform[];
  /** The release tree's `image/`: `Programs.image`. null: the base answers with a server of its own, and gets model and
   * contract alone. */
  server: string | null;
  /** Gives the folder of the package onnxruntime-node with the platform's binaries; asked only when the store has not
   * got the layer yet. Needed with our server. */
  runtime?: (platform: Platform) => Promise<string>;
  /** An ONNX file, measured for an image of this name. */
  model: MeasuredModel;
  /** The contract's bytes. */
  contract: Uint8Array;
  /** The reference profile's bytes. */
  profile?: Uint8Array;
  facts: ImageFacts;
  store: Store;
  tag?: string;
  /** What may still say no while blobs are sent: before it resolves there is no manifest and no tag, and when it rejects,
   * neither comes to be and this is the error. Blobs that no manifest names are garbage that registries collect. */
  approval?: Promise<unknown>;
  /** What `presentLayers` found in the store a moment ago: not asked again. */
  present?: ReadonlySet<string>;
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
  // Awaited where it counts; until then its failure is nobody's.
  request.approval?.catch(() => {});
  checkFacts(request.facts);
  const plan = await planImage(request);
  const { tag, approval, present } = request;
  const layers = await putImage(plan, request.store, {
    ...(tag !== undefined && { tag }),
    ...(approval !== undefined && { approval }),
    ...(present !== undefined && { present }),
  });
  return { ...summaryOf(plan, request.base), layers };
}

interface Plan extends ContentDigests, ImagePlan {}

async function planImage(request: ImageRequest): Promise<Plan> {
  const { base, facts, contract, profile = null } = request;
  const { layer: model, digest: modelDigest, path } = request.model;
  if (path !== modelPath(facts.name)) throw new Error(`the model was measured for ${path}`);
  const served = await servedLayers(request);
  const contents = await contractLayer(contractPath(facts.name), contract, profile);
  const digests = {
    modelDigest,
    contractDigest: digestOfBytes(contract),
    profileDigest: profile === null ? null : digestOfBytes(profile),
  };
  // A base with a server of its own was built for this image alone.
  const names = namesOf(facts, digests, request.server === null ? null : base);
  const server = request.server === null ? "base" : "ours";
  const images = wanted(request).map((platform) =>
    planPlatform(
      platform,
      base.platforms.get(platform) as BasePlatform,
      [...served(platform), model, contents],
      { name: facts.name, modelDigest, labels: names, server },
    ),
  );
  return { ...digests, base, images, index: planIndex(images, names) };
}

/** onnxruntime and our server; nothing where the base has its own. */
async function servedLayers({ server, runtime }: ImageRequest): Promise<(platform: Platform) => Layer[]> {
  if (server === null) return () => [];
  if (runtime === undefined) throw new Error("our server needs a runtime");
  const recorded = await recordedLayers(server);
  const layer = serverLayer(server, recorded.server);
  return (platform) => [runtimeLayer(platform, recorded.onnxruntime.platforms[platform], runtime), layer];
}

/** In the order of the index, whatever the order of the input. */
function wanted({ platforms: asked, base }: ImageRequest): Platform[] {
  const found = platforms.filter((platform) => asked.includes(platform) && base.platforms.has(platform));
  if (found.length > 0 && found.length === new Set(asked).size) return found;
  throw new OciError("image", `the base was not resolved for the platforms ${asked.join(", ") || "(none)"}`, {
    remedy: `Ask for some of ${platforms.join(", ")}.`,
  });
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
