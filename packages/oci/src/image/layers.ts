/** The layers that hold a model: stored, not compressed, for weights hardly shrink. */
import { createHash } from "node:crypto";
import { stat } from "node:fs/promises";
import { OciError } from "../errors.ts";
import type { Descriptor } from "../manifest.ts";
import type { BlobContent } from "../store.ts";
import { storedGzipOf } from "./gzip.ts";
import { imageMediaTypes, type LayerKind, modelPath, ownNames, paths } from "./names.ts";
import { fileContent, type TarEntry, tarOf } from "./tar.ts";

export interface Layer {
  kind: LayerKind;
  descriptor: Descriptor;
  /** `sha256:<hex>` of the tar within. */
  diffId: string;
  content: BlobContent;
}

/** What the layer's bytes are. */
export interface RecordedLayer {
  digest: string;
  /** Of the tar within. */
  diffId: string;
  size: number;
}

/** A model file that was read once: what it is, and the layer that holds it. The bytes that go into a store are held
 * against both. */
export interface MeasuredModel {
  /** `sha256:<hex>` of the file. */
  digest: string;
  layer: Layer;
  /** In the image, without the leading slash. */
  path: string;
}

/** The model of an image of that name. One reading of the file gives its digest, the layer's and that of the tar within.
 * Rejects with `OciError` code `file`. */
export async function measureModel(file: string, name: string): Promise<MeasuredModel> {
  return modelLayer(file, modelPath(name));
}

/** The same at any path of an image. */
export async function modelLayer(file: string, path: string): Promise<MeasuredModel> {
  const sizeBytes = await sizeOf(file);
  const hash = createHash("sha256");
  async function* hashed() {
    for await (const chunk of fileContent(file)) {
      hash.update(chunk);
      yield chunk;
    }
  }
  const recorded = await measuredAs([{ path, sizeBytes, content: hashed }], storedGzipOf);
  const layer = storedLayer("model", [{ path, sizeBytes, content: () => fileContent(file) }], recorded);
  return { digest: `sha256:${hash.digest("hex")}`, layer, path };
}

async function sizeOf(file: string): Promise<number> {
  const stats = await stat(file).catch((cause: Error) => {
    throw new OciError("file", `cannot read the model: ${cause.message}`, {
      cause,
      remedy: "Give the path of an ONNX file that this user can read.",
    });
  });
  if (stats.isFile() && stats.size > 0) return stats.size;
  throw new OciError("file", `the model ${file} is ${stats.isFile() ? "an empty file" : "no file"}`, {
    remedy: "Give the path of an ONNX file.",
  });
}

/** The contract at a path of the image, and the reference profile where there is one. */
export async function contractLayer(
  path: string,
  contract: Uint8Array,
  profile: Uint8Array | null,
): Promise<Layer> {
  const entries: TarEntry[] = [{ path, bytes: contract }];
  if (profile !== null) entries.push({ path: paths.profile, bytes: profile });
  return storedLayer("contract", entries, await measuredAs(entries, storedGzipOf));
}

function storedLayer(
  kind: LayerKind,
  entries: readonly TarEntry[],
  { digest, diffId, size }: RecordedLayer,
): Layer {
  const descriptor = layerDescriptor(kind, digest, size);
  const content = checkedContent(() => storedGzipOf(tarOf(entries)), descriptor, `the ${kind} layer`);
  return { kind, descriptor, diffId, content };
}

export function layerDescriptor(kind: LayerKind, digest: string, size: number): Descriptor {
  return { mediaType: imageMediaTypes.tarGzip, digest, size, annotations: { [ownNames.layer]: kind } };
}

/** What a layer of these entries comes out as, compressed so. */
export async function measuredAs(
  entries: readonly TarEntry[],
  compress: (content: AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array>,
): Promise<RecordedLayer> {
  const tar = createHash("sha256");
  async function* hashed() {
    for await (const chunk of tarOf(entries)) {
      tar.update(chunk);
      yield chunk;
    }
  }
  const { digest, size } = await measured(compress(hashed()));
  return { digest, diffId: `sha256:${tar.digest("hex")}`, size };
}

/** Digest and size of a stream. */
export async function measured(
  content: AsyncIterable<Uint8Array>,
): Promise<{ digest: string; size: number }> {
  const hash = createHash("sha256");
  let size = 0;
  for await (const chunk of content) {
    hash.update(chunk);
    size += chunk.byteLength;
  }
  return { digest: `sha256:${hash.digest("hex")}`, size };
}

/** The bytes from an offset on. Made from the start each time, so that their digest is known: files may have changed since
 * it was computed, and then there is an `OciError` code `image` before the last chunk, and no layer that nobody asked for.
 * Each chunk is valid until the next is asked for. */
export function checkedContent(
  bytes: () => AsyncIterable<Uint8Array>,
  { digest, size }: Descriptor,
  what: string,
): BlobContent {
  const refused = (actual: string) =>
    new OciError("image", `${what} comes out as ${actual}, not as ${digest} of ${size} bytes`, {
      remedy: "Do not change the files while an image is built. If nobody does, install ml-actions anew.",
    });
  return async function* (offset) {
    const hash = createHash("sha256");
    let position = 0;
    for await (const chunk of bytes()) {
      hash.update(chunk);
      const kept = chunk.subarray(Math.max(0, offset - position));
      position += chunk.byteLength;
      if (position > size) throw refused(`${position} bytes or more`);
      if (position === size) {
        const actual = `sha256:${hash.digest("hex")}`;
        if (actual !== digest) throw refused(actual);
      }
      if (kept.byteLength > 0) yield kept;
    }
    if (position < size) throw refused(`${position} bytes`);
  };
}
