import type { Confusion } from "../metrics/confusion.ts";
import { cellBootstrap } from "../statistics/cell-bootstrap.ts";
import type { Uncertainty } from "../statistics/interval.ts";
import { proportionUncertainty } from "../statistics/proportion.ts";
import { firstUnmet, type Requirement } from "./requirements.ts";
import type { Estimator, Side } from "./side.ts";

interface ConfusionMetric {
  name: string;
  value: (cells: Confusion) => number;
  needs?: readonly Requirement[];
  /** Successes and trials, where the metric is a plain proportion: its own interval is then exact. */
  proportion?: (cells: Confusion) => [count: number, n: number];
}

/** A binary metric that depends on the confusion matrix alone. Against a baseline: the paired bootstrap over the
 * eight cells of (label, candidate's class, baseline's class). */
export function fromConfusion({ name, value, needs = [], proportion }: ConfusionMetric): Estimator {
  return {
    undefinedFor: firstUnmet(needs),
    value: (side) => value(side.confusion),
    uncertainty(candidate, baseline, factor, seed) {
      if (baseline !== null) {
        return ofDifference(name, value, candidate, baseline, factor, seed);
      }
      const [count, n] = proportion?.(candidate.confusion) ?? [0, 0];
      return n > 0 ? proportionUncertainty(count, n) : ofOne(name, value, candidate.confusion, seed);
    },
  };
}

function ofOne(
  name: string,
  value: ConfusionMetric["value"],
  { tp, fp, fn, tn }: Confusion,
  seed: number,
): Uncertainty {
  const cells = { name, counts: Float64Array.of(tp, fp, fn, tn), smoothing: 0.5 };
  return cellBootstrap(
    cells,
    (c) => value({ tp: c[0] as number, fp: c[1] as number, fn: c[2] as number, tn: c[3] as number }),
    seed,
  );
}

function ofDifference(
  name: string,
  value: ConfusionMetric["value"],
  candidate: Side,
  baseline: Side,
  factor: number,
  seed: number,
): Uncertainty {
  const cells = { name: `${name} ${factor}`, counts: pairedCells(candidate, baseline), smoothing: 0.5 };
  return cellBootstrap(cells, (c) => value(ofCandidate(c)) - factor * value(ofBaseline(c)), seed);
}

/** Rows by 4·label + 2·candidate's class + baseline's class. */
export function pairedCells(candidate: Side, baseline: Side): Float64Array {
  const counts = new Float64Array(8);
  const { labels, threshold } = candidate;
  for (let i = 0; i < labels.length; i++) {
    const a = (candidate.scores[i] as number) >= threshold ? 2 : 0;
    const b = (baseline.scores[i] as number) >= threshold ? 1 : 0;
    const cell = 4 * (labels[i] as number) + a + b;
    counts[cell] = (counts[cell] as number) + 1;
  }
  return counts;
}

function ofCandidate(c: Float64Array): Confusion {
  return {
    tn: (c[0] as number) + (c[1] as number),
    fp: (c[2] as number) + (c[3] as number),
    fn: (c[4] as number) + (c[5] as number),
    tp: (c[6] as number) + (c[7] as number),
  };
}

function ofBaseline(c: Float64Array): Confusion {
  return {
    tn: (c[0] as number) + (c[2] as number),
    fp: (c[1] as number) + (c[3] as number),
    fn: (c[4] as number) + (c[6] as number),
    tp: (c[5] as number) + (c[7] as number),
  };
}
