/** Finds onnxruntime-node. It is 288 MB with the binaries of every platform, so no bundle or release tree holds it. */
import { createRequire } from "node:module";
import { dirname } from "node:path";
import { type InstallOptions, installRuntime } from "./runtime-install.ts";

export interface RuntimeOptions extends InstallOptions {
  /** Path of the inference program: onnxruntime-node is used where that program would find it, as in a checkout. */
  program: string;
}

/** The folder of the package onnxruntime-node: where the program would find it, else in the runner's tool cache, else
 * installed there. Rejects with `ServingError` code `runtime`. */
export async function findRuntime(options: RuntimeOptions): Promise<string> {
  try {
    return dirname(createRequire(options.program).resolve("onnxruntime-node/package.json"));
  } catch {
    return installRuntime(options);
  }
}
