/** The bytes of an answer, as they come. */
import { networkError } from "./failures.ts";
import { chunkCame } from "./garbage.ts";
import { Transient } from "./retries.ts";

/** No byte for so long: the connection is dead though nobody says so. */
const idleTimeoutMs = 30_000;
/** Errors and tokens are far smaller; a server that never ends must not fill the memory. */
const maxTextBytes = 1024 * 1024;

/** The chunks of a body; a silent or broken connection is `Transient`. */
export async function* chunksOf(response: Response, url: URL): AsyncGenerator<Uint8Array> {
  const reader = response.body?.getReader();
  if (reader === undefined) return;
  try {
    while (true) {
      const { done, value } = await inTime(reader.read()).catch((cause) => {
        throw new Transient(networkError(url, cause));
      });
      if (done) return;
      chunkCame(value.byteLength);
      yield value;
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}

/** The beginning of a body, which is all of it for what servers say. Rejects as `chunksOf` throws. */
export async function textOf(response: Response, url: URL): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of chunksOf(response, url)) {
    chunks.push(chunk);
    bytes += chunk.byteLength;
    if (bytes >= maxTextBytes) break;
  }
  return Buffer.concat(chunks).toString("utf8");
}

async function inTime<T>(read: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const silence = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no byte for ${idleTimeoutMs} ms`)), idleTimeoutMs);
  });
  return Promise.race([read, silence]).finally(() => clearTimeout(timer));
}
