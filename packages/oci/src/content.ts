/** Where the bytes of a blob come from, for `Store.pushBlob`. */
import { open } from "node:fs/promises";
import { OciError } from "./errors.ts";
import type { Descriptor } from "./manifest.ts";
import type { BlobContent, Source } from "./store.ts";

const chunkBytes = 256 * 1024;

export function contentOfBytes(bytes: Uint8Array): BlobContent {
  return async function* (offset) {
    for (let at = offset; at < bytes.byteLength; at += chunkBytes) yield bytes.subarray(at, at + chunkBytes);
  };
}

/** Every chunk comes in the same buffer. The stream throws `OciError` code `file` when the file cannot be read. */
export function contentOfFile(path: string): BlobContent {
  return async function* (offset) {
    const file = await open(path, "r").catch((cause) => {
      throw unreadable(path, cause);
    });
    try {
      // One buffer for the whole file: 64 KiB each would be garbage faster than it is collected (100 MB more).
      const buffer = Buffer.allocUnsafeSlow(chunkBytes);
      for (let at = offset; ; ) {
        const { bytesRead } = await file.read(buffer, 0, chunkBytes, at);
        if (bytesRead === 0) return;
        at += bytesRead;
        yield buffer.subarray(0, bytesRead);
      }
    } catch (cause) {
      throw unreadable(path, cause);
    } finally {
      await file.close();
    }
  };
}

/** A blob of another store. To begin in the middle it is read from its beginning: digests are of whole blobs. */
export function contentOfSource(source: Source, descriptor: Descriptor): BlobContent {
  return async function* (offset) {
    let skip = offset;
    for await (const chunk of source.blob(descriptor)) {
      if (skip < chunk.byteLength) yield chunk.subarray(skip);
      skip = Math.max(0, skip - chunk.byteLength);
    }
  };
}

/** Takes a content piece by piece: pieces that follow each other come from one stream, any other begins a new one. */
export class Pieces {
  readonly #content: BlobContent;
  #stream: AsyncIterator<Uint8Array> | null = null;
  #left: Uint8Array = new Uint8Array();
  #position = 0;

  constructor(content: BlobContent) {
    this.#content = content;
  }

  /** `length` bytes from `offset` on; fewer when the content ends before. */
  async *take(offset: number, length: number): AsyncGenerator<Uint8Array> {
    if (length === 0) return;
    if (this.#stream === null || this.#position !== offset) await this.#begin(offset);
    let wanted = length;
    while (wanted > 0) {
      if (this.#left.byteLength === 0) {
        const { done, value } = await (this.#stream as AsyncIterator<Uint8Array>).next();
        if (done) return;
        this.#left = value;
      }
      const piece = this.#left.subarray(0, wanted);
      this.#left = this.#left.subarray(piece.byteLength);
      this.#position += piece.byteLength;
      wanted -= piece.byteLength;
      yield piece;
    }
  }

  async #begin(offset: number): Promise<void> {
    await this.close();
    this.#stream = this.#content(offset)[Symbol.asyncIterator]();
    this.#left = new Uint8Array();
    this.#position = offset;
  }

  /** Lets go of what the stream holds open. */
  async close(): Promise<void> {
    const stream = this.#stream;
    this.#stream = null;
    await stream?.return?.();
  }
}

function unreadable(path: string, cause: unknown): OciError {
  if (cause instanceof OciError) return cause;
  return new OciError("file", `cannot read ${path}: ${(cause as Error).message}`, {
    cause,
    remedy: "Give a file that can be read.",
  });
}
