import { addRows, type ClassCounts, emptyCounts } from "../metrics/multiclass.ts";
import { cellBootstrap } from "../statistics/cell-bootstrap.ts";
import { normalUncertainty, type Uncertainty } from "../statistics/interval.ts";
import type { Estimator, Side } from "./side.ts";

/** A metric of several classes that depends on label and predicted class alone. Its bootstrap draws from the cells
 * (label, candidate's class, baseline's class) that occur. */
export function fromClasses(name: string, value: (counts: ClassCounts) => number): Estimator {
  return {
    undefinedFor: () => undefined,
    value(side) {
      const counts = emptyCounts(side.classes);
      side.labels.forEach((label, row) => {
        addRows(counts, label, side.predicted[row] as number, 1);
      });
      return value(counts);
    },
    uncertainty(candidate, baseline, factor, seed) {
      const cells = occurringCells(candidate, baseline ?? candidate);
      const metricOf = (draw: Float64Array, predicted: Uint32Array): number => {
        const counts = emptyCounts(candidate.classes);
        draw.forEach((rows, i) => {
          if (rows > 0) {
            addRows(counts, cells.labels[i] as number, predicted[i] as number, rows);
          }
        });
        return value(counts);
      };
      const statistic = (draw: Float64Array): number =>
        metricOf(draw, cells.candidate) - (baseline === null ? 0 : factor * metricOf(draw, cells.baseline));
      const drawn = cellBootstrap(
        { name: `${name} ${factor}`, counts: cells.rows, smoothing: 0 },
        statistic,
        seed,
      );
      return drawn.se > 1e-12 ? drawn : widened(statistic(cells.rows), candidate);
    },
  };
}

/** Where no replicate differs, which on few rows is more than they show: as if in every class one row had come out
 * the other way, sqrt(Σ(1/(K·n_k))²) over the K classes that occur (ours; 1/n_k is the rule of three in spirit). */
function widened(observed: number, { labels, classes }: Side): Uncertainty {
  const rows = new Float64Array(classes);
  labels.forEach((label) => {
    rows[label] = (rows[label] as number) + 1;
  });
  const present = rows.filter((count) => count > 0);
  return normalUncertainty(observed, Math.hypot(...present.map((count) => 1 / (present.length * count))));
}

interface OccurringCells {
  labels: Uint32Array;
  candidate: Uint32Array;
  baseline: Uint32Array;
  rows: Float64Array;
}

/** In a fixed order, so that the order of the rows does not matter. Keys stay exact up to 200,000 classes. */
function occurringCells(candidate: Side, baseline: Side): OccurringCells {
  const { classes, labels } = candidate;
  const counts = new Map<number, number>();
  labels.forEach((label, row) => {
    const key =
      (label * classes + (candidate.predicted[row] as number)) * classes +
      (baseline.predicted[row] as number);
    counts.set(key, (counts.get(key) ?? 0) + 1);
  });
  const keys = Float64Array.from(counts.keys()).sort();
  return {
    labels: Uint32Array.from(keys, (key) => Math.floor(key / classes / classes)),
    candidate: Uint32Array.from(keys, (key) => Math.floor(key / classes) % classes),
    baseline: Uint32Array.from(keys, (key) => key % classes),
    rows: Float64Array.from(keys, (key) => counts.get(key) as number),
  };
}
