/** What a release tree's `image/` is, and what onnxruntime is, in a few bytes: for tests of building. */
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { measuredLayer, platforms, type RecordedLayers, runtimeEntries, serverEntries } from "../image.ts";

export interface TinyRelease {
  /** As `Programs.image`. */
  server: string;
  /** The folder of the package onnxruntime-node. */
  runtime: string;
}

export async function tinyRelease(directory: string): Promise<TinyRelease> {
  const server = join(directory, "image");
  const runtime = join(directory, "node_modules/onnxruntime-node");
  const files: Record<string, string> = {
    [join(server, "server/server.js")]: "server",
    [join(server, "server/bundle/index.js")]: "bundle",
    [join(runtime, "package.json")]: '{"name":"onnxruntime-node"}',
    [join(runtime, "dist/index.js")]: "node",
    [join(runtime, "dist/index.d.ts")]: "types",
    [join(runtime, "dist/index.js.map")]: "map",
    [join(runtime, "script/install.js")]: "script",
    [join(runtime, "../onnxruntime-common/package.json")]: '{"name":"onnxruntime-common"}',
    [join(runtime, "../onnxruntime-common/dist/cjs/index.js")]: "common",
  };
  for (const architecture of ["x64", "arm64"]) {
    for (const file of [
      "onnxruntime_binding.node",
      "libonnxruntime.so.1",
      "libonnxruntime_providers_cuda.so",
      "libonnxruntime_providers_tensorrt.so",
    ]) {
      files[join(runtime, "bin/napi-v6/linux", architecture, file)] = `${architecture} ${file}`;
      files[join(runtime, "bin/napi-v6/win32", architecture, "DirectML.dll")] = "windows";
    }
  }
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
  }
  const layers = platforms.map(async (platform) => [
    platform,
    await measuredLayer(await runtimeEntries(runtime, platform)),
  ]);
  const recorded: RecordedLayers = {
    schema: "ml-actions/image-layers/v1",
    server: await measuredLayer(await serverEntries(server)),
    onnxruntime: {
      version: "1.0.0",
      packages: [],
      platforms: Object.fromEntries(await Promise.all(layers)),
    },
  };
  await writeFile(join(server, "layers.json"), JSON.stringify(recorded));
  return { server, runtime };
}
