/** Images of a few bytes, for tests: any layers, any config. */

import { contentOfBytes } from "../content.ts";
import { digestOfBytes } from "../digest.ts";
import { imageMediaTypes } from "../image/names.ts";
import type { Descriptor } from "../manifest.ts";
import type { Store } from "../store.ts";

export interface TinyLayer {
  bytes: Uint8Array;
  mediaType?: string;
  /** Of the tar within; of the bytes unless said. */
  diffId?: string;
}

export interface TinyImage {
  architecture?: string;
  layers: readonly TinyLayer[];
  env?: readonly string[];
  labels?: Readonly<Record<string, string>>;
  /** Written over what the config would be. */
  config?: object;
  types?: { config: string; manifest: string };
}

export async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Buffer[] = [];
  // Copied: a chunk may be valid only until the next.
  for await (const chunk of chunks) all.push(Buffer.from(chunk));
  return Buffer.concat(all);
}

export async function putBlob(store: Store, bytes: Uint8Array, mediaType: string): Promise<Descriptor> {
  const descriptor = { mediaType, digest: digestOfBytes(bytes), size: bytes.byteLength };
  await store.pushBlob(descriptor, contentOfBytes(bytes));
  return descriptor;
}

/** One platform's manifest, with its blobs. */
export async function putTinyImage(store: Store, image: TinyImage, tag?: string): Promise<Descriptor> {
  const { architecture = "amd64", types = imageMediaTypes } = image;
  const layers: Descriptor[] = [];
  for (const { bytes, mediaType = imageMediaTypes.tar } of image.layers) {
    layers.push(await putBlob(store, bytes, mediaType));
  }
  const config = {
    architecture,
    os: "linux",
    config: { Env: image.env ?? [], ...(image.labels !== undefined && { Labels: image.labels }) },
    rootfs: {
      type: "layers",
      diff_ids: image.layers.map(({ bytes, diffId }) => diffId ?? digestOfBytes(bytes)),
    },
    history: image.layers.map(() => ({ created: "2020-01-01T00:00:00Z", created_by: "tiny" })),
    ...image.config,
  };
  const manifest = {
    schemaVersion: 2,
    mediaType: types.manifest,
    config: await putBlob(store, Buffer.from(JSON.stringify(config)), types.config),
    layers,
  };
  return store.pushManifest(Buffer.from(JSON.stringify(manifest)), types.manifest, tag);
}

/** An index of them. */
export async function putTinyIndex(
  store: Store,
  images: readonly TinyImage[],
  tag?: string,
): Promise<Descriptor> {
  const manifests: object[] = [];
  for (const image of images) {
    const { mediaType, digest, size } = await putTinyImage(store, image);
    const platform = { os: "linux", architecture: image.architecture ?? "amd64" };
    manifests.push({ mediaType, digest, size, platform });
  }
  const index = { schemaVersion: 2, mediaType: imageMediaTypes.index, manifests };
  return store.pushManifest(Buffer.from(JSON.stringify(index)), imageMediaTypes.index, tag);
}
