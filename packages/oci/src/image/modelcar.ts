/**
 * The model alone as an image, as KServe takes models from registries ("modelcar"): the files lie in `/models`.
 *
 * With `oci://` KServe runs the image as a sidecar with the arguments `sh -c "ln -sf /proc/$$/root/models … && sleep
 * infinity"`, and before that as an init container with `sh -c "… [ -d /models ] …"`: it takes a base with sh, ln, ls and
 * sleep, and no entrypoint. With `oci+native://` (an image volume) and `oci+fetch://` nothing of it runs: no base needed.
 * kserve/kserve, pkg/utils/storage.go, CreateModelcarContainer and CreateModelcarInitContainer.
 */
import { digestOfBytes } from "../digest.ts";
import { OciError } from "../errors.ts";
import type { Store } from "../store.ts";
import type { BasePlatform, ResolvedBase } from "./base.ts";
import { type ImageFacts, namesOf } from "./config.ts";
import { checkFacts } from "./facts.ts";
import { contractLayer, modelLayer } from "./layers.ts";
import { modelcarPaths, type Platform, platforms } from "./names.ts";
import { planIndex, planPlatform, putImage } from "./put.ts";

export interface ModelcarRequest {
  /** null: from scratch. */
  base: ResolvedBase | null;
  platforms: readonly Platform[];
  model: { path: string; digest: string };
  /** The contract's bytes. */
  contract: Uint8Array;
  facts: ImageFacts;
  store: Store;
  tag?: string;
}

/** @returns the digest of the index. Rejects with `OciError`: `conflict` when the tag is another image's, `image` when the
 * model is not the one that was said */
export async function buildModelcar(request: ModelcarRequest): Promise<{ digest: string }> {
  const { base, facts, store, tag } = request;
  checkFacts(facts);
  const paths = modelcarPaths(facts.name);
  const { layer: model, digest: modelDigest } = await modelLayer(request.model.path, paths.model);
  if (modelDigest !== request.model.digest) {
    throw new OciError("image", `${request.model.path} is ${modelDigest}, not ${request.model.digest}`, {
      remedy: "Do not change the model while its images are built.",
    });
  }
  const layers = [model, await contractLayer(paths.contract, request.contract, null)];
  const digests = { modelDigest, contractDigest: digestOfBytes(request.contract), profileDigest: null };
  const names = namesOf(facts, digests, base);
  const images = platforms
    .filter((platform) => request.platforms.includes(platform))
    .map((platform) => {
      const under = base === null ? scratch(platform) : (base.platforms.get(platform) as BasePlatform);
      return planPlatform(platform, under, layers, {
        name: facts.name,
        modelDigest,
        labels: names,
        server: "none",
      });
    });
  const index = planIndex(images, names);
  await putImage(
    { base: { source: base?.source ?? store }, images, index },
    store,
    tag === undefined ? {} : { tag },
  );
  return { digest: index.descriptor.digest };
}

function scratch(platform: Platform): BasePlatform {
  const [os = "", architecture = ""] = platform.split("/");
  return { layers: [], config: { architecture, os, rootfs: { type: "layers", diff_ids: [] } } };
}
