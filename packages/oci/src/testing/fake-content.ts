/** What the fake registry holds, and its answers: blobs, uploads, manifests, tags, referrers. */
import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { sha256 } from "./fake-registry.ts";

export interface FakeOptions {
  /** Whether GET /referrers is answered; true unless told. */
  referrers?: boolean;
  /** Whether PUT tells of it with OCI-Subject; true unless told. */
  acknowledges?: boolean;
  /** Whether tags are listed; true unless told. */
  tags?: boolean;
  /** Whether manifests have an ETag, and PUT heeds If-Match; false unless told. */
  conditional?: boolean;
  minChunkBytes?: number;
  /** Entries of a page of referrers or tags. */
  pageSize?: number;
}

interface Repository {
  blobs: Map<string, Buffer>;
  manifests: Map<string, { bytes: Buffer; type: string }>;
}

interface Upload {
  chunks: Buffer[];
  size: number;
}

const ociIndex = "application/vnd.oci.image.index.v1+json";
function refuse(response: ServerResponse, status: number, code: string): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify({ errors: [{ code }] }));
}

export class FakeContent {
  readonly repositories = new Map<string, Repository>();
  readonly uploads = new Map<string, Upload>();
  readonly #options: FakeOptions;

  constructor(options: FakeOptions) {
    this.#options = options;
  }

  repository(name: string): Repository {
    const standing = this.repositories.get(name);
    const repository = standing ?? { blobs: new Map(), manifests: new Map() };
    this.repositories.set(name, repository);
    return repository;
  }

  /** The registry's answer, once the body is there. */
  answer(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? "", "http://fake");
    const [, name = "", kind = "", rest = ""] =
      /^\/v2\/(.+?)\/(blobs|manifests|referrers|tags)\/(.*)$/.exec(url.pathname) ?? [];
    const repository = this.repository(name);
    if (kind === "blobs" && rest.startsWith("uploads/")) {
      this.#upload(request, response, { name, id: rest.slice("uploads/".length), url });
    } else if (kind === "blobs") blob(request, response, repository, rest);
    else if (kind === "manifests") this.#manifest(request, response, repository, rest);
    else if (kind === "referrers" && this.#options.referrers !== false)
      this.#referrers(response, repository, rest, url);
    else if (kind === "tags" && this.#options.tags !== false) this.#tags(response, repository, name, url);
    else refuse(response, 404, "UNSUPPORTED");
  }

  #upload(
    request: IncomingMessage,
    response: ServerResponse,
    { name, id, url }: { name: string; id: string; url: URL },
  ): void {
    if (request.method === "POST") {
      this.#begin(request, response, name, url);
      return;
    }
    const upload = this.uploads.get(id);
    if (upload === undefined) {
      request.resume();
      refuse(response, 404, "BLOB_UPLOAD_UNKNOWN");
      return;
    }
    response.setHeader("location", `/v2/${name}/blobs/uploads/${id}`);
    const range = () => response.setHeader("range", `0-${Math.max(0, upload.size - 1)}`);
    const start = request.headers["content-range"]?.split("-")[0];
    if (start !== undefined && Number(start) !== upload.size) {
      request.resume();
      range();
      refuse(response, 416, "BLOB_UPLOAD_INVALID");
      return;
    }
    // What arrived stays when the connection breaks, as real registries keep it.
    request.on("data", (chunk: Buffer) => {
      upload.chunks.push(chunk);
      upload.size += chunk.byteLength;
    });
    request.on("end", () => {
      range();
      if (request.method === "PATCH") response.writeHead(202).end();
      else if (request.method === "GET") response.writeHead(204).end();
      else this.#commit(response, name, id, url.searchParams.get("digest") ?? "");
    });
  }

