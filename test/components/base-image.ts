/** A base image of the same layout as `gcr.io/distroless/nodejs24-debian13:nonroot`, for tests that cannot pull that: made
 * from Debian's packages and npm's `node`, once a machine, for amd64 and arm64. It needs no root. */
import { createReadStream } from "node:fs";
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import type { Store } from "@ml-actions/oci/store";
import { addNode, addOwnFiles, addPackage, fetchFromNpm, packageOf } from "./base-image/contents.ts";
import { type Blob, blobPath, type Layer, writeDocument, writeLayer } from "./base-image/layer.ts";
import { cacheFolder, madeOnce } from "./cache.ts";
import { fetchFromRelease } from "./debian-packages.ts";
import { debianRoot } from "./debian-tool.ts";

export interface PushedImage {
  /** With its digest. */
  reference: string;
  /** Of the index. */
  digest: string;
}

/** Raised when the image is to be made anew. */
const revision = 1;

/** Distroless's list for this image (its `config.bzl` files of static, base and cc), with a layer a package. */
const packages = [
  ...["base-files", "netbase", "tzdata", "media-types"],
  ...["libc6", "libssl3t64", "libzstd1", "zlib1g"],
  ...["libgomp1", "libstdc++6", "libgcc-s1", "gcc-14-base"],
];

/** npm's name of the architecture, and the platform as distroless's index has it. */
const platforms = {
  amd64: { npm: "x64", platform: { architecture: "amd64", os: "linux" } },
  arm64: { npm: "arm64", platform: { architecture: "arm64", os: "linux", variant: "v8" } },
} as const;

const manifestType = "application/vnd.oci.image.manifest.v1+json";
const indexType = "application/vnd.oci.image.index.v1+json";

/** Pushes the base image, under the tag and by digest. */
export async function debianBase(store: Store, tag = "nonroot"): Promise<PushedImage> {
  const layout = await debianBaseLayout();
  const document = async (digest: string) => readFile(blobPath(layout, digest));
  const [index] = JSON.parse(await readFile(join(layout, "index.json"), "utf8")).manifests as [Blob];
  const indexBytes = await document(index.digest);
  for (const { digest } of JSON.parse(indexBytes.toString()).manifests as Blob[]) {
    const bytes = await document(digest);
    const { config, layers } = JSON.parse(bytes.toString()) as { config: Blob; layers: Blob[] };
    for (const blob of [config, ...layers]) {
      await store.pushBlob(blob, (start) => createReadStream(blobPath(layout, blob.digest), { start }));
    }
    await store.pushManifest(bytes, manifestType);
  }
  await store.pushManifest(indexBytes, indexType, tag);
  return { reference: `${store.name}@${index.digest}`, digest: index.digest };
}

/** The folder of the same image as an OCI layout, tagged `nonroot`. Nobody may write to it: all share it. */
export async function debianBaseLayout(): Promise<string> {
  const node = createRequire(import.meta.url)("node/package.json").version as string;
  const cache = await cacheFolder("base-image");
  const name = `debian13-node${node}-${revision}`;
  return madeOnce(join(cache, name), async () => {
    const layout = await mkdtemp(join(cache, `${name}-`));
    try {
      await make(layout, node);
      await rename(layout, join(cache, name));
    } finally {
      await rm(layout, { recursive: true, force: true });
    }
  });
}

async function make(layout: string, node: string): Promise<void> {
  const progress = (what: string) => console.error(`base image (once a machine): ${what}`);
  const beganMs = Date.now();
  await mkdir(join(layout, "blobs/sha256"), { recursive: true });
  const keys = join(
    await debianRoot(["debian-archive-keyring"]),
    "usr/share/keyrings/debian-archive-keyring.gpg",
  );
  const scratch = await mkdtemp(join(layout, "fetched-"));
  const manifests: object[] = [];
  for (const architecture of ["amd64", "arm64"] as const) {
    const { npm, platform } = platforms[architecture];
    progress(`fetching Debian 13's packages and Node ${node} for ${architecture} …`);
    const from = { release: "trixie", architecture, keyring: keys };
    const archives = await fetchFromRelease(
      [...packages, "ca-certificates"],
      from,
      join(scratch, architecture),
    );
    const nodeArchive = await fetchFromNpm(`node-linux-${npm}`, node, scratch);
    progress(`packing the layers for ${architecture} …`);
    const layers = await layersOf(layout, { archives, node, nodeArchive, architecture });
    manifests.push({ ...(await writeImage(layout, layers, platform)), platform });
  }
  const index = await writeDocument(layout, indexType, {
    schemaVersion: 2,
    mediaType: indexType,
    manifests,
  });
  const annotations = { "org.opencontainers.image.ref.name": "nonroot" };
  await writeFile(join(layout, "oci-layout"), JSON.stringify({ imageLayoutVersion: "1.0.0" }));
  await writeFile(
    join(layout, "index.json"),
    JSON.stringify({ schemaVersion: 2, mediaType: indexType, manifests: [{ ...index, annotations }] }),
  );
  await rm(scratch, { recursive: true });
  progress(`made in ${Math.round((Date.now() - beganMs) / 1000)} s`);
}

interface Fetched {
  archives: readonly string[];
  node: string;
  nodeArchive: string;
  architecture: string;
}

async function layersOf(
  layout: string,
  { archives, node, nodeArchive, architecture }: Fetched,
): Promise<Layer[]> {
  const archiveOf = (name: string) => {
    const archive = archives.find((path) => packageOf(path) === name);
    if (archive === undefined) throw new Error(`apt-get gave no archive of ${name}`);
    return archive;
  };
  const layers: Layer[] = [];
  for (const name of packages)
    layers.push(await writeLayer(layout, `Debian's ${name}`, (tar) => addPackage(tar, archiveOf(name))));
  const certificates = archiveOf("ca-certificates");
  layers.push(
    await writeLayer(layout, "users, homes, certificates", (tar) => addOwnFiles(tar, certificates)),
    await writeLayer(layout, `Node ${node}`, (tar) => addNode(tar, nodeArchive, node, architecture)),
  );
  return layers;
}

async function writeImage(
  layout: string,
  layers: readonly Layer[],
  platform: { architecture: string; os: string },
): Promise<Blob> {
  const created = new Date(0).toISOString();
  const config = await writeDocument(layout, "application/vnd.oci.image.config.v1+json", {
    created,
    ...platform,
    config: {
      User: "65532",
      Env: [
        "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt",
      ],
      Entrypoint: ["/nodejs/bin/node"],
      WorkingDir: "/home/nonroot",
    },
    rootfs: { type: "layers", diff_ids: layers.map(({ diffId }) => diffId) },
    history: layers.map(({ comment }) => ({ created, created_by: comment })),
  });
  return writeDocument(layout, manifestType, {
    schemaVersion: 2,
    mediaType: manifestType,
    config,
    layers: layers.map(({ blob }) => blob),
  });
}
