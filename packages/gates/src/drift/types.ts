import type { Verdict } from "../types.ts";

/** A column of features. The shapes are those of `@ml-actions/datasets`, so that its columns can be given as they are. */
export type FeatureColumn =
  | { kind: "number"; name: string; values: Float64Array; missing: Uint8Array | null }
  | { kind: "string"; name: string; codes: Int32Array; dictionary: readonly string[] }
  | { kind: "boolean"; name: string; values: Uint8Array; missing: Uint8Array | null };

/** Rows of several features. */
export interface FeatureTable {
  rows: number;
  columns: ReadonlyMap<string, FeatureColumn>;
}

export type FeatureKind = "numeric" | "categorical";

/** One bin of a feature: a range of numbers, a category, or what stands outside of both. */
export interface DriftBin {
  /** `[12, 31)`, `UA`, `missing`, `unseen`. */
  label: string;
  /** Rows. */
  reference: number;
  current: number;
}

/** What became of one feature. Numbers that could not be had are null. */
export interface FeatureDrift {
  feature: string;
  kind: FeatureKind;
  rows: { reference: number; current: number };
  /** Shares of rows, 0 to 1. NaN counts as missing. */
  missing: { reference: number; current: number };
  /** Categories that the reference does not have, most frequent first, at most ten; and the rows of all of them. */
  unseen: { rows: number; names: readonly { name: string; rows: number }[] };
  psi: number | null;
  kl: number | null;
  /** Jensen-Shannon distance, natural logarithm. */
  js: number | null;
  /** χ² of the bins. */
  chi2: number | null;
  /** Numbers only: largest distance of the distribution functions, and the mean distance in the feature's unit. */
  ks: number | null;
  wasserstein: number | null;
  /** Chance of bins at least as different when nothing has drifted; and after Benjamini-Hochberg over all features. */
  p: number | null;
  pAdjusted: number | null;
  test: "chi-square" | "permutation" | null;
  bins: readonly DriftBin[];
  /** As given; null where it was not. */
  importance: number | null;
  /** A gate speaks against it: beyond the bound, and significant. */
  drifted: boolean;
  /** What the reader should know: bins that were merged, a constant reference, a type that changed. */
  notes: readonly string[];
}

export interface DriftResult {
  /** One a gate, in the gates' order. */
  verdicts: Verdict[];
  /** By effect × importance, worst first. */
  features: FeatureDrift[];
}
