import { addRows, type ClassCounts, emptyCounts } from "../metrics/multiclass.ts";
import { normalUncertainty, type Uncertainty } from "../statistics/interval.ts";
import { type Tally, weightedCellBootstrap } from "../statistics/weighted-cells.ts";
import type { Estimator, Side } from "./side.ts";

/** A metric of several classes that depends on label and predicted class alone. Its bootstrap draws from the cells
 * (label, candidate's class, baseline's class) that occur. */
export function fromClasses(name: string, value: (counts: ClassCounts) => number): Estimator {
  return {
    undefinedFor: () => undefined,
    value({ classes, labels, predicted, weights }) {
      const counts = emptyCounts(classes);
      for (let row = 0; row < labels.length; row++) {
        addRows(
          counts,
          labels[row] as number,
          predicted[row] as number,
          weights === null ? 1 : (weights[row] as number),
        );
      }
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
      const drawn = weightedCellBootstrap(
        { name: `${name} ${factor}`, tally: cells.tally, smoothing: 0 },
        statistic,
        seed,
      );
      return drawn.se > 1e-12 ? drawn : widened(statistic(cells.tally.sums), cells);
    },
  };
}

/** Where no replicate differs, which on few rows is more than they show: as if in every class one row had come out
 * the other way, sqrt(Σ(1/(K·n_k))²) over the K classes that occur (ours; 1/n_k is the rule of three in spirit), n_k
 * the class's effective rows (Σw)²/Σw². */
function widened(observed: number, { labels, tally }: OccurringCells): Uncertainty {
  const ofClass = new Map<number, { sum: number; squares: number }>();
  labels.forEach((label, i) => {
    const { sum, squares } = ofClass.get(label) ?? { sum: 0, squares: 0 };
    ofClass.set(label, {
      sum: sum + (tally.sums[i] as number),
      squares: squares + (tally.squares[i] as number),
    });
  });
  const shares = [...ofClass.values()].map(({ sum, squares }) => squares / sum ** 2 / ofClass.size);
  return normalUncertainty(observed, Math.hypot(...shares));
}

interface OccurringCells {
  labels: Uint32Array;
  candidate: Uint32Array;
  baseline: Uint32Array;
  tally: Tally;
}

/** In a fixed order, so that the order of the rows does not matter. Keys stay exact up to 200,000 classes. */
function occurringCells(candidate: Side, baseline: Side): OccurringCells {
  const { classes, labels, weights } = candidate;
  const found = new Map<number, { sum: number; squares: number }>();
  for (let row = 0; row < labels.length; row++) {
    const key =
      ((labels[row] as number) * classes + (candidate.predicted[row] as number)) * classes +
      (baseline.predicted[row] as number);
    const weight = weights === null ? 1 : (weights[row] as number);
    const cell = found.get(key);
    if (cell === undefined) {
      found.set(key, { sum: weight, squares: weight * weight });
    } else {
      cell.sum += weight;
      cell.squares += weight * weight;
    }
  }
  const keys = Float64Array.from(found.keys()).sort();
  return {
    labels: Uint32Array.from(keys, (key) => Math.floor(key / classes / classes)),
    candidate: Uint32Array.from(keys, (key) => Math.floor(key / classes) % classes),
    baseline: Uint32Array.from(keys, (key) => key % classes),
    tally: {
      sums: Float64Array.from(keys, (key) => found.get(key)?.sum ?? 0),
      squares: Float64Array.from(keys, (key) => found.get(key)?.squares ?? 0),
    },
  };
}
