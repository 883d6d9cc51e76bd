/** The four layers that an image gets on top of its base, and what each is made from. */
import { createHash } from "node:crypto";
import { readdir, readFile, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { z } from "zod";
import { OciError } from "../errors.ts";
import type { Descriptor } from "../manifest.ts";
import { digestPattern } from "../reference.ts";
import type { BlobContent } from "../store.ts";
import { gzipOf } from "./gzip.ts";
import {
  imageMediaTypes,
  type LayerKind,
  nodeArchitecture,
  ownNames,
  type Platform,
  paths,
} from "./names.ts";
import { fileContent, type TarEntry, tarOf } from "./tar.ts";

export interface Layer {
  kind: LayerKind;
  descriptor: Descriptor;
  /** `sha256:<hex>` of the tar within. */
  diffId: string;
  content: BlobContent;
}

/** What a layer made elsewhere must come out as. */
export interface RecordedLayer {
  digest: string;
  diffId: string;
  size: number;
}

const recordedLayerSchema = z.strictObject({
  digest: z.string().regex(digestPattern),
  diffId: z.string().regex(digestPattern),
  size: z.int().positive(),
});

/** `layers.json` of the release tree's `image/`: the layers that no model changes, known before any image is built. */
export const recordedLayersSchema = z.strictObject({
  schema: z.literal("ml-actions/image-layers/v1"),
  server: recordedLayerSchema,
  onnxruntime: z.strictObject({
    version: z.string(),
    packages: z.array(
      z.strictObject({
        name: z.string(),
        version: z.string(),
        license: z.string(),
        purl: z.string(),
        /** `sha512-<base64>` of the npm package, as its lock file has it. */
        integrity: z.string(),
      }),
    ),
    platforms: z.strictObject({ "linux/amd64": recordedLayerSchema, "linux/arm64": recordedLayerSchema }),
  }),
});

export type RecordedLayers = z.infer<typeof recordedLayersSchema>;

/** Reads `layers.json` in the folder. Rejects with `OciError` code `image`. */
export async function recordedLayers(folder: string): Promise<RecordedLayers> {
  const path = join(folder, "layers.json");
  try {
    return recordedLayersSchema.parse(JSON.parse(await readFile(path, "utf8")));
  } catch (cause) {
    throw new OciError("image", `${path} does not say which layers the server has`, {
      cause,
      remedy: "Use a whole release of ml-actions; build one with `npm run release:tree` from a checkout.",
    });
  }
}

/** The server: the files of `<folder>/server`. */
export function serverLayer(folder: string, recorded: RecordedLayer): Layer {
  return recordedLayer("server", recorded, () => serverEntries(folder));
}

/** onnxruntime for a platform; `runtime` gives the folder of the package onnxruntime-node, with onnxruntime-common beside
 * it, and is asked only when the layer's bytes are. */
export function runtimeLayer(
  platform: Platform,
  recorded: RecordedLayer,
  runtime: (platform: Platform) => Promise<string>,
): Layer {
  return recordedLayer("onnxruntime", recorded, async () =>
    runtimeEntries(await runtime(platform), platform),
  );
}

function recordedLayer(kind: LayerKind, recorded: RecordedLayer, entries: () => Promise<TarEntry[]>): Layer {
  const { digest, diffId, size } = recorded;
  const descriptor = layerDescriptor(kind, imageMediaTypes.tarGzip, digest, size);
  async function* bytes() {
    yield* gzipOf(tarOf(await entries()));
  }
  return { kind, descriptor, diffId, content: checkedContent(bytes, descriptor, `the ${kind} layer`) };
}

export async function serverEntries(folder: string): Promise<TarEntry[]> {
  return filesUnder(join(folder, "server"), paths.server, () => true);
}

/** What runs on the platform: no types, no source maps, no other platform's binaries, no providers for GPUs. */
export async function runtimeEntries(runtime: string, platform: Platform): Promise<TarEntry[]> {
  const architecture = nodeArchitecture[platform];
  const modules = dirname(runtime);
  const isCode = (path: string) =>
    /^(package\.json|LICENSE[^/]*|dist\/.*\.js|dist\/.*package\.json)$/.test(path);
  const binaries = new RegExp(
    `^bin/napi-v\\d+/linux/${architecture}/(onnxruntime_binding\\.node|libonnxruntime\\.so[.\\d]*)$`,
  );
  const own = await filesUnder(
    join(modules, "onnxruntime-node"),
    `${paths.runtime}/onnxruntime-node`,
    (path) => isCode(path) || binaries.test(path),
  );
  const common = await filesUnder(
    join(modules, "onnxruntime-common"),
    `${paths.runtime}/onnxruntime-common`,
    isCode,
  );
  if (own.filter(({ path }) => path.includes(`/linux/${architecture}/`)).length < 2) {
    throw new OciError("image", `${runtime} holds no onnxruntime for ${platform}`, {
      remedy: "Give the package onnxruntime-node with the binaries of this platform.",
    });
  }
  return [...own, ...common];
}

async function filesUnder(
  folder: string,
  under: string,
  kept: (path: string) => boolean,
): Promise<TarEntry[]> {
  const found = await readdir(folder, { recursive: true, withFileTypes: true }).catch((cause: Error) => {
    throw new OciError("image", `cannot read the files of a layer: ${cause.message}`, {
      cause,
      remedy: "Use a whole release of ml-actions.",
    });
  });
  const files = found
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => kept(relativeTo(folder, file)));
  return Promise.all(
    files.map(async (file) => ({
      path: `${under}/${relativeTo(folder, file)}`,
      content: () => fileContent(file),
      sizeBytes: (await stat(file)).size,
    })),
  );
}

