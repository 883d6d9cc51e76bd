/**
 * gzip whose bytes are the same on every machine. Node's zlib is not: its bytes change with the version of zlib and with
 * the CPU's vector instructions. fflate is JavaScript on integers.
 */
import { Gzip } from "fflate";

/** Of 46 MB of onnxruntime it makes 18 MB in 2 s; level 9 makes 0.01 % less. */
const level = 6;
/** fflate's bytes depend on how its input is cut. */
const blockBytes = 1 << 17;

/** Compresses a stream. Holds a few blocks at a time. */
export async function* gzipOf(content: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let made: Uint8Array[] = [];
  // Time 0 leaves out the clock.
  const gzip = new Gzip({ level, mtime: 0 }, (chunk) => void made.push(chunk));
  const taken = () => made.splice(0);
  // One block is held back: the last one must be told that it is.
  let held: Uint8Array | null = null;
  for await (const block of blocksOf(content)) {
    if (held !== null) gzip.push(held);
    held = block;
    yield* taken();
  }
  gzip.push(held ?? new Uint8Array(0), true);
  yield* taken();
  made = [];
}

/** The same bytes in blocks of `blockBytes`, the last one shorter. */
async function* blocksOf(content: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let block = new Uint8Array(blockBytes);
  let filled = 0;
  for await (let chunk of content) {
    while (chunk.byteLength > 0) {
      const part = chunk.subarray(0, blockBytes - filled);
      block.set(part, filled);
      filled += part.byteLength;
      chunk = chunk.subarray(part.byteLength);
      if (filled < blockBytes) continue;
      yield block;
      block = new Uint8Array(blockBytes);
      filled = 0;
    }
  }
  if (filled > 0) yield block.subarray(0, filled);
}
