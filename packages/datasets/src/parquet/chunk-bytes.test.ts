import fc from "fast-check";
import { expect, test } from "vitest";
import { ChunkBytes } from "./chunk-bytes.ts";
import { Scratch } from "./scratch.ts";

const file = Uint8Array.from({ length: 600_000 }, (_, index) => (index * 31) % 251);

test("whatever is peeked at and taken, the bytes come in order and each is read once or twice at most", () => {
  const step = fc.record({ peek: fc.nat(300_000), take: fc.nat(300_000) });
  fc.assert(
    fc.property(fc.nat(1000), fc.array(step, { maxLength: 12 }), (start, steps) => {
      let read = 0;
      const from = (into: Uint8Array, first: number) => {
        read += into.length;
        into.set(file.subarray(first, first + into.length));
      };
      const chunk = new ChunkBytes(from, start, file.length, new Scratch());
      let at = start;
      for (const { peek, take } of steps) {
        const seen = chunk.peek(peek);
        expect(seen.length).toBeGreaterThanOrEqual(Math.min(peek, chunk.left));
        expect(Buffer.compare(seen, file.subarray(at, at + seen.length))).toBe(0);
        const count = Math.min(take, chunk.left);
        expect(Buffer.compare(chunk.take(count), file.subarray(at, at + count))).toBe(0);
        at += count;
        expect(chunk.left).toBe(file.length - at);
      }
      expect(read).toBeLessThanOrEqual(file.length - start);
    }),
    { seed: 5, numRuns: 200 },
  );
});
