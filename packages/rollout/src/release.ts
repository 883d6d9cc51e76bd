/** A release made from files, an ONNX model and the contract beside it, or from the image that carries both. */
import { createHash } from "node:crypto";
import { basename } from "node:path";
import { fileDigest as sha256Of } from "@ml-actions/oci/digest";
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
  return {
    digest: await releaseDigest({ digest: modelDigest, contract }),
    label: basename(modelPath).replace(/\.onnx$/i, ""),
    model: { digest: modelDigest, uri: modelPath, contract, contractDigest: await fileDigest(contract) },
  };
}

/** The digest that model and contract have as a release of their own, without an image around them: evidence that was
 * made before there was an image is about it. */
export async function releaseDigest({
  digest,
  contract,
}: Pick<Release["model"], "digest" | "contract">): Promise<string> {
  const identity = `ml-actions/release/v1 ${digest} ${await fileDigest(contract)}\n`;
  return `sha256:${createHash("sha256").update(identity).digest("hex")}`;
}

export interface ImageParts {
  /** By digest, which becomes the release's: `ghcr.io/org/flights@sha256:…`. */
  image: string;
  label: string;
  /** Paths of the files as they were taken from the image. */
  model: string;
  contract: string;
  /** Left out where nothing was verified, as for what is only compared with. */
  verified?: NonNullable<Release["verified"]>;
}

/**
 * The release of an image, its model and contract unpacked.
 *
 * @throws RolloutError code `artifact` when the model cannot be read, ServingError when the contract is unsound
 */
export async function releaseFromImage({
  image,
  label,
  model,
  contract,
  verified,
}: ImageParts): Promise<Release> {
  await loadContract(contract);
  return {
    digest: image.slice(image.lastIndexOf("@") + 1),
    label,
    model: {
      digest: await fileDigest(model),
      uri: model,
      contract,
      contractDigest: await fileDigest(contract),
    },
    image,
    ...(verified === undefined ? {} : { verified }),
  };
}

/** `sha256:<hex>` of a file, read as a stream. */
export async function fileDigest(path: string): Promise<string> {
  try {
    return await sha256Of(path);
  } catch (cause) {
    const remedy = "Give the path of an ONNX file that this user can read.";
    throw new RolloutError("artifact", `cannot read ${path}: ${(cause as Error).message}`, remedy, { cause });
  }
}
