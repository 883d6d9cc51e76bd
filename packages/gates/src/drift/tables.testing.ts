import { xoshiro128 } from "../random/xoshiro.ts";
import type { FeatureColumn, FeatureTable } from "./types.ts";

/** Standard normal numbers (G. E. P. Box, M. E. Muller 1958). */
export function normals(seed: number, n: number, mean = 0): Float64Array {
  const random = xoshiro128(seed);
  return Float64Array.from(
    { length: n },
    () => mean + Math.sqrt(-2 * Math.log(random.uniform())) * Math.cos(2 * Math.PI * random.uniform()),
  );
}

export function numbers(name: string, values: ArrayLike<number>): FeatureColumn {
  return { kind: "number", name, values: Float64Array.from(values), missing: null };
}

/** `null` is missing. */
export function strings(name: string, values: readonly (string | null)[]): FeatureColumn {
  const dictionary = [...new Set(values.filter((value) => value !== null))];
  const codes = Int32Array.from(values, (value) => (value === null ? -1 : dictionary.indexOf(value)));
  return { kind: "string", name, codes, dictionary };
}

export function tableOf(...columns: FeatureColumn[]): FeatureTable {
  const [first] = columns;
  const rows = first === undefined ? 0 : first.kind === "string" ? first.codes.length : first.values.length;
  return { rows, columns: new Map(columns.map((column) => [column.name, column])) };
}
