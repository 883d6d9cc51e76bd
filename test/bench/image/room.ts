/** Where all contenders build: a registry on this machine that holds the base, and the same base with server and runtime
 * on it for those who append files and know nothing of models. */
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { openStore } from "@ml-actions/oci/open-store";
import type { Store } from "@ml-actions/oci/store";
import { releaseTree } from "@ml-actions/release";
import { debianBase } from "../../components/base-image.ts";
import { sha256, startRegistry } from "../../components/docker-registry.ts";
import type { OursRequest, OursResult } from "./build-run.ts";
import { type ModelFiles, makeModel } from "./models.ts";

export interface Room {
  /** `127.0.0.1:<port>`. */
  host: string;
  /** The base, by digest. */
  base: string;
  /** Base, onnxruntime and server, without model and contract, by digest: one platform. */
  served: string;
  tree: string;
  /** Emptied when the room is closed. */
  directory: string;
  /** Builds with ours in a process of its own. */
  buildOurs(model: ModelFiles, tag: string): Promise<OursResult>;
  close(): Promise<void>;
}

const root = join(import.meta.dirname, "../../..");
export const platform = process.arch === "arm64" ? "linux/arm64" : "linux/amd64";

export async function openRoom(): Promise<Room> {
  const directory = await mkdtemp(join(tmpdir(), "ml-actions-bench-image-"));
  const registry = await startRegistry();
  const close = async () => {
    await registry.stop();
    await rm(directory, { recursive: true, force: true });
  };
  try {
    const { host } = registry;
    const base = (await debianBase((await openStore(`${host}/base`)).store)).reference;
    const tree = await releaseTree();
    const buildOurs = (model: ModelFiles, tag: string) =>
      runOurs(
        {
          base,
          platform,
          server: join(tree, "image"),
          runtime: join(root, "node_modules/onnxruntime-node"),
          model,
          repository: `${host}/ours`,
          tag,
        },
        directory,
      );
    // The first build sends what no model changes.
    await buildOurs(await makeModel(directory, "random", 1000), "warm");
    const { store } = await openStore(`${host}/ours`);
    const served = `${host}/ours@${await withoutModel(store, "warm")}`;
    return { host, base, served, tree, directory, buildOurs, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Compiled code is kept between runs, as the release tree keeps its own: what turns TypeScript into it takes 30 MB. */
async function runOurs(request: OursRequest, directory: string): Promise<OursResult> {
  const program = join(import.meta.dirname, "build-run.ts");
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ["--no-maglev", program, JSON.stringify(request)],
    { env: { ...process.env, NODE_COMPILE_CACHE: join(directory, "compiled") } },
  );
  return JSON.parse(stdout) as OursResult;
}

/** Pushes the image of that tag less its two last layers, model and contract; gives its digest. */
async function withoutModel(store: Store, tag: string): Promise<string> {
  const index = (await store.manifest(tag)).document;
  if (index.kind !== "index") throw new Error("not an index");
  const { document } = await store.manifest(index.index.manifests[0]?.digest ?? "");
  if (document.kind !== "manifest") throw new Error("not a manifest");
  const chunks: Uint8Array[] = [];
  for await (const chunk of store.blob(document.manifest.config)) chunks.push(chunk);
  const config = JSON.parse(Buffer.concat(chunks).toString());
  config.rootfs.diff_ids = config.rootfs.diff_ids.slice(0, -2);
  config.history = config.history.slice(0, -2);
  const bytes = Buffer.from(JSON.stringify(config));
  const descriptor = { ...document.manifest.config, digest: sha256(bytes), size: bytes.byteLength };
  await store.pushBlob(descriptor, async function* (offset) {
    yield bytes.subarray(offset);
  });
  const { layers } = document.manifest;
  const mediaType = "application/vnd.oci.image.manifest.v1+json";
  const manifest = { schemaVersion: 2, mediaType, config: descriptor, layers: layers.slice(0, -2) };
  return (await store.pushManifest(Buffer.from(JSON.stringify(manifest)), mediaType, "served")).digest;
}
