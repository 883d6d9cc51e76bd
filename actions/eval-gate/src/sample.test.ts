import type { FeatureBatch } from "@ml-actions/serving/feature-batch";
import { describe, expect, it } from "vitest";
import { SpreadSample } from "./sample.ts";

/** Rows whose one feature is their own number. */
const batchOf = (from: number, rows: number): FeatureBatch => ({
  rows,
  columns: new Map([["row", Float64Array.from({ length: rows }, (_, index) => from + index)]]),
});

function sampled(rows: number, count: number, batchRows: number): number[] {
  const sample = new SpreadSample(count);
  for (let from = 0; from < rows; from += batchRows) {
    sample.append(batchOf(from, Math.min(batchRows, rows - from)));
  }
  return sample.take().map(({ columns }) => (columns.get("row") as Float64Array)[0] as number);
}

describe("a sample spread over rows", () => {
  it("is all of them when there are no more than asked for", () => {
    expect(sampled(5, 10, 2)).toEqual([0, 1, 2, 3, 4]);
    expect(sampled(10, 10, 10)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(sampled(0, 10, 1)).toEqual([]);
  });

  it.each([11, 19, 20, 21, 999, 1000, 12_345])(
    "of %i rows leaves no stretch out and asks for none twice",
    (rows) => {
      const found = sampled(rows, 10, 64);
      expect(found).toHaveLength(10);
      expect(found).toEqual([...new Set(found)].sort((a, b) => a - b));
      const gaps = [...found, rows].map((row, index) => row - (found[index - 1] ?? 0));
      expect(Math.max(...gaps)).toBeLessThanOrEqual((4 * rows) / 10 + 1);
    },
  );

  it("does not depend on how the rows come in batches", () => {
    const wanted = sampled(50_000, 100, 50_000);
    for (const batchRows of [1, 7, 1000, 65_536]) expect(sampled(50_000, 100, batchRows)).toEqual(wanted);
  });

  it("does not see one phase alone of a file with a period", () => {
    const odd = sampled(1 << 16, 500, 4096).filter((row) => row % 2 === 1).length;
    expect(odd).toBeGreaterThan(200);
    expect(odd).toBeLessThan(300);
  });

  it("keeps rows, not the batches they came in", () => {
    const sample = new SpreadSample(2);
    sample.append({
      rows: 3,
      columns: new Map<string, Float64Array | { codes: Int32Array; dictionary: string[] }>([
        ["x", Float64Array.of(1, 2, 3)],
        ["carrier", { codes: Int32Array.of(1, -1, 0), dictionary: ["AA", "UA"] }],
      ]),
    });
    const { columns } = sample.take()[0] as FeatureBatch;
    expect(columns.get("carrier")).toEqual(["UA"]);
    expect((columns.get("x") as Float64Array).buffer.byteLength).toBe(8);
  });
});
