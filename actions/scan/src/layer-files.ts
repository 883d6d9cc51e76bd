/** The files of a layer, in whichever form it lies in a registry. */
import { Readable, type Transform } from "node:stream";
import { createGunzip, createZstdDecompress } from "node:zlib";
import { entriesOf, type ReadEntry } from "@ml-actions/oci/image/tar-reader";
import type { Descriptor } from "@ml-actions/oci/manifest";
import type { Source } from "@ml-actions/oci/store";

export type LayerFile = Omit<ReadEntry, "type">;

/** Paths from the image's root, without a slash in front; the content of each is valid until the next is asked for. */
export async function* filesOf(source: Source, layer: Descriptor): AsyncGenerator<LayerFile> {
  for await (const { path, type, sizeBytes, content } of entriesOf(tarOf(source, layer))) {
    if (type === "file") yield { path: path.replace(/^(\.?\/)+/, ""), sizeBytes, content };
  }
}

async function* tarOf(source: Source, layer: Descriptor): AsyncGenerator<Uint8Array> {
  const unpacker = unpackerOf(layer.mediaType);
  if (unpacker === null) return yield* source.blob(layer);
  const packed = Readable.from(source.blob(layer), { objectMode: false });
  // `pipe` hands on no error: without this, a blob that is not what its digest says would end in silence.
  packed.on("error", (error) => unpacker.destroy(error));
  yield* packed.pipe(unpacker);
}

/** OCI's types end in `+gzip` and `+zstd`, Docker's in `.gzip`. */
function unpackerOf(mediaType: string): Transform | null {
  if (/[+.]gzip$/.test(mediaType)) return createGunzip();
  return /[+.]zstd$/.test(mediaType) ? createZstdDecompress() : null;
}
