/** A release made from files: an ONNX model and the contract beside it. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { basename } from "node:path";
import { pipeline } from "node:stream/promises";
import { contractBeside, loadContract } from "@ml-actions/serving/load-contract";
import { RolloutError } from "./error.ts";
import type { Release } from "./target.ts";

/**
 * The release of an ONNX file with its contract file beside it. Its digest covers both, so that a changed contract is
 * another release: SHA-256 of the line `ml-actions/release/v1 <model digest> <contract digest>`.
 *
 * @throws RolloutError code `artifact` when the model cannot be read, ServingError when the contract is missing or unsound
 */
export async function releaseFromModel(modelPath: string): Promise<Release> {
  const contract = contractBeside(modelPath);
  const modelDigest = await fileDigest(modelPath);
  await loadContract(contract);
  const contractDigest = await fileDigest(contract);
  const identity = `ml-actions/release/v1 ${modelDigest} ${contractDigest}\n`;
  return {
    digest: `sha256:${createHash("sha256").update(identity).digest("hex")}`,
    label: basename(modelPath).replace(/\.onnx$/i, ""),
    model: { digest: modelDigest, uri: modelPath, contract },
  };
}

/** `sha256:<hex>` of a file, read as a stream. */
export async function fileDigest(path: string): Promise<string> {
  const hash = createHash("sha256");
  try {
    await pipeline(createReadStream(path), hash);
  } catch (cause) {
    const remedy = "Give the path of an ONNX file that this user can read.";
    throw new RolloutError("artifact", `cannot read ${path}: ${(cause as Error).message}`, remedy, { cause });
  }
  return `sha256:${hash.digest("hex")}`;
}
