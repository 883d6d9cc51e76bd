/** Good data of every task, and lenient gates on every metric, which pass on them. */
import { catalog, type Metric } from "../catalog.ts";
import { xoshiro128 } from "../random/xoshiro.ts";
import type { Task } from "../types.ts";
import type { TwoModels } from "./models.testing.ts";

export const tasks: readonly Task[] = ["binary", "multiclass", "regression", "ranking"];
export const rows = 400;

export interface Models extends TwoModels {
  latencyMs: { candidate: Float64Array; baseline: Float64Array };
}

/** Models that are about as good as each other, in three slices, of which one has 9 rows; queries of 4 rows. */
export function goodData(task: Task): Models {
  const random = xoshiro128(77);
  const uniform = (length: number) => Float64Array.from({ length }, () => random.uniform());
  const classes = { binary: 2, multiclass: 3, regression: 50, ranking: 3 }[task];
  // From 1 on for values: MAPE has none of 0.
  const labels = Float64Array.from(
    { length: rows },
    (_, i) => (i % classes) + (task === "regression" ? 1 : 0),
  );
  const scoreOf = (label: number) =>
    task === "regression" ? label + random.uniform() : (0.2 * label + 0.5 * random.uniform()) % 1;
  const ofClasses = () =>
    Float64Array.from({ length: 3 * rows }, (_, i) => {
      const right = i % 3 === labels[Math.floor(i / 3)];
      return (right ? 0.5 : 0.1) + 0.3 * random.uniform();
    });
  const model = () => (task === "multiclass" ? ofClasses() : labels.map(scoreOf));
  const codes = Int32Array.from({ length: rows }, (_, i) => (i < 9 ? 2 : i % 2));
  return {
    task,
    ...(task === "multiclass" ? { classes: ["a", "b", "c"] } : {}),
    ...(task === "ranking" ? { groups: Int32Array.from({ length: rows }, (_, i) => Math.floor(i / 4)) } : {}),
    labels,
    candidate: model(),
    baseline: model(),
    threshold: 0.4,
    slices: { s: { codes, names: ["x", "y", "rare"] } },
    latencyMs: { candidate: uniform(rows).map((u) => 10 + u), baseline: uniform(rows).map((u) => 10 + u) },
  };
}

export interface Asked {
  name: string;
  metric: Metric;
  /** One that good data keep, of all rows or of a slice, `{s=x}`. */
  gate(slice?: string): string;
  /** The same against the baseline; null where there is none that good data keep. */
  relative: string | null;
}

/** One name for every metric of the catalog that labels, scores or times have. */
export function metricsOf(task: Task): Asked[] {
  return catalog
    .filter(({ places, tasks: of }) => places.includes("offline") && of.includes(task))
    .map((metric) => {
      // Of three classes.
      const name =
        metric.name === "topN_accuracy" ? "top2_accuracy" : (metric.family?.example ?? metric.name);
      const floor = metric.better === "higher";
      const op = floor ? ">=" : "<=";
      const lenient = { proportion: floor ? "0.01" : "0.9", ms: "1000ms", number: floor ? "-0.9" : "1e5" };
      const gate = (slice = "") => `${name}${slice} ${op} ${lenient[metric.unit]}`;
      // No number of rows without NaN proves a multiple of none.
      const relative =
        metric.comparesModels || name === "nan_rate" ? null : `${name} ${op} baseline * ${floor ? 0.1 : 50}`;
      return { name, metric, gate, relative };
    });
}
