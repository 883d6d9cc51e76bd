/** Digests, as everything that names content has them. */
import { createHash } from "node:crypto";
import { open } from "node:fs/promises";

const bufferBytes = 256 * 1024;

/** `sha256:<hex>` of bytes, or of a text as UTF-8. */
export function digestOfBytes(bytes: Uint8Array | string): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

/** `sha256:<hex>` of a file of any size. Rejects as the file system does (`ENOENT`, `EACCES`, `EISDIR` …): who asks
 * knows what the file was meant to be. */
export async function fileDigest(path: string): Promise<string> {
  const file = await open(path, "r");
  try {
    const hash = createHash("sha256");
    // One buffer for the whole file: a stream's chunks become garbage faster than it is collected (70 MB at 500 MB).
    const buffer = Buffer.allocUnsafeSlow(bufferBytes);
    for (;;) {
      const { bytesRead } = await file.read(buffer, 0, bufferBytes);
      if (bytesRead === 0) return `sha256:${hash.digest("hex")}`;
      hash.update(buffer.subarray(0, bytesRead));
    }
  } finally {
    await file.close();
  }
}

/** The same; null when there is no such file. */
export async function fileDigestIfThere(path: string): Promise<string | null> {
  return fileDigest(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return null;
    throw error;
  });
}
