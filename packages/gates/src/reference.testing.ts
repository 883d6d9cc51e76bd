import { readFileSync } from "node:fs";

interface Scored {
  labels: number[];
  candidate: number[];
}

interface Weighed extends Scored {
  /** By the weights of `weighted`. */
  metrics: Record<string, number>;
  unweighted: Record<string, number>;
}

interface TestResult {
  difference: number;
  se: number;
  z: number;
  p: number;
  low: number;
  high: number;
}

/** What scikit-learn and SciPy say; made by `fixtures/reference.py`, which names the versions. */
export interface Reference {
  binary: Scored & {
    baseline: number[];
    threshold: number;
    metrics: Record<string, number>;
    delong: Record<"candidate" | "paired" | "factor0.9", { value: number; se: number }>;
  };
  multiclass: Scored & {
    classes: number;
    metrics: Record<string, number>;
    untied: { candidate: number[]; top3_accuracy: number };
  };
  regression: Scored & { metrics: Record<string, number> };
  distributions: {
    normalQuantile: [number, number][];
    binomialCdf: { k: number; n: number; p: number; cdf: number }[];
    clopperPearson: { count: number; n: number; low: number; high: number }[];
  };
  weighted: {
    weights: number[];
    binary: Weighed & { threshold: number };
    multiclass: Weighed & { classes: number };
    regression: Weighed;
    ranking: Scored & {
      groups: number[];
      weights: number[];
      metrics: Record<string, number>;
      weightedMetrics: Record<string, number>;
    };
    degenerate: (Scored & { metrics: Record<string, number> })[];
  };
  tests: {
    delongPaired: TestResult;
    delongUnpaired: TestResult;
    newcombePaired: {
      pairs: { both: number; firstOnly: number; secondOnly: number; neither: number };
      low: number;
      high: number;
    };
    wilson: { low: number; high: number };
  };
  million: Record<"candidate" | "baseline" | "weighted" | "sums", Record<string, number>> & {
    ks: number;
    delongSe: number;
  };
}

export const reference: Reference = JSON.parse(
  readFileSync(new URL("../fixtures/reference.json", import.meta.url), "utf8"),
);
