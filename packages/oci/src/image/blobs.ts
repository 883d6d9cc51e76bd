/** Small blobs, whole. */
import { OciError } from "../errors.ts";
import type { Descriptor } from "../manifest.ts";
import type { Source } from "../store.ts";

/** As large as manifests may be; configs of real images have some 10 kB. */
const mostBytes = 4 * 1024 * 1024;

/** Reads a blob that is a document. Rejects with `OciError` code `too-large` before it reads anything. */
export async function readBlob(source: Source, descriptor: Descriptor): Promise<Uint8Array> {
  if (descriptor.size > mostBytes) {
    throw new OciError(
      "too-large",
      `${descriptor.digest} of ${source.name} has ${descriptor.size} bytes, more than any config`,
      {
        remedy: "Check the reference.",
      },
    );
  }
  const chunks: Uint8Array[] = [];
  for await (const chunk of source.blob(descriptor)) chunks.push(chunk);
  return Buffer.concat(chunks);
}
