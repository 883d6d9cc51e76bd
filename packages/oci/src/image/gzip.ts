/**
 * gzip whose bytes are the same on every machine. Node's zlib is not: its bytes change with the version of zlib and with
 * the CPU's vector instructions. fflate is JavaScript on integers.
 */
import { crc32 } from "node:zlib";
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
  for await (const block of blocksOf(content, blockBytes)) {
    if (held !== null) gzip.push(held);
    held = block;
    yield* taken();
  }
  gzip.push(held ?? new Uint8Array(0), true);
  yield* taken();
  made = [];
}

/** Deflate's "stored" block (RFC 1951, 3.2.4): a flag, the length twice, and the bytes as they are. */
const storedBytes = 65_535;
const storedHead = 5;
const storedAtOnce = 4;

/** Wraps a stream in gzip without compressing it (RFC 1952): for weights, which hardly shrink, at the speed of copying.
 * A plain tar would do for container runtimes, but `crane validate` takes gzip alone. Each chunk is valid until the next
 * is asked for. */
export async function* storedGzipOf(content: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  // Deflate; no name, no time; Unix, as fflate writes it.
  yield Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3]);
  const framed = Buffer.allocUnsafeSlow(storedAtOnce * (storedHead + storedBytes));
  let checksum = 0;
  let size = 0;
  for await (const block of blocksOf(content, storedAtOnce * storedBytes)) {
    checksum = crc32(block, checksum);
    size += block.byteLength;
    let end = 0;
    for (let at = 0; at < block.byteLength; at += storedBytes) {
      const part = block.subarray(at, at + storedBytes);
      framed.writeUInt8(0, end);
      framed.writeUInt16LE(part.byteLength, end + 1);
      framed.writeUInt16LE(0xffff - part.byteLength, end + 3);
      framed.set(part, end + storedHead);
      end += storedHead + part.byteLength;
    }
    yield framed.subarray(0, end);
  }
  // An empty last block, then the checksum and the size modulo 2^32.
  const tail = Buffer.from([1, 0, 0, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0]);
  tail.writeUInt32LE(checksum, 5);
  tail.writeUInt32LE(size % 2 ** 32, 9);
  yield tail;
}

/** The same bytes in blocks of one size, the last one shorter. Two buffers take turns: a block is valid while the next is
 * made. */
async function* blocksOf(content: AsyncIterable<Uint8Array>, bytes: number): AsyncGenerator<Uint8Array> {
  let [block, other] = [new Uint8Array(bytes), new Uint8Array(bytes)];
  let filled = 0;
  for await (const chunk of content) {
    for (let at = 0; at < chunk.byteLength; ) {
      const part = chunk.subarray(at, at + bytes - filled);
      block.set(part, filled);
      filled += part.byteLength;
      at += part.byteLength;
      if (filled < bytes) continue;
      yield block;
      [block, other] = [other, block];
      filled = 0;
    }
  }
  if (filled > 0) yield block.subarray(0, filled);
}