const relativeTo = (folder: string, file: string): string =>
  file.slice(folder.length + 1).replaceAll("\\", "/");

/** The model at a path of the image, as it is: weights hardly compress. Reads the file once; gives its digest too. */
export async function modelLayer(
  file: string,
  path: string,
): Promise<{ layer: Layer; modelDigest: string; sizeBytes: number }> {
  const sizeBytes = await sizeOf(file);
  const hash = createHash("sha256");
  async function* hashed() {
    for await (const chunk of fileContent(file)) {
      hash.update(chunk);
      yield chunk;
    }
  }
  const { digest, size } = await measured(tarOf([{ path, sizeBytes, content: hashed }]));
  const layer = plainLayer("model", [{ path, sizeBytes, content: () => fileContent(file) }], digest, size);
  return { layer, modelDigest: `sha256:${hash.digest("hex")}`, sizeBytes };
}

async function sizeOf(file: string): Promise<number> {
  const stats = await stat(file).catch((cause: Error) => {
    throw new OciError("file", `cannot read the model: ${cause.message}`, {
      cause,
      remedy: "Give the path of an ONNX file that this user can read.",
    });
  });
  if (stats.isFile() && stats.size > 0) return stats.size;
  throw new OciError("file", `the model ${file} is ${stats.isFile() ? "an empty file" : "no file"}`, {
    remedy: "Give the path of an ONNX file.",
  });
}

/** The contract at a path of the image, and the reference profile where there is one. */
export async function contractLayer(
  path: string,
  contract: Uint8Array,
  profile: Uint8Array | null,
): Promise<Layer> {
  const entries: TarEntry[] = [{ path, bytes: contract }];
  if (profile !== null) entries.push({ path: paths.profile, bytes: profile });
  const { digest, size } = await measured(tarOf(entries));
  return plainLayer("contract", entries, digest, size);
}

/** A layer that is its tar, uncompressed. */
function plainLayer(kind: LayerKind, entries: readonly TarEntry[], digest: string, size: number): Layer {
  const descriptor = layerDescriptor(kind, imageMediaTypes.tar, digest, size);
  const content = checkedContent(() => tarOf(entries), descriptor, `the ${kind} layer`);
  return { kind, descriptor, diffId: digest, content };
}

function layerDescriptor(kind: LayerKind, mediaType: string, digest: string, size: number): Descriptor {
  return { mediaType, digest, size, annotations: { [ownNames.layer]: kind } };
}

/** Digest and size of a stream. */
export async function measured(
  content: AsyncIterable<Uint8Array>,
): Promise<{ digest: string; size: number }> {
  const hash = createHash("sha256");
  let size = 0;
  for await (const chunk of content) {
    hash.update(chunk);
    size += chunk.byteLength;
  }
  return { digest: `sha256:${hash.digest("hex")}`, size };
}

/** What a gzipped layer of these entries is. */
export async function measuredLayer(entries: readonly TarEntry[]): Promise<RecordedLayer> {
  const tar = createHash("sha256");
  async function* hashed() {
    for await (const chunk of tarOf(entries)) {
      tar.update(chunk);
      yield chunk;
    }
  }
  const { digest, size } = await measured(gzipOf(hashed()));
  return { digest, diffId: `sha256:${tar.digest("hex")}`, size };
}

/** The bytes from an offset on. Made from the start each time, so that their digest is known: files may have changed
 * since it was computed, and then the end is an `OciError` code `image` and not a layer that nobody asked for. */
function checkedContent(
  bytes: () => AsyncIterable<Uint8Array>,
  { digest }: Descriptor,
  what: string,
): BlobContent {
  return async function* (offset) {
    const hash = createHash("sha256");
    let position = 0;
    // The last chunk is held back, so that nobody has all bytes before they are known to be right.
    let held: Uint8Array | null = null;
    for await (const chunk of bytes()) {
      hash.update(chunk);
      if (held !== null) yield held;
      const kept: Uint8Array = chunk.subarray(Math.max(0, offset - position));
      position += chunk.byteLength;
      held = kept.byteLength > 0 ? kept : null;
    }
    const actual = `sha256:${hash.digest("hex")}`;
    if (actual !== digest) {
      throw new OciError("image", `${what} comes out as ${actual}, not ${digest}`, {
        remedy: "Do not change the files while an image is built. If nobody does, install ml-actions anew.",
      });
    }
    if (held !== null) yield held;
  };
}
