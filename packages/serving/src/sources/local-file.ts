/** Files on this machine: their digests, and the names that fetched ones get. */
import { join } from "node:path";
import { fileDigest } from "@ml-actions/oci/digest";
import { ServingError } from "../errors.ts";

/** `sha256:<hex>` of a file, streamed. Rejects with `ServingError` code `model-uri` when it cannot be read. */
export async function digestOf(path: string): Promise<string> {
  try {
    return await fileDigest(path);
  } catch (cause) {
    const missing = (cause as NodeJS.ErrnoException).code === "ENOENT";
    const what = missing
      ? `there is no model at ${path}`
      : `cannot read the model ${path}: ${(cause as Error).message}`;
    throw new ServingError("model-uri", what, { cause, remedy: "Give the path of a readable ONNX file." });
  }
}

/** The path in the directory for a name that a stranger chose: its last segment, harmless characters, no dot first. */
export function localPath(directory: string, name: string): string {
  const last = name.split("/").at(-1) ?? "";
  const plain = last
    .replace(/[^A-Za-z0-9._-]/g, "_")
    .replace(/^[.]+/, "")
    .slice(-150);
  return join(directory, plain === "" ? "model.onnx" : plain);
}

/** Whether an earlier fetch left the very file that is asked for. */
export async function alreadyThere(path: string, digest: string | undefined): Promise<boolean> {
  if (digest === undefined) return false;
  return digestOf(path).then(
    (actual) => actual === digest,
    () => false,
  );
}
