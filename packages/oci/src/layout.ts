/** An OCI image layout (image specification 1.1, "Image Layout") in a directory, as a store. */

import { createHash } from "node:crypto";
import { join, resolve } from "node:path";
import { digestOfBytes } from "./digest.ts";
import { OciError } from "./errors.ts";
import { damaged, makeDirectory, openPlain, readSmall, writeWhole } from "./layout-files.ts";
import { assertFree, type Entry, find, listed, readIndex, updateIndex } from "./layout-index.ts";
import { type Descriptor, mediaTypes, type Pulled, parseDocument } from "./manifest.ts";
import { digestPattern } from "./reference.ts";
import { opened, referrer, subjectOf } from "./referrers.ts";
import type { BlobContent, Referrer, Store } from "./store.ts";
import { assertName, assertTag } from "./tag.ts";

const chunkBytes = 64 * 1024;
const version = { imageLayoutVersion: "1.0.0" };

/** Nothing in the directory is trusted: names come from digests alone, links and special files are refused, and every
 * byte is verified. Processes may write at the same time. */
export class Layout implements Store {
  readonly name: string;
  readonly #directory: string;

  /** `directory` is made at the first write. */
  constructor(directory: string) {
    this.name = `oci:${directory}`;
    this.#directory = resolve(directory);
  }

  async manifest(tagOrDigest: string): Promise<Pulled> {
    assertName(tagOrDigest);
    const entries = await readIndex(this.#directory);
    if (entries === null) throw notThere(this.name, tagOrDigest, "there is no image layout");
    const entry = find(entries, tagOrDigest, this.name);
    const digest = entry?.digest ?? tagOrDigest;
    const bytes = digestPattern.test(digest) ? await readSmall(this.#path(digest)) : null;
    if (bytes === null) throw notThere(this.name, tagOrDigest);
    const actual = digestOfBytes(bytes);
    const place = `${this.name}@${digest}`;
    if (actual !== digest) throw wrong(place, `the bytes of ${actual}`);
    if (entry !== null && entry.size !== bytes.byteLength) {
      throw wrong(place, `${bytes.byteLength} bytes, not ${entry.size}`);
    }
    const mediaType = entry?.mediaType ?? ownType(bytes, place);
    return { document: parseDocument(bytes, mediaType, place), mediaType, digest, bytes };
  }

  async resolve(tagOrDigest: string): Promise<Descriptor | null> {
    try {
      const { mediaType, digest, bytes } = await this.manifest(tagOrDigest);
      return { mediaType, digest, size: bytes.byteLength };
    } catch (error) {
      if (error instanceof OciError && error.code === "not-found") return null;
      throw error;
    }
  }

  async *blob({ digest, size }: Descriptor): AsyncGenerator<Uint8Array> {
    const file = await openPlain(this.#path(digest));
    if (file === null) throw notThere(this.name, digest);
    const place = `${this.name}@${digest}`;
    try {
      const { size: actual } = await file.stat();
      if (actual !== size) throw wrong(place, `${actual} bytes, not ${size}`);
      const hash = createHash("sha256");
      // Not beyond `size`, should the file grow.
      const stream = file.createReadStream({ highWaterMark: chunkBytes, autoClose: false, end: size });
      let received = 0;
      for await (const chunk of stream as AsyncIterable<Uint8Array>) {
        received += chunk.byteLength;
        hash.update(chunk);
        yield chunk;
      }
      const found = `sha256:${hash.digest("hex")}`;
      if (received !== size || found !== digest) throw wrong(place, `the bytes of ${found}`);
    } finally {
      await file.close();
    }
  }

  async referrers(digest: string, artifactType?: string): Promise<Referrer[]> {
    const entries = (await readIndex(this.#directory)) ?? [];
    const all = await opened(entries, digest, (each) => this.manifest(each), this.name);
    return artifactType === undefined ? all : all.filter((each) => each.artifactType === artifactType);
  }

  /** A file of another size is damage, and is written anew by `pushBlob`. */
  async hasBlob({ digest, size }: Descriptor): Promise<boolean> {
    const file = await openPlain(this.#path(digest));
    if (file === null) return false;
    const { size: actual } = await file.stat().finally(() => file.close());
    return actual === size;
  }

  async pushBlob(descriptor: Descriptor, content: BlobContent): Promise<"present" | "sent"> {
    if (await this.hasBlob(descriptor)) return "present";
    await this.#prepare();
    await writeWhole(this.#directory, this.#path(descriptor.digest), content(0), descriptor);
    return "sent";
  }

  async pushManifest(bytes: Uint8Array, mediaType: string, tag?: string): Promise<Descriptor> {
    const document = parseDocument(bytes, mediaType, "what should be pushed");
    const digest = digestOfBytes(bytes);
    const descriptor = { mediaType, digest, size: bytes.byteLength };
    const before = (await readIndex(this.#directory)) ?? [];
    if (tag !== undefined) assertFree(before, assertTag(tag), digest, this.name);
    await this.#prepare();
    await writeWhole(this.#directory, this.#path(digest), [bytes], descriptor);
    const parts = document.kind === "index" ? document.index.manifests.map((part) => part.digest) : [];
    const isAttached = subjectOf(document) !== null;
    const { artifactType, annotations } = referrer({ document, mediaType, digest, bytes });
    const entry: Entry = {
      ...descriptor,
      ...(isAttached && { artifactType, annotations: { ...annotations } }),
    };
    await updateIndex(this.#directory, (entries) => {
      if (tag !== undefined) assertFree(entries, tag, digest, this.name);
      return listed(entries, entry, { tag, parts, isAttached });
    });
    return descriptor;
  }

  async #prepare(): Promise<void> {
    await makeDirectory(join(this.#directory, "blobs"));
    await makeDirectory(join(this.#directory, "blobs", "sha256"));
    const path = join(this.#directory, "oci-layout");
    if ((await readSmall(path)) !== null) return;
    await writeWhole(this.#directory, path, [Buffer.from(JSON.stringify(version))]);
  }

  #path(digest: string): string {
    if (!digestPattern.test(digest))
      throw damaged(this.name, `names ${JSON.stringify(digest.slice(0, 100))}`);
    return join(this.#directory, "blobs", "sha256", digest.slice("sha256:".length));
  }

  toString(): string {
    return this.name;
  }
}

function notThere(place: string, what: string, why = "it is not there"): OciError {
  return new OciError("not-found", `${place} has no ${what}: ${why}`, {
    remedy: "Check the directory and the name; `build` with `layout` writes one.",
  });
}

function wrong(place: string, actual: string): OciError {
  return new OciError("digest", `${place} holds ${actual}`, {
    remedy: "Do not use it: the layout was damaged or changed. Write it again.",
  });
}

/** A part of an index is not listed, so its type is its own word; a document that could be read as either is refused
 * (CVE-2021-41190). */
function ownType(bytes: Uint8Array, place: string): string {
  let json: Record<string, unknown> | null = null;
  try {
    json = JSON.parse(Buffer.from(bytes).toString("utf8")) as Record<string, unknown> | null;
  } catch {
    // parseDocument says why.
  }
  if (typeof json?.mediaType === "string") return json.mediaType;
  const [isIndex, isManifest] = [json?.manifests !== undefined, json?.layers !== undefined];
  if (isIndex && isManifest) throw wrong(place, "both layers and manifests, and no mediaType");
  return (isIndex ? mediaTypes.index[0] : mediaTypes.manifest[0]) as string;
}
