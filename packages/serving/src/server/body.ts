/** The body of a request → JSON, whatever its Content-Type says or does not say. Real clients leave that header out,
 * send application/octet-stream, and compress. */
import type { IncomingMessage } from "node:http";
import type { Readable } from "node:stream";
import { createBrotliDecompress, createGunzip, createInflate } from "node:zlib";
import { ServingError } from "../errors.ts";

/** A request that cannot be read: its status code, and what to say. */
export class BodyError extends ServingError {
  readonly status: number;
  constructor(status: number, message: string, remedy: string, cause?: unknown) {
    super("instances", message, { remedy, cause });
    this.status = status;
  }
}

const decoders: Record<string, () => Readable & NodeJS.WritableStream> = {
  gzip: createGunzip,
  "x-gzip": createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
};

/** Reads at most `maxBytes`, before and after decompression. Rejects with `BodyError` 413, 415 or 400. */
export async function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const encoding = (request.headers["content-encoding"] ?? "identity").trim().toLowerCase();
  const decoder = decoders[encoding];
  if (decoder === undefined && encoding !== "identity" && encoding !== "") {
    throw new BodyError(
      415,
      `the body's Content-Encoding ${JSON.stringify(encoding)} is not known`,
      `Send it plain, or with ${Object.keys(decoders).join(", ")}.`,
    );
  }
  if (Number(request.headers["content-length"] ?? 0) > maxBytes) {
    request.resume();
    throw tooLarge(maxBytes);
  }
  if (decoder === undefined) return collect(request, maxBytes);
  const decoded = decoder();
  // A request that ends early never ends the decoder by itself.
  request.on("close", () => {
    if (!request.complete) decoded.destroy(new Error("the request was cut off"));
  });
  request.pipe(decoded);
  try {
    return await collect(decoded, maxBytes);
  } catch (error) {
    request.unpipe(decoded);
    request.resume();
    decoded.destroy();
    if (error instanceof BodyError) throw error;
    throw new BodyError(
      400,
      `the body is not ${encoding} as its Content-Encoding says: ${(error as Error).message}`,
      "Compress the body, or leave that header out.",
      error,
    );
  }
}

async function collect(stream: Readable, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  return new Promise((resolve, reject) => {
    stream.on("data", (chunk: Buffer) => {
      bytes += chunk.byteLength;
      if (bytes > maxBytes) {
        // Here and above, the rest is read and thrown away: a client that is still sending does not read the answer.
        stream.removeAllListeners("data").resume();
        reject(tooLarge(maxBytes));
      } else chunks.push(chunk);
    });
    stream.on("end", () => resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks)));
    stream.on("error", reject);
    stream.on("close", () => reject(new BodyError(400, "the request was cut off", "Send the whole body.")));
  });
}

function tooLarge(maxBytes: number): BodyError {
  return new BodyError(
    413,
    `the body holds more than the ${maxBytes} bytes that are read (MAX_BODY_BYTES)`,
    "Send the instances in several requests.",
  );
}

/** Digits enough for an integer that a double may not carry. */
const longDigits = /\d{16}/;

/** JSON of UTF-8 bytes. With `exactIntegers`, an integer beyond 2⁵³ becomes a bigint instead of its neighbour. */
export function parseJson(bytes: Buffer, exactIntegers: boolean): unknown {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new BodyError(400, "the body is not UTF-8", "Send JSON in UTF-8.", cause);
  }
  if (text.trim() === "") throw new BodyError(400, "the body is empty", 'Send {"instances": [{…}]}.');
  try {
    return exactIntegers && longDigits.test(text) ? JSON.parse(text, exactInteger) : JSON.parse(text);
  } catch (cause) {
    throw new BodyError(
      400,
      `the body is not JSON: ${(cause as Error).message}`,
      'Send {"instances": [{…}]}.',
      cause,
    );
  }
}

function exactInteger(_key: string, value: unknown, context?: { source?: string }): unknown {
  const source = context?.source ?? "";
  // 20 characters hold every int64; parsing more digits as a bigint would be work for nothing.
  const exact = typeof value === "number" && !Number.isSafeInteger(value) && /^-?\d{1,20}$/.test(source);
  return exact ? BigInt(source) : value;
}
