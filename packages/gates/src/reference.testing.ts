import { readFileSync } from "node:fs";

/** What scikit-learn and SciPy say; made by `fixtures/reference.py`, which names the versions. */
export interface Reference {
  binary: {
    labels: number[];
    candidate: number[];
    baseline: number[];
    threshold: number;
    metrics: Record<string, number>;
    delong: Record<"candidate" | "paired" | "factor0.9", { value: number; se: number }>;
  };
  multiclass: {
    classes: number;
    labels: number[];
    candidate: number[];
    metrics: Record<string, number>;
    untied: { candidate: number[]; top3_accuracy: number };
  };
  regression: { labels: number[]; candidate: number[]; metrics: Record<string, number> };
  distributions: {
    normalQuantile: [number, number][];
    binomialCdf: { k: number; n: number; p: number; cdf: number }[];
    clopperPearson: { count: number; n: number; low: number; high: number }[];
  };
}

export const reference: Reference = JSON.parse(
  readFileSync(new URL("../fixtures/reference.json", import.meta.url), "utf8"),
);
