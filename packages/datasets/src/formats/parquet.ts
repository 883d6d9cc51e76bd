import type { Reader } from "../reader.ts";

/** Flat columns of any encoding, compressed with snappy, zstd, gzip, brotli or not at all. */
export const parquet: Reader = {
  extensions: [".parquet"],
  magic: "PAR1",
  async open(source) {
    const { openParquet } = await import("../parquet/dataset.ts");
    return openParquet(source);
  },
};
