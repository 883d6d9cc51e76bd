/** A body → a file, whole and verified or not at all. */
import { createHash, randomUUID } from "node:crypto";
import { mkdir, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { shown } from "./address.ts";
import { chunksOf } from "./body.ts";
import { OciError } from "./errors.ts";
import { type Exchange, exchange } from "./exchange.ts";
import { withRetries } from "./retries.ts";

export interface DownloadOptions {
  /** `sha256:<hex>` that the bytes must have. */
  digest?: string;
  /** The exact size, where it is known. */
  size?: number;
  maxBytes: number;
}

/** Makes the request and streams its body to `path`; the file appears there complete (written beside it, synced,
 * renamed) or not at all. Broken connections and passing statuses are tried again, a wrong digest is not. Rejects with
 * `OciError`. */
export async function download(
  url: URL,
  request: Exchange | (() => Promise<Exchange>),
  path: string,
  options: DownloadOptions,
): Promise<{ digest: string; size: number }> {
  return withRetries(async () => {
    const response = await exchange(url, typeof request === "function" ? await request() : request);
    return save(response, url, path, options);
  });
}

/** Streams the body of an answer to a file, as `download` does. Rejects with `Transient` when the connection breaks. */
export async function save(
  response: Response,
  url: URL,
  path: string,
  options: DownloadOptions,
): Promise<{ digest: string; size: number }> {
  await mkdir(dirname(path), { recursive: true }).catch((cause) => {
    throw fileError(path, cause);
  });
  const temporary = `${path}.${randomUUID()}.part`;
  try {
    const written = await write(response, url, temporary, options);
    if (options.digest !== undefined && written.digest !== options.digest) {
      throw new OciError("digest", `${shown(url)} holds ${written.digest}, not ${options.digest}`, {
        remedy: "Do not use it. Check the digest; if that is right, what lies there was replaced or damaged.",
      });
    }
    await rename(temporary, path);
    return written;
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

async function write(
  response: Response,
  url: URL,
  path: string,
  { size, maxBytes }: DownloadOptions,
): Promise<{ digest: string; size: number }> {
  const declared = Number(response.headers.get("content-length") ?? Number.NaN);
  if (declared > maxBytes) throw tooLarge(url, declared, maxBytes);
  const hash = createHash("sha256");
  let received = 0;
  const file = await open(path, "wx", 0o644).catch((cause) => {
    throw fileError(path, cause);
  });
  try {
    for await (const chunk of chunksOf(response, url)) {
      received += chunk.byteLength;
      if (received > maxBytes) throw tooLarge(url, received, maxBytes);
      hash.update(chunk);
      await file.writeFile(chunk).catch((cause) => {
        throw fileError(path, cause);
      });
    }
    await file.sync();
  } finally {
    await file.close();
  }
  if (size !== undefined && received !== size) {
    throw new OciError("digest", `${shown(url)} holds ${received} bytes, not ${size}`, {
      remedy: "Do not use it: what lies there is not what its manifest describes.",
    });
  }
  return { digest: `sha256:${hash.digest("hex")}`, size: received };
}

function tooLarge(url: URL, bytes: number, maxBytes: number): OciError {
  return new OciError(
    "too-large",
    `${shown(url)} holds ${bytes} bytes or more; at most ${maxBytes} are taken`,
    {
      remedy: "Check that the address is the right one, or allow more.",
    },
  );
}

function fileError(path: string, cause: unknown): OciError {
  return new OciError("file", `cannot write ${path}: ${(cause as Error).message}`, {
    cause,
    remedy: "Give a directory that can be written to and has room.",
  });
}
