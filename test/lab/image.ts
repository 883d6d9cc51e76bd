/** Images of files on this machine, made and pushed without Docker. Their layers are not compressed: they travel no
 * further than this machine, or once to a runner's. */
import { createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Descriptor } from "@ml-actions/oci/manifest";
import { openStore } from "@ml-actions/oci/open-store";
import type { Store } from "@ml-actions/oci/store";
import { withLock } from "@ml-actions/release/build-lock";
import { type Pack, pack } from "tar-stream";
import { blobPath } from "../components/base-image/layer.ts";
import { debianBaseLayout } from "../components/base-image.ts";
import { cacheFolder } from "../components/cache.ts";
import type { ImageFile, NewImage } from "./part.ts";

const types = {
  manifest: "application/vnd.oci.image.manifest.v1+json",
  config: "application/vnd.oci.image.config.v1+json",
  layer: "application/vnd.oci.image.layer.v1.tar",
} as const;

/** The default of every shell: a command by its name is found. */
const path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

interface Layers {
  layers: Descriptor[];
  /** Digests of the tars, in the same order. */
  diffIds: string[];
}

/** Pushes it unless the registry has that tag; gives the reference by digest. */
export async function pushImage(registry: string, image: NewImage): Promise<string> {
  const { store } = await openStore(`${registry}/${image.repository}`);
  const lock = join(await cacheFolder("lab"), `${image.repository}-${image.tag}.lock`.replaceAll("/", "-"));
  const { digest } = await withLock(lock, async () => (await store.resolve(image.tag)) ?? make(store, image));
  return `${registry}/${image.repository}@${digest}`;
}

async function make(store: Store, image: NewImage): Promise<Descriptor> {
  const base = image.base === "node" ? await nodeBase(store) : { layers: [], diffIds: [] };
  const own: Layers = { layers: [], diffIds: [] };
  for (const files of await image.layers()) {
    const layer = await pushLayer(store, files);
    own.layers.push(layer);
    own.diffIds.push(layer.digest);
  }
  const config = await pushDocument(store, types.config, {
    architecture: process.arch === "arm64" ? "arm64" : "amd64",
    os: "linux",
    config: {
      User: image.user ?? "65532",
      Env: [path, ...Object.entries(image.environment ?? {}).map(([name, value]) => `${name}=${value}`)],
      Entrypoint: image.entrypoint,
      WorkingDir: image.workingDirectory ?? "/",
    },
    rootfs: { type: "layers", diff_ids: [...base.diffIds, ...own.diffIds] },
  });
  const manifest = {
    schemaVersion: 2,
    mediaType: types.manifest,
    config,
    layers: [...base.layers, ...own.layers],
  };
  return store.pushManifest(Buffer.from(JSON.stringify(manifest)), types.manifest, image.tag);
}

async function pushLayer(store: Store, files: readonly ImageFile[]): Promise<Descriptor> {
  const directory = await mkdtemp(join(tmpdir(), "ml-actions-layer-"));
  try {
    const file = join(directory, "layer.tar");
    const tar = pack();
    const hash = createHash("sha256");
    const hashed = new Transform({
      transform(chunk: Buffer, _encoding, callback) {
        hash.update(chunk);
        callback(null, chunk);
      },
    });
    const written = pipeline(tar, hashed, createWriteStream(file));
    await Promise.all([
      written,
      fill(tar, files).then(
        () => tar.finalize(),
        (error) => tar.destroy(error),
      ),
    ]);
    const descriptor = {
      mediaType: types.layer,
      digest: `sha256:${hash.digest("hex")}`,
      size: (await stat(file)).size,
    };
    await store.pushBlob(descriptor, (start) => createReadStream(file, { start }));
    return descriptor;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function fill(tar: Pack, files: readonly ImageFile[]): Promise<void> {
  const folders = new Set<string>();
  for (const { path: name, content, mode = 0o644 } of files) {
    for (const folder of foldersOf(name)) {
      if (folders.has(folder)) continue;
      folders.add(folder);
      tar.entry({ name: `${folder}/`, type: "directory", mode: 0o755, mtime: new Date(0) });
    }
    const header = { name, mode, mtime: new Date(0) };
    if (typeof content === "string" || content instanceof Uint8Array) {
      tar.entry(header, typeof content === "string" ? content : Buffer.from(content));
    } else {
      const entry = tar.entry({ ...header, size: (await stat(content.file)).size });
      await pipeline(createReadStream(content.file), entry);
    }
  }
}

/** From the outermost to the innermost. */
function foldersOf(name: string): string[] {
  const folder = dirname(name);
  return folder === "." ? [] : [...foldersOf(folder), folder];
}

/** Of the serving image's base, for this machine. */
async function nodeBase(store: Store): Promise<Layers> {
  const layout = await debianBaseLayout();
  const document = async (digest: string) => JSON.parse(await readFile(blobPath(layout, digest), "utf8"));
  const { manifests: tagged } = JSON.parse(await readFile(join(layout, "index.json"), "utf8"));
  const { manifests } = await document(tagged[0].digest);
  const architecture = process.arch === "arm64" ? "arm64" : "amd64";
  const { digest } = manifests.find(
    (each: { platform: { architecture: string } }) => each.platform.architecture === architecture,
  );
  const { config, layers } = (await document(digest)) as { config: Descriptor; layers: Descriptor[] };
  for (const layer of layers)
    await store.pushBlob(layer, (start) => createReadStream(blobPath(layout, layer.digest), { start }));
  return { layers, diffIds: (await document(config.digest)).rootfs.diff_ids };
}

async function pushDocument(store: Store, mediaType: string, document: object): Promise<Descriptor> {
  const bytes = Buffer.from(JSON.stringify(document));
  const digest = `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
  const descriptor = { mediaType, digest, size: bytes.byteLength };
  await store.pushBlob(descriptor, async function* (offset) {
    yield bytes.subarray(offset);
  });
  return descriptor;
}
