/** Finds onnxruntime-node. It is 288 MB with the binaries of every platform, so no bundle or release tree holds it. */
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import type { Platform } from "@ml-actions/oci/image";
import { nodeArchitecture } from "@ml-actions/oci/image/names";
import { type BinaryPlatform, installRuntime } from "./runtime-install.ts";

export interface RuntimeOptions {
  /** Path of the inference program: onnxruntime-node is used where that program would find it, as in a checkout. */
  inference: string;
  /** The folder that holds the package.json and package-lock.json to install from; as the release tree has it, `runtime`
   * beside the folder of the programs. */
  lock?: string;
  /** Told when an installation begins and ends; a line on stderr unless given. */
  onProgress?: (line: string) => void;
  environment?: NodeJS.ProcessEnv;
  /** Whose binaries, for an image; this machine's unless said. */
  platform?: Platform;
}

/** The folder of the package onnxruntime-node: where the program would find it, else in the runner's tool cache, else
 * installed there. Rejects with `ServingError` code `runtime`. */
export async function findRuntime(options: RuntimeOptions): Promise<string> {
  const program = resolve(options.inference);
  try {
    return dirname(createRequire(program).resolve("onnxruntime-node/package.json"));
  } catch {
    return installRuntime({
      lock: options.lock ?? join(dirname(dirname(program)), "runtime"),
      onProgress: options.onProgress ?? ((line) => process.stderr.write(`${line}\n`)),
      environment: options.environment ?? process.env,
      platform: binaryPlatform(options.platform),
    });
  }
}

function binaryPlatform(platform: Platform | undefined): BinaryPlatform {
  if (platform === undefined) return { os: process.platform, architecture: process.arch };
  return { os: "linux", architecture: nodeArchitecture[platform] };
}
