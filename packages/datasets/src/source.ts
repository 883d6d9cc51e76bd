import { isUtf8 } from "node:buffer";
import { createReadStream } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { open, stat } from "node:fs/promises";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream";
import { createGunzip } from "node:zlib";
import { DatasetError } from "./error.ts";
import { oneLine, quote } from "./quote.ts";

/** A dataset file that exists and is a regular file. */
export interface Source {
  path: string;
  /** The path as it appears in messages. */
  shown: string;
  bytes: number;
  /** The first four bytes (fewer in a shorter file). */
  head: Buffer;
}

/** Throws a `DatasetError` when the path is no readable regular file (reading a pipe or device might never end). */
export async function openSource(path: string): Promise<Source> {
  const shown = quote(path, 200);
  const unreadable = (why: string, cause?: unknown) =>
    new DatasetError("not-found", `the dataset ${shown} cannot be read: ${why}`, {
      remedy: "Check the path of the dataset.",
      cause,
    });
  let handle: FileHandle | undefined;
  try {
    const found = await stat(path);
    if (!found.isFile())
      throw unreadable(found.isDirectory() ? "it is a directory" : "it is not a regular file");
    handle = await open(path, "r");
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(4), 0, 4, 0);
    return { path, shown, bytes: found.size, head: buffer.subarray(0, bytesRead) };
  } catch (cause) {
    throw cause instanceof DatasetError ? cause : unreadable(reason(cause), cause);
  } finally {
    await handle?.close();
  }
}

/** Why the operating system refused a file, in words. */
export function reason(cause: unknown): string {
  const code = (cause as NodeJS.ErrnoException).code;
  if (code === "ENOENT" || code === "ENOTDIR") return "there is no such file";
  if (code === "EACCES" || code === "EPERM") return "permission denied";
  if (code === "EISDIR") return "it is a directory";
  return oneLine(cause instanceof Error ? cause.message : String(cause));
}

export const isGzip = ({ head }: Source): boolean => head[0] === 0x1f && head[1] === 0x8b;

const CHUNK_BYTES = 1 << 18;

/**
 * The file as pieces of valid UTF-8, without a byte order mark, decompressed when it is gzip. Characters are never
 * cut in two. An invalid byte is a `DatasetError` that names its line.
 */
export async function* utf8Chunks(source: Source): AsyncGenerator<Buffer> {
  const pieces = bytesOf(source);
  try {
    yield* validPieces(source, pieces);
  } finally {
    // Closes the file also when the consumer stops early.
    await pieces.return(undefined);
  }
}

async function* validPieces(source: Source, pieces: AsyncGenerator<Buffer>): AsyncGenerator<Buffer> {
  let lines = 0;
  let rest: Buffer = Buffer.alloc(0);
  let atStart = true;
  let ended = false;
  while (!ended) {
    const piece = await pieces.next().catch((cause: unknown) => {
      throw unreadable(source, cause);
    });
    ended = piece.done === true;
    let chunk: Buffer = ended ? rest : joined(rest, piece.value as Buffer);
    const end = ended ? chunk.length : endOfLastCharacter(chunk);
    rest = chunk.subarray(end);
    chunk = chunk.subarray(0, end);
    if (atStart && chunk.length > 0) {
      atStart = false;
      if (chunk.subarray(0, 3).equals(BYTE_ORDER_MARK)) chunk = chunk.subarray(3);
    }
    if (!isUtf8(chunk)) throw notUtf8(source, lines + countLines(validLines(chunk)) + 1);
    if (chunk.length > 0) yield chunk;
    lines += countLines(chunk);
  }
}

export const joined = (first: Buffer, second: Buffer): Buffer =>
  first.length === 0 ? second : Buffer.concat([first, second]);

const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf]);

async function* bytesOf(source: Source): AsyncGenerator<Buffer> {
  const file = createReadStream(source.path, { highWaterMark: CHUNK_BYTES });
  if (!isGzip(source)) return yield* file as Readable & AsyncIterable<Buffer>;
  // An error of either stream reaches the loop over the last one, so there is nothing to do when the pipeline ends.
  const gunzip = pipeline(file, createGunzip({ chunkSize: CHUNK_BYTES }), () => {});
  yield* gunzip as Readable & AsyncIterable<Buffer>;
}

/** The length of the chunk without the last character when that one may go on in the next chunk. */
function endOfLastCharacter(chunk: Buffer): number {
  for (let back = 1; back <= 3 && back <= chunk.length; back += 1) {
    const byte = chunk[chunk.length - back] ?? 0;
    if (byte < 0x80) return chunk.length;
    if (byte >= 0xc0) {
      const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
      return length > back ? chunk.length - back : chunk.length;
    }
  }
  return chunk.length;
}

/** The lines before the first one with an invalid byte. A newline is never part of another character in UTF-8. */
function validLines(chunk: Buffer): Buffer {
  let start = 0;
  for (;;) {
    const newline = chunk.indexOf(0x0a, start);
    const end = newline < 0 ? chunk.length : newline + 1;
    if (!isUtf8(chunk.subarray(start, end))) return chunk.subarray(0, start);
    start = end;
  }
}

function countLines(chunk: Buffer): number {
  let count = 0;
  for (let at = chunk.indexOf(0x0a); at >= 0; at = chunk.indexOf(0x0a, at + 1)) count += 1;
  return count;
}

function notUtf8(source: Source, line: number): DatasetError {
  return new DatasetError("malformed", `the dataset ${source.shown} is not UTF-8 text: see line ${line}`, {
    remedy: "Save the file as UTF-8; for a Parquet file let the name end in .parquet.",
  });
}

function unreadable(source: Source, cause: unknown): DatasetError {
  const code = (cause as NodeJS.ErrnoException).code ?? "";
  const why = code.startsWith("Z_") ? "its gzip data is damaged or cut short" : reason(cause);
  return new DatasetError("malformed", `the dataset ${source.shown} cannot be read to the end: ${why}`, {
    remedy: "Write or download the file again.",
    cause,
  });
}
