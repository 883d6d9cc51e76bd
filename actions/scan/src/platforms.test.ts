import { createHash } from "node:crypto";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { ownNames } from "@ml-actions/oci/image/names";
import { type Descriptor, parseDocument } from "@ml-actions/oci/manifest";
import type { Source } from "@ml-actions/oci/store";
import { pack } from "tar-stream";
import { describe, expect, it } from "vitest";
import { bundledPackages } from "./bundled.ts";
import { platformsOf } from "./platforms.ts";
import { systemPackages } from "./system-packages.ts";

const types = {
  index: "application/vnd.oci.image.index.v1+json",
  manifest: "application/vnd.oci.image.manifest.v1+json",
  config: "application/vnd.oci.image.config.v1+json",
  tar: "application/vnd.oci.image.layer.v1.tar",
};
const diffId = `sha256:${"d".repeat(64)}`;

/** A place that holds what was put there. */
class Shelf {
  readonly #blobs = new Map<string, Buffer>();
  readonly source: Source = {
    name: "registry.example/flights",
    manifest: async (digest) => {
      const bytes = this.#blobs.get(digest) as Buffer;
      const { mediaType } = JSON.parse(bytes.toString());
      return { document: parseDocument(bytes, mediaType, digest), mediaType, digest, bytes };
    },
    resolve: async () => null,
    blob: ({ digest }) => this.#read(digest),
    referrers: async () => [],
  };

