import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from "node:zlib";
import { readVarint } from "./runs.ts";

/** Decompresses a page to the size its header tells, into memory of its own: that of the page is used again. */
export type Decompress = (page: Uint8Array, size: number) => Uint8Array;

/**
 * gzip, brotli and zstd are Node's own, which stop at the given size however large a damaged page would become;
 * snappy is hysnappy (WebAssembly), which checks its bounds (hyparquet's own snappy can loop on a damaged length).
 */
export const codecs: Record<string, () => Promise<Decompress>> = {
  UNCOMPRESSED: async () => (page) => page.slice(),
  SNAPPY: snappy,
  GZIP: async () => (page, size) => gunzipSync(page, { maxOutputLength: Math.max(size, 1) }),
  BROTLI: async () => (page, size) => brotliDecompressSync(page, { maxOutputLength: Math.max(size, 1) }),
  ZSTD: async () => (page, size) => zstdDecompressSync(page, { maxOutputLength: Math.max(size, 1) }),
};

async function snappy(): Promise<Decompress> {
  const { snappyUncompressor } = await import("hysnappy");
  const uncompress = snappyUncompressor();
  return (page, size) => {
    // The stream starts with its own length; were it shorter, the rest would be what memory held before.
    const length = readVarint(page, 0).value;
    if (length !== size) throw new Error(`snappy data of ${length} bytes where the page header says ${size}`);
    return uncompress(page, size);
  };
}
