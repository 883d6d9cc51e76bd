/** One layer of the base image: a tar, gzipped, as a blob of an OCI layout. */
import { createHash, type Hash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { type Header, type Pack, pack } from "tar-stream";

export interface Blob {
  mediaType: string;
  digest: string;
  size: number;
}

export interface Layer {
  blob: Blob;
  /** Digest of the tar, before gzip. */
  diffId: string;
  /** What made it, for the image's history. */
  comment: string;
}

export type NewEntry = Partial<Header> & Pick<Header, "name">;

/** `fill` puts the entries into the tar, in their order. The same entries give the same blob on one version of Node. */
export async function writeLayer(
  layout: string,
  comment: string,
  fill: (tar: Pack) => Promise<void>,
): Promise<Layer> {
  const directory = await mkdtemp(join(layout, "layer-"));
  try {
    const path = join(directory, "layer.tar.gz");
    const tar = pack();
    const [ofTar, ofGzip] = [createHash("sha256"), createHash("sha256")];
    const counted = { bytes: 0 };
    const written = pipeline(
      tar,
      through(ofTar, { bytes: 0 }),
      createGzip(),
      through(ofGzip, counted),
      createWriteStream(path),
    );
    await Promise.all([
      written,
      fill(tar).then(
        () => tar.finalize(),
        (error) => tar.destroy(error),
      ),
    ]);
    const hex = ofGzip.digest("hex");
    await rename(path, blobPath(layout, `sha256:${hex}`));
    const mediaType = "application/vnd.oci.image.layer.v1.tar+gzip";
    const blob = { mediaType, digest: `sha256:${hex}`, size: counted.bytes };
    return { blob, diffId: `sha256:${ofTar.digest("hex")}`, comment };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** Writes a document as a blob. */
export async function writeDocument(layout: string, mediaType: string, document: unknown): Promise<Blob> {
  const bytes = Buffer.from(JSON.stringify(document));
  const digest = `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
  await writeFile(blobPath(layout, digest), bytes);
  return { mediaType, digest, size: bytes.byteLength };
}

export function blobPath(layout: string, digest: string): string {
  return join(layout, "blobs", ...digest.split(":"));
}

/** An entry whole; resolves when the tar has taken it, so that only one is in memory. */
export function addEntry(tar: Pack, header: NewEntry, content?: Uint8Array | string): Promise<void> {
  return new Promise((resolve, reject) => {
    const done = (error?: Error | null) => (error ? reject(error) : resolve());
    if (content === undefined) tar.entry(header, done);
    else tar.entry(header, typeof content === "string" ? content : Buffer.from(content), done);
  });
}

function through(hash: Hash, count: { bytes: number }): Transform {
  return new Transform({
    transform(chunk: Buffer, _encoding, callback) {
      hash.update(chunk);
      count.bytes += chunk.byteLength;
      callback(null, chunk);
    },
  });
}
