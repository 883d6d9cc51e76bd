import { expect, test } from "vitest";
import { decodeRuns } from "./runs.ts";

const decode = (bytes: number[], bitWidth: number, count: number) => {
  const output = new Int32Array(count);
  decodeRuns(Uint8Array.from(bytes), bitWidth, output);
  return [...output];
};

test("the example of parquet-format's Encodings.md: 0 to 7 bit-packed in three bits", () => {
  expect(decode([0b11, 0x88, 0xc6, 0xfa], 3, 8)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
});

test("runs and packed groups follow each other, wide values span bytes", () => {
  expect(decode([4, 5, 0b11, 0x88, 0xc6, 0xfa, 2, 1], 3, 11)).toEqual([5, 5, 0, 1, 2, 3, 4, 5, 6, 7, 1]);
  expect(decode([6, 0x34, 0x12], 13, 3)).toEqual([0x1234, 0x1234, 0x1234]);
  expect(decode([], 0, 2)).toEqual([0, 0]);
});

test("a run longer than what is due writes no more than that", () => {
  expect(decode([0xfe, 0xff, 0xff, 0xff, 0x0f, 1], 1, 3)).toEqual([1, 1, 1]);
  expect(decode([0xff, 0xff, 0xff, 0xff, 0x0f, 0b101], 1, 3)).toEqual([1, 0, 1]);
});

test("what is cut short is an error, not zeros", () => {
  expect(() => decode([], 1, 1)).toThrow("cut short");
  expect(() => decode([0x80, 0x80], 1, 1)).toThrow("cut short");
  expect(() => decode([0xff, 0xff, 0xff, 0xff, 0xff], 1, 1)).toThrow("cut short");
  expect(() => decode([4], 3, 2)).toThrow("a run is cut short");
  expect(() => decode([0b11, 0x88], 3, 8)).toThrow("a bit-packed run is cut short");
  expect(() => decode([0], 33, 8)).toThrow("a bit width of 33");
});

test("values of any width are those of their bits, in both kinds of output", () => {
  for (let bitWidth = 1; bitWidth <= 24; bitWidth += 1) {
    const values = Array.from({ length: 40 }, (_, index) => (index * 2_654_435_761) % 2 ** bitWidth);
    const bits = values.flatMap((value) =>
      Array.from({ length: bitWidth }, (_, bit) => Math.floor(value / 2 ** bit) % 2),
    );
    const packed = Array.from({ length: bits.length / 8 }, (_, byte) =>
      bits.slice(byte * 8, byte * 8 + 8).reduce((sum, bit, place) => sum + bit * 2 ** place, 0),
    );
    for (const count of [1, 7, 39, 40]) {
      const bytes = [(5 << 1) | 1, ...packed];
      expect(decode(bytes, bitWidth, count), `${bitWidth} bits`).toEqual(values.slice(0, count));
    }
  }
});
