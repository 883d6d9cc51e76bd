/** The layers that hold a model: tars as they are, for weights hardly compress and no compressor's version can change their
 * digest. */
import { createHash } from "node:crypto";
import { stat } from "node:fs/promises";
import { OciError } from "../errors.ts";
import type { Descriptor } from "../manifest.ts";
import type { BlobContent } from "../store.ts";
import { imageMediaTypes, type LayerKind, ownNames, paths } from "./names.ts";
import { fileContent, type TarEntry, tarOf } from "./tar.ts";

export interface Layer {
  kind: LayerKind;
  descriptor: Descriptor;
  /** `sha256:<hex>` of the tar within. */
  diffId: string;
  content: BlobContent;
}

/** The model at a path of the image. One reading of the file gives the layer's digest and its own. */
export async function modelLayer(
  file: string,
  path: string,
): Promise<{ layer: Layer; modelDigest: string; sizeBytes: number }> {
  const sizeBytes = await sizeOf(file);
  const hash = createHash("sha256");
  async function* hashed() {
    for await (const chunk of fileContent(file)) {
      hash.update(chunk);
      yield chunk;
    }
  }
  const { digest, size } = await measured(tarOf([{ path, sizeBytes, content: hashed }]));
  const layer = plainLayer("model", [{ path, sizeBytes, content: () => fileContent(file) }], digest, size);
  return { layer, modelDigest: `sha256:${hash.digest("hex")}`, sizeBytes };
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
  const { digest, size } = await measured(tarOf(entries));
  return plainLayer("contract", entries, digest, size);
}

/** A layer that is its tar, uncompressed. */
function plainLayer(kind: LayerKind, entries: readonly TarEntry[], digest: string, size: number): Layer {
  const descriptor = layerDescriptor(kind, imageMediaTypes.tar, digest, size);
  const content = checkedContent(() => tarOf(entries), descriptor, `the ${kind} layer`);
  return { kind, descriptor, diffId: digest, content };
}

export function layerDescriptor(
  kind: LayerKind,
  mediaType: string,
  digest: string,
  size: number,
): Descriptor {
  return { mediaType, digest, size, annotations: { [ownNames.layer]: kind } };
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
