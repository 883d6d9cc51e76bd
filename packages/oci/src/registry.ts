/** Pulling from a registry: manifests and blobs, verified by digest. */
import { createHash } from "node:crypto";
import { type Credentials, dockerConfigDirectory, storedCredentials } from "./docker-config.ts";
import { chunksOf, save } from "./download.ts";
import { OciError } from "./errors.ts";
import { type Exchange, exchange, isLoopback, shown } from "./exchange.ts";
import { type Descriptor, mediaTypes, type Pulled, parseDocument } from "./manifest.ts";
import { formatReference, type Reference } from "./reference.ts";
import { withRetries } from "./retries.ts";
import { basicHeader, fetchToken, parseChallenge } from "./token.ts";

export interface RegistryOptions {
  /** Instead of what `docker login` stored. */
  credentials?: Credentials;
  /** The folder of Docker's config.json. */
  dockerConfig?: string;
}

/** The distribution specification asks registries to take 4 MiB at least; none larger is in use. */
const maxManifestBytes = 4 * 1024 * 1024;

/** One registry and one repository in it, the way its references name them. */
export class Registry {
  readonly #reference: Reference;
  readonly #base: URL;
  readonly #options: RegistryOptions;
  #credentials: Promise<Credentials | null> | null = null;
  #authorization: { header: string; usableUntil: number } | null = null;

  /** Plain HTTP is spoken to this machine (127.0.0.1, localhost) alone. Tag and digest of the reference play no part. */
  constructor(reference: Reference, options: RegistryOptions = {}) {
    this.#reference = reference;
    this.#options = options;
    const host = reference.registry === "docker.io" ? "registry-1.docker.io" : reference.registry;
    const { hostname } = new URL(`https://${host}`);
    this.#base = new URL(`${isLoopback(hostname) ? "http" : "https"}://${host}/v2/${reference.repository}/`);
  }

  /** A manifest or index by tag or `sha256:` digest. Rejects with `OciError`; code `digest` when the bytes are not those
   * that the digest, or the registry's own header, promises. */
  async manifest(tagOrDigest: string): Promise<Pulled> {
    const url = new URL(`manifests/${tagOrDigest}`, this.#base);
    const accept = [...mediaTypes.manifest, ...mediaTypes.index].join(", ");
    const { bytes, mediaType, promised } = await withRetries(async () => {
      const response = await this.#exchange(url, { headers: { accept } });
      return {
        bytes: await collect(response, url),
        mediaType: response.headers.get("content-type") ?? "",
        promised: response.headers.get("docker-content-digest"),
      };
    });
    const digest = `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
    const expected = tagOrDigest.startsWith("sha256:") ? tagOrDigest : promised;
    if (expected?.startsWith("sha256:") && expected !== digest) {
      throw new OciError("digest", `${shown(url)} holds ${digest}, not ${expected}`, {
        remedy: "Do not use it: the registry, or something on the way to it, serves another manifest.",
      });
    }
    return { document: parseDocument(bytes, mediaType, shown(url)), mediaType, digest, bytes };
  }

  /** Streams a blob to `path`; the file appears there verified by size and digest, or not at all. */
  async saveBlob(descriptor: Descriptor, path: string): Promise<void> {
    const url = new URL(`blobs/${descriptor.digest}`, this.#base);
    const { digest, size } = descriptor;
    await withRetries(async () => {
      await save(await this.#exchange(url, {}), url, path, { digest, size, maxBytes: size });
    });
  }

  async #exchange(url: URL, request: Exchange): Promise<Response> {
    const known = this.#authorization !== null && this.#authorization.usableUntil > Date.now();
    const response = await exchange(url, {
      ...request,
      headers: { ...request.headers, ...(known && { authorization: this.#authorization?.header as string }) },
      accept: [401],
    });
    if (response.status !== 401) return response;
    const challenge = response.headers.get("www-authenticate");
    await response.body?.cancel();
    const authorization = await this.#answer(challenge);
    if (authorization === null) return exchange(url, request);
    return exchange(url, { ...request, headers: { ...request.headers, authorization } });
  }

  /** The Authorization that answers a challenge; null when there is none to give. */
  async #answer(header: string | null): Promise<string | null> {
    const challenge = parseChallenge(header);
    this.#credentials ??= this.#findCredentials();
    const credentials = await this.#credentials;
    if (challenge === null) return null;
    if (challenge.scheme === "bearer") {
      const scope = challenge.scope ?? `repository:${this.#reference.repository}:pull`;
      this.#authorization = await fetchToken(challenge, scope, credentials);
    } else if (credentials !== null && "username" in credentials) {
      this.#authorization = { header: basicHeader(credentials), usableUntil: Number.POSITIVE_INFINITY };
    } else return null;
    return this.#authorization.header;
  }

  async #findCredentials(): Promise<Credentials | null> {
    const { credentials, dockerConfig } = this.#options;
    return (
      credentials ?? storedCredentials(this.#reference.registry, dockerConfig ?? dockerConfigDirectory())
    );
  }

  toString(): string {
    return formatReference(this.#reference);
  }
}

async function collect(response: Response, url: URL): Promise<Uint8Array> {
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
