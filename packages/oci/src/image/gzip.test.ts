import { gunzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { digestOfBytes } from "../digest.ts";
import { collect } from "../testing/tiny-image.ts";
import { gzipOf, storedGzipOf } from "./gzip.ts";

async function* cut(bytes: Uint8Array, at: readonly number[]) {
  const edges = [0, ...[...at].sort((a, b) => a - b), bytes.byteLength];
  for (const [index, end] of edges.slice(1).entries()) yield bytes.subarray(edges[index] ?? 0, end);
}

/** Compressible, and longer than two blocks. */
const sample = Buffer.from(Array.from({ length: 60_000 }, (_, index) => `${index * 7919} `).join(""));

const layers = [
  {
    name: "compressed",
    gzip: gzipOf,
    sample: "a6f9c1066875d6cc2cdc7e7556c254f22720c8332c9493299aaf965e9ab595c8",
    nothing: "59869db34853933b239f1e2219cf7d431da006aa919635478511fabbfc8849d2",
  },
  {
    name: "stored",
    gzip: storedGzipOf,
    sample: "46575b81e54b3c8e772f6a58d71d0515d1e3be7f5e5d3f1450a17d928e06ba74",
    nothing: "5c48a1ad421525c99c7627bd93b1ee8cc2a80e1167d7f8d091bec8caa20ceddb",
  },
];

describe.each(layers)("gzip of a layer, $name", ({ gzip, ...golden }) => {
  it("has these bytes and no others, on any machine", async () => {
    expect(digestOfBytes(await collect(gzip(cut(sample, []))))).toBe(`sha256:${golden.sample}`);
    expect(digestOfBytes(await collect(gzip(cut(Buffer.alloc(0), []))))).toBe(`sha256:${golden.nothing}`);
  });

  it("gives the bytes back, and does not depend on how they arrive", async () => {
    const whole = await collect(gzip(cut(sample, [])));
    expect(gunzipSync(whole).equals(sample)).toBe(true);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(sample.byteLength), { maxLength: 6 }), async (at) => {
        expect((await collect(gzip(cut(sample, at)))).equals(whole)).toBe(true);
      }),
      { numRuns: 8 },
    );
  });

  it("takes chunks that are overwritten once they were read", async () => {
    async function* reused() {
      const buffer = Buffer.alloc(1000);
      for (let at = 0; at < sample.byteLength; at += 1000) {
        yield buffer.subarray(0, sample.copy(buffer, 0, at));
      }
    }
    expect(gunzipSync(await collect(gzip(reused()))).equals(sample)).toBe(true);
  });
});
