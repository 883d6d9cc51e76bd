/** Seeded rows that look like those of real models, for examples and tests. */
import type { PlotRows } from "../data/rows.ts";

/** mulberry32: a small generator of reproducible numbers in [0, 1). */
export function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** Sum of twelve uniforms: near enough to a normal value. */
export function normal(next: () => number): number {
  let sum = -6;
  for (let index = 0; index < 12; index++) sum += next();
  return sum;
}

/** Two classifiers of a 24 % event; the candidate a little better (AUC about 0.69 and 0.67). */
export function binaryRows(size: number, quality = 0.72): Extract<PlotRows, { task: "binary" }> {
  const next = random(7);
  const labels = new Float64Array(size);
  const candidate = new Float64Array(size);
  const baseline = new Float64Array(size);
  for (let row = 0; row < size; row++) {
    const label = next() < 0.24 ? 1 : 0;
    const shared = normal(next);
    labels[row] = label;
    candidate[row] = sigmoid(-1.45 + quality * label + 0.55 * shared + 0.85 * normal(next) * 0.9);
    baseline[row] = sigmoid(-1.3 + 0.62 * label + 0.55 * shared + 0.8 * normal(next));
  }
  return { task: "binary", labels, candidate, baseline, threshold: 0.25 };
}

export function multiclassRows(size: number, classes: readonly string[]): PlotRows {
  const next = random(11);
  const labels = new Float64Array(size);
  const scores = () => new Float64Array(size * classes.length);
  const [candidate, baseline] = [scores(), scores()];
  for (let row = 0; row < size; row++) {
    const label = Math.floor(next() ** 1.6 * classes.length);
    labels[row] = label;
    for (let index = 0; index < classes.length; index++) {
      const near = Math.exp(-((index - label) ** 2) / 2);
      candidate[row * classes.length + index] = near + 0.35 * normal(next);
      baseline[row * classes.length + index] = near + 0.5 * normal(next);
    }
  }
  return { task: "multiclass", classes, labels, candidate, baseline };
}

export function regressionRows(size: number): PlotRows {
  const next = random(13);
  const labels = new Float64Array(size);
  const [candidate, baseline] = [new Float64Array(size), new Float64Array(size)];
  for (let row = 0; row < size; row++) {
    const value = 20 + 15 * next() + 8 * next() ** 4;
    labels[row] = value;
    candidate[row] = value + normal(next) * (0.5 + value / 20);
    baseline[row] = value * 0.95 + 1 + normal(next) * (0.7 + value / 18);
  }
  return { task: "regression", labels, candidate, baseline };
}

/** Results of queries with a relevance from 0 to 3, about a dozen each. */
export function rankingRows(queries: number): PlotRows {
  const next = random(17);
  const rows = Array.from({ length: queries * 12 }, (_, row) => {
    const relevance = Math.floor(4 * next() ** 2.2);
    return {
      group: Math.floor(row / 12),
      relevance,
      candidate: relevance + 1.2 * normal(next),
      baseline: relevance + 1.8 * normal(next),
    };
  });
  return {
    task: "ranking",
    groups: Int32Array.from(rows, ({ group }) => group),
    labels: Float64Array.from(rows, ({ relevance }) => relevance),
    candidate: Float64Array.from(rows, ({ candidate }) => candidate),
    baseline: Float64Array.from(rows, ({ baseline }) => baseline),
  };
}

function sigmoid(value: number): number {
  return 1 / (1 + Math.exp(-value));
}
