/** Manifests of a repository over HTTP: read and written, with both sides' word on the digest compared. */

import { shown } from "./address.ts";
import { chunksOf } from "./body.ts";
import type { Connection } from "./connection.ts";
import { digestOfBytes } from "./digest.ts";
import { OciError } from "./errors.ts";
import { type Descriptor, maxManifestBytes, mediaTypes, type Pulled, parseDocument } from "./manifest.ts";
import { digestPattern } from "./reference.ts";
import { withRetries } from "./retries.ts";
import { assertStored } from "./upload.ts";

const accept = [...mediaTypes.manifest, ...mediaTypes.index].join(", ");

export interface RawManifest {
  bytes: Uint8Array;
  mediaType: string;
  digest: string;
  /** RFC 9110, 8.8.3, as it came. */
  etag: string | null;
}

/** The bytes behind a tag or digest, verified. Rejects with `OciError`, `not-found` when nothing is there. */
export async function getRaw(connection: Connection, tagOrDigest: string): Promise<RawManifest> {
  const url = manifestUrl(connection, tagOrDigest);
  const { bytes, headers } = await withRetries(async () => {
    const response = await connection.exchange(url, { headers: { accept } }, "pull");
    return { bytes: await collect(response, url), headers: response.headers };
  });
  const digest = digestOfBytes(bytes);
  const expected = digestPattern.test(tagOrDigest) ? tagOrDigest : headers.get("docker-content-digest");
  if (expected?.startsWith("sha256:") && expected !== digest) {
    throw new OciError("digest", `${shown(url)} holds ${digest}, not ${expected}`, {
      remedy: "Do not use it: the registry, or something on the way to it, serves another manifest.",
    });
  }
  return { bytes, mediaType: headers.get("content-type") ?? "", digest, etag: headers.get("etag") };
}

export async function getManifest(connection: Connection, tagOrDigest: string): Promise<Pulled> {
  const { bytes, mediaType, digest } = await getRaw(connection, tagOrDigest);
  const place = shown(manifestUrl(connection, tagOrDigest));
  return { document: parseDocument(bytes, mediaType, place), mediaType, digest, bytes };
}

/** What HEAD says of a tag or digest; null when nothing is there. A registry that says too little is asked for the whole. */
export async function headManifest(connection: Connection, tagOrDigest: string): Promise<Descriptor | null> {
  const url = manifestUrl(connection, tagOrDigest);
  const response = await withRetries(() =>
    connection.exchange(url, { method: "HEAD", headers: { accept }, accept: [404] }, "pull"),
  );
  if (response.status === 404) return null;
  const digest = response.headers.get("docker-content-digest") ?? "";
  const size = Number(response.headers.get("content-length") ?? Number.NaN);
  const mediaType = response.headers.get("content-type")?.split(";")[0]?.trim() ?? "";
  if (!digestPattern.test(digest) || !Number.isSafeInteger(size) || mediaType === "") {
    const pulled = await getRaw(connection, tagOrDigest);
    return { mediaType: pulled.mediaType, digest: pulled.digest, size: pulled.bytes.byteLength };
  }
  if (digestPattern.test(tagOrDigest) && digest !== tagOrDigest) {
    throw new OciError("digest", `${shown(url)} is ${digest} by the registry's word`, {
      remedy: "Do not use it: the registry, or something on the way to it, serves another manifest.",
    });
  }
  return { mediaType, digest, size };
}

/** Puts bytes under a tag or their digest. `ifMatch`: an ETag that must still be current; resolves with false when it is
 * not. */
export async function putManifest(
  connection: Connection,
  tagOrDigest: string,
  { bytes, mediaType, digest }: { bytes: Uint8Array; mediaType: string; digest: string },
  ifMatch: string | null = null,
): Promise<boolean> {
  const url = manifestUrl(connection, tagOrDigest);
  const headers = { "content-type": mediaType, ...(ifMatch !== null && { "if-match": ifMatch }) };
  const response = await withRetries(() =>
    connection.exchange(url, { method: "PUT", headers, body: bytes, accept: [412] }, "push"),
  );
  await response.body?.cancel();
  if (response.status === 412) return false;
  assertStored(response, digest, url);
  return true;
}

export function manifestUrl(connection: Connection, tagOrDigest: string): URL {
  return new URL(`manifests/${tagOrDigest}`, connection.base);
}

/** A whole body that is no larger than a manifest may be. */
export async function collect(response: Response, url: URL): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of chunksOf(response, url)) {
    size += chunk.byteLength;
    if (size > maxManifestBytes) {
      throw new OciError("too-large", `${shown(url)} is larger than any manifest`, {
        remedy: "Check the reference.",
      });
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
