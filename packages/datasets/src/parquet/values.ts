import type { DecodedArray, Encoding } from "hyparquet";
import { deltaBinaryUnpack } from "hyparquet/src/delta.js";
import { byteStreamSplit } from "hyparquet/src/encoding.js";
import { readPlain } from "hyparquet/src/plain.js";
import type { Leaf } from "./leaf.ts";
import { decodeRuns, readVarint } from "./runs.ts";

interface Cursor {
  view: DataView;
  offset: number;
}

/** Decodes the values of a page by any encoding that stands for itself (that is, all but the dictionary's indexes). */
export function decodeValues(bytes: Uint8Array, encoding: Encoding, count: number, leaf: Leaf): DecodedArray {
  const cursor = { view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), offset: 0 };
  // hyparquet merges the two parts of an INT96 such that a time before 1970 is lost: they are taken as bytes instead.
  if (encoding === "PLAIN" && leaf.physical === "INT96")
    return readPlain(cursor, "FIXED_LEN_BYTE_ARRAY", count, 12);
  if (encoding === "PLAIN") return readPlain(cursor, leaf.physical, count, leaf.fixedLength);
  if (encoding === "BYTE_STREAM_SPLIT")
    return byteStreamSplit(cursor, count, leaf.physical, leaf.fixedLength);
  if (encoding === "RLE" && leaf.physical === "BOOLEAN") return runLengthBooleans(bytes, count);
  if (encoding === "DELTA_BINARY_PACKED") {
    if (leaf.physical === "INT32") return deltas(cursor, count, new Int32Array(count));
    if (leaf.physical === "INT64") return deltas(cursor, count, new BigInt64Array(count));
  }
  if (encoding === "DELTA_LENGTH_BYTE_ARRAY") {
    return slices(bytes, cursor, deltas(cursor, count, new Int32Array(count)));
  }
  if (encoding === "DELTA_BYTE_ARRAY") return prefixed(bytes, cursor, count);
  throw new Error(`the encoding ${encoding} for ${leaf.physical}`);
}

function runLengthBooleans(bytes: Uint8Array, count: number): boolean[] {
  const bits = new Uint8Array(count);
  // Four bytes of length come first.
  decodeRuns(bytes.subarray(4), 1, bits);
  return Array.from(bits, (bit) => bit === 1);
}

/** hyparquet trusts the block header, and runs backwards for ever on a damaged one: it is checked first. */
function deltas<T extends Int32Array | BigInt64Array>(cursor: Cursor, count: number, output: T): T {
  const { view } = cursor;
  const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  const block = readVarint(bytes, cursor.offset);
  const miniblocks = readVarint(bytes, block.end);
  const total = readVarint(bytes, miniblocks.end);
  const perMiniblock = block.value / miniblocks.value;
  // parquet-format, Encodings.md: a block is a multiple of 128 values, a miniblock a multiple of 32.
  if (block.value > 1 << 20 || block.value % 128 !== 0 || !(perMiniblock >= 32) || perMiniblock % 32 !== 0) {
    throw new Error(`delta blocks of ${block.value} values in ${miniblocks.value} parts`);
  }
  if (total.value !== count) throw new Error(`${total.value} deltas where ${count} values are due`);
  if (count > 0) deltaBinaryUnpack(cursor, count, output);
  return output;
}

function slices(bytes: Uint8Array, cursor: Cursor, lengths: Int32Array): Uint8Array[] {
  return Array.from(lengths, (length) => {
    if (length < 0 || cursor.offset + length > bytes.length)
      throw new Error("a text runs over the page's end");
    cursor.offset += length;
    return bytes.subarray(cursor.offset - length, cursor.offset);
  });
}

/** Each value shares a prefix with the one before. */
function prefixed(bytes: Uint8Array, cursor: Cursor, count: number): Uint8Array[] {
  const prefixes = deltas(cursor, count, new Int32Array(count));
  const suffixes = slices(bytes, cursor, deltas(cursor, count, new Int32Array(count)));
  let previous = new Uint8Array(0);
  return suffixes.map((suffix, index) => {
    const shared = prefixes[index] as number;
    if (shared < 0 || shared > previous.length)
      throw new Error("a text shares more than there is with the one before");
    const value = new Uint8Array(shared + suffix.length);
    value.set(previous.subarray(0, shared));
    value.set(suffix, shared);
    previous = value;
    return value;
  });
}