  #begin(request: IncomingMessage, response: ServerResponse, name: string, url: URL): void {
    request.resume();
    const mounted = url.searchParams.get("mount") ?? "";
    const bytes = this.repositories.get(url.searchParams.get("from") ?? "")?.blobs.get(mounted);
    if (bytes !== undefined) {
      this.repository(name).blobs.set(mounted, bytes);
      response.writeHead(201, { location: `/v2/${name}/blobs/${mounted}` }).end();
      return;
    }
    const id = randomUUID();
    this.uploads.set(id, { chunks: [], size: 0 });
    const { minChunkBytes } = this.#options;
    if (minChunkBytes !== undefined) response.setHeader("oci-chunk-min-length", minChunkBytes);
    response.writeHead(202, { location: `/v2/${name}/blobs/uploads/${id}`, range: "0-0" }).end();
  }

  #commit(response: ServerResponse, name: string, id: string, digest: string): void {
    const bytes = Buffer.concat(this.uploads.get(id)?.chunks ?? []);
    this.uploads.delete(id);
    if (sha256(bytes) !== digest) {
      refuse(response, 400, "DIGEST_INVALID");
      return;
    }
    this.repository(name).blobs.set(digest, bytes);
    response.writeHead(201, { "docker-content-digest": digest }).end();
  }

  #manifest(
    request: IncomingMessage,
    response: ServerResponse,
    { manifests }: Repository,
    name: string,
  ): void {
    const standing = manifests.get(name);
    if (request.method !== "PUT") {
      request.resume();
      if (standing === undefined) {
        refuse(response, 404, "MANIFEST_UNKNOWN");
        return;
      }
      const digest = sha256(standing.bytes);
      response.setHeader("content-type", standing.type).setHeader("docker-content-digest", digest);
      response.setHeader("content-length", standing.bytes.byteLength);
      if (this.#options.conditional) response.setHeader("etag", `"${digest}"`);
      response.end(request.method === "HEAD" ? undefined : standing.bytes);
      return;
    }
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const condition = request.headers["if-match"];
      const now = manifests.get(name);
      if (
        this.#options.conditional &&
        condition !== undefined &&
        condition !== (now && `"${sha256(now.bytes)}"`)
      ) {
        return refuse(response, 412, "PRECONDITION_FAILED");
      }
      const bytes = Buffer.concat(chunks);
      const digest = sha256(bytes);
      if (name.startsWith("sha256:") && name !== digest) return refuse(response, 400, "DIGEST_INVALID");
      const manifest = { bytes, type: request.headers["content-type"] ?? "" };
      manifests.set(name, manifest).set(digest, manifest);
      const subject = JSON.parse(bytes.toString()).subject?.digest;
      const { referrers = true, acknowledges = true } = this.#options;
      if (subject !== undefined && referrers && acknowledges) response.setHeader("oci-subject", subject);
      response.writeHead(201, { "docker-content-digest": digest }).end();
    });
  }

  /** As GHCR does, it reports the config's type for the artifact's. */
  #referrers(response: ServerResponse, { manifests }: Repository, digest: string, url: URL): void {
    const all = [...manifests].flatMap(([name, { bytes, type }]) => {
      const json = JSON.parse(bytes.toString());
      if (!name.startsWith("sha256:") || json.subject?.digest !== digest) return [];
      return [
        { mediaType: type, digest: name, size: bytes.byteLength, artifactType: json.config?.mediaType },
      ];
    });
    const page = this.#page(response, all, url);
    response.setHeader("content-type", ociIndex);
    response.end(JSON.stringify({ schemaVersion: 2, mediaType: ociIndex, manifests: page }));
  }

  #tags(response: ServerResponse, { manifests }: Repository, name: string, url: URL): void {
    const tags = [...manifests.keys()].filter((key) => !key.startsWith("sha256:")).sort();
    response.end(JSON.stringify({ name, tags: this.#page(response, tags, url) }));
  }

  #page<T>(response: ServerResponse, all: T[], url: URL): T[] {
    const { pageSize = Number.POSITIVE_INFINITY } = this.#options;
    const from = Number(url.searchParams.get("from") ?? 0);
    const rest = all.slice(from);
    if (rest.length <= pageSize) return rest;
    const next = new URL(url);
    next.searchParams.set("from", String(from + pageSize));
    response.setHeader("link", `<${next.pathname}${next.search}>; rel="next"`);
    return rest.slice(0, pageSize);
  }
}

function blob(
  request: IncomingMessage,
  response: ServerResponse,
  { blobs }: Repository,
  digest: string,
): void {
  request.resume();
  const bytes = blobs.get(digest);
  if (bytes === undefined) {
    refuse(response, 404, "BLOB_UNKNOWN");
    return;
  }
  const start = /^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1];
  const part = bytes.subarray(Number(start ?? 0));
  response.setHeader("docker-content-digest", digest).setHeader("content-length", part.byteLength);
  if (start !== undefined) response.statusCode = 206;
  response.end(request.method === "HEAD" ? undefined : part);
}
