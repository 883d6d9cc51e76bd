/** One repository of a registry, over the distribution API: every byte verified by digest, both ways. */

import { createHash } from "node:crypto";
import { shown } from "./address.ts";
import { chunksOf } from "./body.ts";
import { Connection, type RegistryOptions } from "./connection.ts";
import { digestOfBytes } from "./digest.ts";
import { save } from "./download.ts";
import { OciError } from "./errors.ts";
import { type Descriptor, type Pulled, parseDocument } from "./manifest.ts";
import { getManifest, headManifest, putManifest } from "./manifests.ts";
import type { Reference } from "./reference.ts";
import { attach, listReferrers, subjectOf } from "./referrers.ts";
import { Retries, withRetries } from "./retries.ts";
import type { BlobContent, Referrer, Source, Store } from "./store.ts";
import { assertName, assertTag, tagConflict } from "./tag.ts";
import { upload } from "./upload.ts";

export type { RegistryOptions } from "./connection.ts";

/** One registry and one repository in it, the way its references name them. */
export class Registry implements Store {
  readonly name: string;
  readonly #connection: Connection;

  /** Plain HTTP is spoken to this machine (127.0.0.1, localhost) alone. Tag and digest of the reference play no part. */
  constructor(reference: Reference, options: RegistryOptions = {}) {
    this.#connection = new Connection(reference, options);
    this.name = `${this.#connection}`;
  }

  /** A manifest or index by tag or `sha256:` digest. Rejects with `OciError`; code `digest` when the bytes are not those
   * that the digest, or the registry's own header, promises. */
  async manifest(tagOrDigest: string): Promise<Pulled> {
    return getManifest(this.#connection, assertName(tagOrDigest));
  }

  async resolve(tagOrDigest: string): Promise<Descriptor | null> {
    return headManifest(this.#connection, assertName(tagOrDigest));
  }

  /** Goes on where a broken connection ended, so that nothing comes twice. */
  async *blob({ digest, size }: Descriptor): AsyncGenerator<Uint8Array> {
    const url = this.#blobUrl(digest);
    const hash = createHash("sha256");
    const retries = new Retries();
    let received = 0;
    while (received < size || size === 0) {
      try {
        const headers: Record<string, string> = received > 0 ? { range: `bytes=${received}-` } : {};
        const response = await this.#connection.exchange(url, { headers }, "pull");
        let skip = response.status === 206 ? 0 : received;
        for await (const chunk of chunksOf(response, url)) {
          const fresh = chunk.subarray(Math.min(skip, chunk.byteLength));
          skip -= chunk.byteLength - fresh.byteLength;
          if (fresh.byteLength === 0) continue;
          received += fresh.byteLength;
          if (received > size) throw wrongSize(url, `more than ${size}`, size);
          hash.update(fresh);
          yield fresh;
        }
        break;
      } catch (error) {
        await retries.after(error);
      }
    }
    if (received !== size) throw wrongSize(url, received, size);
    const actual = `sha256:${hash.digest("hex")}`;
    if (actual !== digest) {
      throw new OciError("digest", `${shown(url)} holds ${actual}, not ${digest}`, {
        remedy: "Do not use it: the registry, or something on the way to it, serves another blob.",
      });
    }
  }

  /** Streams a blob to `path`; the file appears there verified by size and digest, or not at all. */
  async saveBlob(descriptor: Descriptor, path: string): Promise<void> {
    const { digest, size } = descriptor;
    const url = this.#blobUrl(digest);
    await withRetries(async () => {
      const response = await this.#connection.exchange(url, {}, "pull");
      await save(response, url, path, { digest, size, maxBytes: size });
    });
  }

  async referrers(digest: string, artifactType?: string): Promise<Referrer[]> {
    const all = await listReferrers(this.#connection, digest, (each) => this.manifest(each));
    return artifactType === undefined ? all : all.filter((each) => each.artifactType === artifactType);
  }

  async hasBlob({ digest, size }: Descriptor): Promise<boolean> {
    const url = this.#blobUrl(digest);
    const response = await withRetries(() =>
      this.#connection.exchange(url, { method: "HEAD", accept: [404] }, "pull"),
    );
    if (response.status === 404) return false;
    const length = response.headers.get("content-length");
    return length === null || Number(length) === size;
  }

  async pushBlob(
    descriptor: Descriptor,
    content: BlobContent,
    from?: Source,
  ): Promise<"present" | "mounted" | "sent"> {
    if (await this.hasBlob(descriptor)) return "present";
    return upload(this.#connection, descriptor, content, {
      mountFrom: from instanceof Registry ? this.#mountable(from) : null,
      has: () => this.hasBlob(descriptor),
    });
  }

  /** The check of the tag and its move are two requests: of two writers at the same moment with different images, the
   * one who is overwritten can be told only when it happens before the tag is read back. */
  async pushManifest(bytes: Uint8Array, mediaType: string, tag?: string): Promise<Descriptor> {
    const document = parseDocument(bytes, mediaType, "what should be pushed");
    const digest = digestOfBytes(bytes);
    const descriptor = { mediaType, digest, size: bytes.byteLength };
    const standing = tag === undefined ? null : await this.resolve(assertTag(tag));
    if (tag !== undefined && standing !== null && standing.digest !== digest) {
      throw tagConflict(`${this.name}:${tag}`, standing.digest, digest);
    }
    const subject = subjectOf(document);
    if (standing !== null && subject === null) return descriptor;
    await putManifest(this.#connection, digest, { bytes, mediaType, digest });
    if (subject !== null) {
      const attached = { document, mediaType, digest, bytes };
      await attach(this.#connection, subject, attached, (name) => this.manifest(name));
    }
    if (tag === undefined || standing !== null) return descriptor;
    await putManifest(this.#connection, tag, { bytes, mediaType, digest });
    const now = await this.resolve(tag);
    if (now?.digest !== digest) throw tagConflict(`${this.name}:${tag}`, now?.digest ?? "nothing", digest);
    return descriptor;
  }

  /** The repository to mount from, when it is another one in the same registry. */
  #mountable(from: Registry): string | null {
    const { registry, repository } = from.#connection.reference;
    const own = this.#connection.reference;
    return registry === own.registry && repository !== own.repository ? repository : null;
  }

  #blobUrl(digest: string): URL {
    return new URL(`blobs/${digest}`, this.#connection.base);
  }

  toString(): string {
    return this.name;
  }
}

function wrongSize(url: URL, actual: number | string, size: number): OciError {
  return new OciError("digest", `${shown(url)} holds ${actual} bytes, not ${size}`, {
    remedy: "Do not use it: what lies there is not what its manifest describes.",
  });
}
