/**
 * The layers that no model changes: onnxruntime and our server. What they come out as is recorded with the release, so an
 * image can be described without making them, and one that was made otherwise is found out.
 */
import { readdir, readFile, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { z } from "zod";
import { OciError } from "../errors.ts";
import { digestPattern } from "../reference.ts";
import { gzipOf } from "./gzip.ts";
import { checkedContent, type Layer, layerDescriptor, measuredAs, type RecordedLayer } from "./layers.ts";
import { type LayerKind, nodeArchitecture, type Platform, paths } from "./names.ts";
import { fileContent, type TarEntry, tarOf } from "./tar.ts";

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
  const descriptor = layerDescriptor(kind, digest, size);
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
  const isCode = (path: string) =>
    /^(package\.json|LICENSE[^/]*|dist\/.*\.js|dist\/.*package\.json)$/.test(path);
  const binaries = new RegExp(
    `^bin/napi-v\\d+/linux/${architecture}/(onnxruntime_binding\\.node|libonnxruntime\\.so[.\\d]*)$`,
  );
  const own = await filesUnder(
    runtime,
    `${paths.runtime}/onnxruntime-node`,
    (path) => isCode(path) || binaries.test(path),
  );
  const common = await filesUnder(
    join(dirname(runtime), "onnxruntime-common"),
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

/** What the layer of these entries is to be recorded as. */
export function measuredLayer(entries: readonly TarEntry[]): Promise<RecordedLayer> {
  return measuredAs(entries, gzipOf);
}