  put(mediaType: string, content: object | Buffer, more: Partial<Descriptor> = {}): Descriptor {
    const bytes = Buffer.isBuffer(content) ? content : Buffer.from(JSON.stringify(content));
    const digest = `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
    this.#blobs.set(digest, bytes);
    return { mediaType, digest, size: bytes.length, ...more };
  }

  manifest(layers: Descriptor[], config: object = {}): Descriptor {
    const rootfs = { type: "layers", diff_ids: layers.map(() => diffId) };
    const whole = { os: "linux", architecture: "amd64", rootfs, ...config };
    return this.put(types.manifest, {
      schemaVersion: 2,
      mediaType: types.manifest,
      config: this.put(types.config, whole),
      layers,
    });
  }

  index(manifests: Descriptor[]): Descriptor {
    return this.put(types.index, { schemaVersion: 2, mediaType: types.index, manifests });
  }

  async *#read(digest: string): AsyncGenerator<Uint8Array> {
    yield this.#blobs.get(digest) as Buffer;
  }
}

async function tarOf(files: Record<string, string>): Promise<Buffer> {
  const tar = pack();
  for (const [name, content] of Object.entries(files)) tar.entry({ name }, content);
  tar.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of tar) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

describe("the platforms of an image", () => {
  it("are those of its index without buildx's attestations, each with what a report must repeat", async () => {
    const shelf = new Shelf();
    const layer = shelf.put(types.tar, await tarOf({ a: "b" }));
    const arm = shelf.manifest([layer], { architecture: "arm", variant: "v7" });
    const attestation = {
      ...shelf.manifest([layer]),
      platform: { os: "unknown", architecture: "unknown" },
      annotations: { "vnd.docker.reference.type": "attestation-manifest" },
    };
    const { digest } = shelf.index([shelf.manifest([layer]), arm, attestation]);
    const platforms = await platformsOf(shelf.source, digest);
    expect(platforms.map(({ platform, manifest }) => [platform, manifest.digest])).toEqual([
      ["linux/amd64", shelf.manifest([layer]).digest],
      ["linux/arm/v7", arm.digest],
    ]);
    expect(platforms[0]).toMatchObject({ diffIds: [diffId], kinds: [null] });
  });

  it("is one for a manifest without an index", async () => {
    const shelf = new Shelf();
    const { digest } = shelf.manifest([shelf.put(types.tar, await tarOf({ a: "b" }))]);
    expect(await platformsOf(shelf.source, digest)).toMatchObject([{ platform: "linux/amd64" }]);
  });

  it.each<[string, (shelf: Shelf, layer: Descriptor) => Descriptor, RegExp]>([
    ["an index of nothing", (shelf) => shelf.index([]), /lists 0 images/],
    [
      "an index of indexes",
      (shelf, layer) => shelf.index([shelf.index([shelf.manifest([layer])])]),
      /another index/,
    ],
    [
      "an artifact",
      (shelf, layer) => shelf.manifest([layer], { rootfs: undefined }),
      /not that of a container image/,
    ],
    [
      "layers that the config does not know",
      (shelf, layer) => shelf.manifest([layer], { rootfs: { diff_ids: [diffId, diffId] } }),
      /names 2 layers, its manifest 1/,
    ],
  ])("cannot be told of %s", async (_name, make, message) => {
    const shelf = new Shelf();
    const { digest } = make(shelf, shelf.put(types.tar, await tarOf({ a: "b" })));
    await expect(platformsOf(shelf.source, digest)).rejects.toThrow(message);
  });
});

describe("the bundle's SBOM", () => {
  const sbom = JSON.stringify({
    components: [{ purl: "pkg:npm/%40scope/a@1.0.0" }, { purl: "pkg:npm/b@2.0.0?x=y" }, { name: "own" }],
  });
  const annotations = { [ownNames.layer]: "server" };
  const first = async (shelf: Shelf, layer: Descriptor) => {
    const [platform] = await platformsOf(shelf.source, shelf.manifest([layer]).digest);
    if (platform === undefined) throw new Error("no platform");
    return platform;
  };

  it.each([
    ["", (tar: Buffer) => tar],
    ["+gzip", (tar: Buffer) => gzipSync(tar)],
    ["+zstd", (tar: Buffer) => zstdCompressSync(tar)],
  ])("is read from a layer of tar%s", async (suffix, packed) => {
    const shelf = new Shelf();
    const tar = await tarOf({ "./app/server/server.cdx.json": sbom, other: "x" });
    const layer = shelf.put(types.tar + suffix, packed(tar), { annotations });
    expect(await bundledPackages(shelf.source, await first(shelf, layer))).toEqual([
      "pkg:npm/@scope/a@1.0.0",
      "pkg:npm/b@2.0.0",
    ]);
  });

  it.each([
    ["is missing", { other: sbom }],
    ["is no JSON", { "app/server/server.cdx.json": "{" }],
    ["names nothing", { "app/server/server.cdx.json": '{"components":[]}' }],
  ])("that %s is an error", async (_name, files) => {
    const shelf = new Shelf();
    const layer = shelf.put(types.tar, await tarOf(files), { annotations });
    await expect(bundledPackages(shelf.source, await first(shelf, layer))).rejects.toMatchObject({
      code: "incomplete",
    });
  });

  it("is not asked of an image that has no layer of ours", async () => {
    const shelf = new Shelf();
    const layer = shelf.put(types.tar, await tarOf({ a: "b" }));
    expect(await bundledPackages(shelf.source, await first(shelf, layer))).toEqual([]);
  });

  it.each([
    ["var/lib/dpkg/status", "x", "var/lib/dpkg/status"],
    ["var/lib/dpkg/status.d/libc6", "x", "var/lib/dpkg/status.d/libc6"],
    ["./lib/apk/db/installed", "x", "lib/apk/db/installed"],
    ["usr/lib/sysimage/rpm/rpmdb.sqlite", "x", "usr/lib/sysimage/rpm/rpmdb.sqlite"],
    ["var/lib/dpkg/status", "", null],
    ["srv/var/lib/dpkg/status", "x", null],
  ])("and %s with %j is a list of the system's packages: %s", async (path, content, found) => {
    const shelf = new Shelf();
    const layer = shelf.put(`${types.tar}+gzip`, gzipSync(await tarOf({ [path]: content })));
    expect(await systemPackages(shelf.source, await first(shelf, layer))).toBe(found);
  });
});
