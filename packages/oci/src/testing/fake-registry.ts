/** A registry in this process: real HTTP on a port of the system's choice, and every way to misbehave. */
import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export function sha256(bytes: Uint8Array | string): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

export type Handler = (request: IncomingMessage, response: ServerResponse) => void;

export interface TestServer {
  port: number;
  /** `METHOD /path` of every request so far, with its Authorization. */
  seen: { line: string; authorization: string | undefined }[];
  close(): Promise<void>;
}

export async function serve(handler: Handler): Promise<TestServer> {
  const seen: TestServer["seen"] = [];
  const server = createServer((request, response) => {
    seen.push({ line: `${request.method} ${request.url}`, authorization: request.headers.authorization });
    handler(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    seen,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

export interface Content {
  /** Tag or digest → manifest text. */
  manifests: Map<string, { text: string; type: string }>;
  /** Digest → bytes. */
  blobs: Map<string, Uint8Array>;
}

const manifestType = "application/vnd.oci.image.manifest.v1+json";

/** An artifact of one file a layer, titled, under the tag `1`. */
export function artifact(files: Record<string, Uint8Array>): Content & { digest: string } {
  const blobs = new Map<string, Uint8Array>();
  const layers = Object.entries(files).map(([title, bytes]) => {
    blobs.set(sha256(bytes), bytes);
    return {
      mediaType: "application/octet-stream",
      digest: sha256(bytes),
      size: bytes.byteLength,
      annotations: { "org.opencontainers.image.title": title },
    };
  });
  const config = { mediaType: "application/vnd.oci.empty.v1+json", digest: sha256("{}"), size: 2 };
  const text = JSON.stringify({ schemaVersion: 2, mediaType: manifestType, config, layers });
  const digest = sha256(text);
  const manifest = { text, type: manifestType };
  return {
    blobs,
    digest,
    manifests: new Map([
      ["1", manifest],
      [digest, manifest],
    ]),
  };
}

/** Serves the content below /v2/models/flights/. */
export function contentHandler({ manifests, blobs }: Content): Handler {
  return (request, response) => {
    const [, kind, name = ""] =
      /^\/v2\/models\/flights\/(manifests|blobs)\/(.+)$/.exec(request.url ?? "") ?? [];
    const manifest = kind === "manifests" ? manifests.get(name) : undefined;
    const blob = kind === "blobs" ? blobs.get(name) : undefined;
    if (manifest !== undefined) {
      response.setHeader("content-type", manifest.type);
      response.setHeader("docker-content-digest", sha256(manifest.text));
      response.end(manifest.text);
    } else if (blob !== undefined) response.end(blob);
    else response.writeHead(404).end(JSON.stringify({ errors: [{ code: "NAME_UNKNOWN" }] }));
  };
}
