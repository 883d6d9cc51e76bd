/**
 * A place that holds one repository's content: a registry over HTTP, or an OCI image layout in a directory. What builds,
 * signs, scans and verifies speaks to this and knows no more; one contract suite runs against every kind.
 */
import type { Descriptor, Pulled } from "./manifest.ts";

/** What can be read. Every method verifies what it gives by digest, and rejects with `OciError`. */
export interface Source {
  /** For messages and records: `ghcr.io/org/flights`, `oci:build/image`. Never a password or token. */
  readonly name: string;
  /** A manifest or index by tag or digest, whole (4 MiB at most). */
  manifest(tagOrDigest: string): Promise<Pulled>;
  /** The descriptor behind a tag or digest, without its content; null when it is not there. */
  resolve(tagOrDigest: string): Promise<Descriptor | null>;
  /** A blob as a stream of chunks: ends only after size and digest were found right, else it throws `digest`. */
  blob(descriptor: Descriptor): AsyncIterable<Uint8Array>;
  /** Manifests whose `subject` is `digest`, each opened (its own artifactType and annotations, not the index's word).
   * `artifactType`: only these. Order: by digest. */
  referrers(digest: string, artifactType?: string): Promise<Referrer[]>;
}

/** What can be written as well. */
export interface Store extends Source {
  hasBlob(descriptor: Descriptor): Promise<boolean>;
  /** Idempotent: what is there is not sent again, what can be mounted from `from` in the same registry is not sent
   * either. `content` gives the bytes anew at each call, from `offset` on (a broken upload is resumed). Memory does not
   * grow with the blob. */
  pushBlob(
    descriptor: Descriptor,
    content: BlobContent,
    from?: Source,
  ): Promise<"present" | "mounted" | "sent">;
  /** Puts the bytes under their digest and, with `tag`, under it too. The tag's move is the last thing that happens.
   * With a `subject`, resolves only when the referrers of the subject list it (read back, put again when another writer
   * of the fallback tag overwrote it). A tag that has another digest: `OciError` code `conflict`, nothing is changed. */
  pushManifest(bytes: Uint8Array, mediaType: string, tag?: string): Promise<Descriptor>;
}

/** The bytes from `offset` on. A chunk may be overwritten as soon as the next is asked for. */
export type BlobContent = (offset: number) => AsyncIterable<Uint8Array>;

export interface Referrer {
  descriptor: Descriptor;
  artifactType: string;
  annotations: Readonly<Record<string, string>>;
  layers: readonly Descriptor[];
}
