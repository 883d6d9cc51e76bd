/** The smallest image that can be a base: a file in a layer, for both platforms, in a layout. It runs nothing. */
import { createHash } from "node:crypto";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { openStore } from "@ml-actions/oci/open-store";
import type { Store } from "@ml-actions/oci/store";
import { pack } from "tar-stream";

const types = {
  index: "application/vnd.oci.image.index.v1+json",
  manifest: "application/vnd.oci.image.manifest.v1+json",
  config: "application/vnd.oci.image.config.v1+json",
  layer: "application/vnd.oci.image.layer.v1.tar+gzip",
};

export interface TinyBase {
  /** `oci:DIR:tag`. */
  reference: string;
  digest: string;
}

/** In a new directory. */
export async function tinyBase(architectures: readonly string[] = ["amd64", "arm64"]): Promise<TinyBase> {
  const directory = await mkdtemp(join(tmpdir(), "ml-actions-base-"));
  const { store } = await openStore(`oci:${directory}`);
  return {
    reference: `oci:${directory}:nonroot`,
    digest: await pushTinyBase(store, "nonroot", architectures),
  };
}

/** @returns the digest of the index */
export async function pushTinyBase(
  store: Store,
  tag: string,
  architectures: readonly string[] = ["amd64", "arm64"],
): Promise<string> {
  const push = async (mediaType: string, bytes: Buffer) => {
    const descriptor = { mediaType, digest: digestOf(bytes), size: bytes.byteLength };
    await store.pushBlob(descriptor, async function* (offset) {
      yield bytes.subarray(offset);
    });
    return descriptor;
  };
  const manifests = [];
  for (const architecture of architectures) {
    const archive = pack();
    archive.entry({ name: "etc/base", mtime: new Date(0) }, architecture);
    archive.finalize();
    const chunks: Buffer[] = [];
    for await (const chunk of archive) chunks.push(chunk as Buffer);
    const tar = Buffer.concat(chunks);
    const layer = await push(types.layer, gzipSync(tar));
    const config = await push(
      types.config,
      json({
        architecture,
        os: "linux",
        config: {
          Env: ["PATH=/bin", "NODE_VERSION=24.11.0"],
          Labels: { "org.opencontainers.image.title": "base" },
          Entrypoint: ["/nodejs/bin/node"],
          User: "1000",
        },
        rootfs: { type: "layers", diff_ids: [digestOf(tar)] },
      }),
    );
    const manifest = { schemaVersion: 2, mediaType: types.manifest, config, layers: [layer] };
    const pushed = await store.pushManifest(json(manifest), types.manifest);
    manifests.push({ ...pushed, platform: { os: "linux", architecture } });
  }
  const index = { schemaVersion: 2, mediaType: types.index, manifests };
  return (await store.pushManifest(json(index), types.index, tag)).digest;
}

const json = (document: object) => Buffer.from(JSON.stringify(document));

const digestOf = (bytes: Buffer) => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
